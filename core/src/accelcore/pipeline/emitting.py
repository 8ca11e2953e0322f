"""Summaries as code of other languages (`lift --emit`)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from accelcore.errors import UsageError

if TYPE_CHECKING:
    from accelcore.values import Task

LANGUAGES = ("numpy", "torch", "jax", "taco", "c")


def require_language(language: str) -> None:
    """UsageError unless summaries can be emitted in that language."""
    if language not in LANGUAGES:
        raise UsageError(f"cannot emit {language!r}; there are: {', '.join(LANGUAGES)}", where="--emit")


def emit(task: Task, language: str) -> str:
    """The task's summary as a function of that language.

    Raises UnsupportedLowering where the language has no words for it, UsageError for an unknown language.
    """
    require_language(language)
    module = import_module(f"accelcore.ir.emit.{language}")
    return cast("Callable[[Task], str]", module.emit)(task)
