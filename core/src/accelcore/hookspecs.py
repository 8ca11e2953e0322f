"""The hooks of accelcore: everything a plugin can add, on one page.

A plugin is a module (or object) named by an entry point of the group "accelcore"; it implements any of these hooks
with `@accelcore.hookimpl`.  A hook takes no argument and returns small, ready objects: importing the module and calling
the hook must be cheap (no numpy, no solver, no SDK), heavy work belongs in the objects' methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Model, Pool, Proposer, Strategy, Target, Translator, Verifier

hookspec = pluggy.HookspecMarker("accelcore")
hookimpl = pluggy.HookimplMarker("accelcore")


@hookspec
def accelcore_translators() -> Sequence[Translator]:  # type: ignore[empty-body]  # a specification has no body
    """Front ends, asked in the order of registration which of them accepts a source."""


@hookspec
def accelcore_verifiers() -> Sequence[Verifier]:  # type: ignore[empty-body]  # a specification has no body
    """Verifiers of summaries; the strongest usable one is asked first."""


@hookspec
def accelcore_targets() -> Sequence[Target]:  # type: ignore[empty-body]  # a specification has no body
    """Targets, each of its own name."""


@hookspec
def accelcore_evaluators() -> Sequence[Evaluator]:  # type: ignore[empty-body]  # a specification has no body
    """Evaluators; the first usable one whose `target` matches is the default of that target."""


@hookspec
def accelcore_strategies() -> Sequence[Strategy]:  # type: ignore[empty-body]  # a specification has no body
    """Search strategies."""


@hookspec
def accelcore_proposers() -> Sequence[Proposer]:  # type: ignore[empty-body]  # a specification has no body
    """Sources of ideas; all usable ones are asked.  Provisional."""


@hookspec
def accelcore_models() -> Sequence[Model]:  # type: ignore[empty-body]  # a specification has no body
    """Language model providers, chosen by prefix.  Provisional."""


@hookspec
def accelcore_pools() -> Sequence[Pool]:  # type: ignore[empty-body]  # a specification has no body
    """Places where work runs.  Provisional."""
