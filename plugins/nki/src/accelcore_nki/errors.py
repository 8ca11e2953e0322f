"""The one error of the simulator: which rule of the chip or the language a kernel breaks, where, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from accelcore.errors import AccelcoreError

_OWN = str(Path(__file__).parent)
_OURS: dict[str, bool] = {}  # whether a file is this package's, by name


class NkiError(AccelcoreError):
    """A kernel breaks a rule of NKI or of the chip.

    rule: short name of the rule, stable, such as "partition-start".  operands: the operands concerned, as text.
    `where` is file:line of the kernel.
    """

    exit_code = 1

    def __init__(
        self, what: str, *, rule: str = "usage", operands: tuple[str, ...] = (), where: str = "", hint: str = ""
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.rule, self.operands = rule, operands

    def __str__(self) -> str:
        shown = "".join(f"\n  operand: {operand}" for operand in self.operands)
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} [{self.rule}]{shown}" + (f"\n  hint: {self.hint}" if self.hint else "")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.rule, self.operands, self.where, self.hint)


def _rebuild(what: str, rule: str, operands: tuple[str, ...], where: str, hint: str) -> NkiError:
    return NkiError(what, rule=rule, operands=operands, where=where, hint=hint)


def fail(rule: str, what: str, *operands: object, hint: str = "") -> NkiError:
    """The error for the kernel line that is being traced; the caller raises it."""
    return NkiError(what, rule=rule, operands=tuple(map(str, operands)), where=source_line(), hint=hint)


def source_line() -> str:
    """file:line of the innermost caller outside this package, "" when there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not (_OURS[name] if name in _OURS else _ours(name)):
            return f"{name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _ours(name: str) -> bool:
    found = _OURS[name] = name.startswith(_OWN)
    return found


def unsupported(module: str, name: str, known: Iterable[str]) -> UnsupportedCall:
    """The error for a name that a module does not have, with the nearest of those that it has."""
    from difflib import get_close_matches

    near = ", ".join(get_close_matches(name, list(known), n=3, cutoff=0.4)) or "none"
    return UnsupportedCall(
        f"{module}.{name} is not simulated", rule="unsupported", where=source_line(), hint=f"nearest: {near}"
    )


class Unsimulated:
    """A documented function that is not simulated: it can be imported and passed on, and calling it is the error."""

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.hint = name, hint
        self.__name__ = name.rpartition(".")[2]

    def __call__(self, *_: object, **__: object) -> object:
        """Say that it is not simulated."""
        raise UnsupportedCall(
            f"{self.name} is not simulated", rule="unsupported", where=source_line(), hint=f"nearest: {self.hint}"
        )


class UnsupportedCall(NkiError, AttributeError):
    """A name of the API that is not simulated; an AttributeError too, so that hasattr says no."""
