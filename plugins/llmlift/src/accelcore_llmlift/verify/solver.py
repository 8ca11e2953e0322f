"""Running SMT-LIB scripts: z3 through its library, cvc5 as a second opinion.

An answer is "sat", "unsat" or "unknown"; errors and timeouts are "unknown".  Each query has a limit inside the solver
and a watchdog that interrupts it from outside, because a solver may miss its own limit while preprocessing.  Limits are
meant for a machine that is free: a proof should not depend on what else runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from accelcore_llmlift.verify.smt import Script
from accelcore_llmlift.verify.watchdog import interrupting

_GRACE = 0.25
"""Seconds after the solver's own limit at which the watchdog interrupts."""
_PATIENCE = 4.0
"""How many times longer than its limit a query may take on a machine that is busy with other things."""
_BUSY = 1.25
"""Wall time over processor time from which a query that ran out of time was slowed down by others."""
_thread = threading.local()


@dataclass(frozen=True)
class Answer:
    """assumptions: of the assertions alone; refutation: of the assertions with the negated goal; then seconds."""

    assumptions: str
    refutation: str
    seconds: float
    note: str = ""

    @property
    def proved(self) -> bool:
        """The goal follows, and not from a contradiction."""
        return self.assumptions == "sat" and self.refutation == "unsat"


def z3_missing() -> list[str]:
    """Empty when the z3 wheel is installed; no import."""
    from importlib.util import find_spec

    return [] if find_spec("z3") else ["z3: pip install z3-solver"]


def _context() -> Any:
    """One z3 context a thread and proof: contexts are not safe to share, and making one costs more than a query."""
    import z3

    if not hasattr(_thread, "context"):
        _thread.context = z3.Context()
    return _thread.context


def forget() -> None:
    """Let go of this thread's context.

    A context remembers names and numbers of all that it was asked, and searches in another order for it: a query that
    takes half a second alone may take ten times as long after the proofs of other programs.
    """
    _thread.__dict__.pop("context", None)


def ask_z3(script: Script, seconds: float, vacuity: bool = True) -> Answer:
    """Both questions of a script; the first is skipped (and "unknown") when vacuity is False.

    One that ran out of time while others had the processor is asked again, for as much longer as it was slowed down.
    """
    began = time.thread_time()
    answer = _asked(script, seconds, vacuity)
    worked = time.thread_time() - began
    is_open = "unknown" in (answer.refutation, answer.assumptions if vacuity and answer.refutation == "unsat" else "")
    if is_open and seconds <= answer.seconds and _BUSY * worked < answer.seconds:
        return _asked(script, seconds * min(answer.seconds / max(worked, 1e-9), _PATIENCE), vacuity)
    return answer


def _asked(script: Script, seconds: float, vacuity: bool) -> Answer:
    import z3

    start = time.monotonic()
    context = _context()
    solver = z3.SimpleSolver(ctx=context)
    solver.set("timeout", max(1, int(seconds * 1000)))
    guard = "(declare-const negated Bool)\n(assert (=> negated (not goal)))\n"
    try:
        solver.from_string(script.text + guard)
        with interrupting(context.interrupt, 2 * seconds + _GRACE):
            refutation = str(solver.check(z3.Bool("negated", ctx=context)))
            first = "unknown"
            if vacuity and refutation == "unsat":
                first = str(solver.check())
        note = solver.reason_unknown() if "unknown" in (refutation, first) else ""
    except z3.Z3Exception as error:
        return Answer("unknown", "unknown", time.monotonic() - start, f"z3: {error}")
    return Answer(first, refutation, time.monotonic() - start, note)


Lookup = Callable[[str, tuple[int, ...]], "Fraction | bool | None"]
"""The value of a constant (no indices) or of a function at integers, in a model."""


def model_z3(script: Script, seconds: float) -> Lookup | None:
    """A model in which the goal is false; None when there is none within the limit."""
    import z3

    context = _context()
    solver = z3.Solver(ctx=context)
    solver.set("timeout", max(1, int(seconds * 1000)))
    try:
        solver.from_string(script.text + "(assert (not goal))\n")
        with interrupting(context.interrupt, seconds + _GRACE):
            if str(solver.check()) != "sat":
                return None
        model = solver.model()
    except z3.Z3Exception:
        return None
    declarations = {d.name(): d for d in model.decls()}

    def lookup(name: str, where: tuple[int, ...]) -> Fraction | bool | None:
        declaration = declarations.get(name)
        if declaration is None:
            return None
        applied = declaration(*(z3.IntVal(i, ctx=context) for i in where))
        return _value(model.eval(applied, model_completion=True))

    return lookup


def _value(value: Any) -> Fraction | bool | None:
    import z3

    if z3.is_int_value(value):
        return Fraction(value.as_long())
    if z3.is_rational_value(value):
        return Fraction(value.numerator_as_long(), value.denominator_as_long())
    if z3.is_algebraic_value(value):
        near = value.approx(20)
        return Fraction(near.numerator_as_long(), near.denominator_as_long())
    if z3.is_true(value) or z3.is_false(value):
        return bool(z3.is_true(value))
    return None


def z3_script(text: str, seconds: float) -> list[str]:
    """The answers of a standalone script, from a fresh z3 context."""
    import z3

    context = z3.Context()
    z3.Z3_global_param_set("timeout", str(max(1, int(seconds * 1000))))
    try:
        with interrupting(context.interrupt, 2 * seconds + _GRACE):
            return str(z3.Z3_eval_smtlib2_string(context.ref(), text)).split()
    except z3.Z3Exception as error:
        return [f"error: {error}"]
    finally:
        z3.Z3_global_param_set("timeout", "4294967295")


def cvc5_script(text: str, seconds: float) -> list[str] | None:
    """The answers of a standalone script from cvc5; None when it is not installed."""
    try:
        import cvc5
    except ImportError:
        return None
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("tlimit-per", str(max(1, int(seconds * 1000))))
    solver.setOption("incremental", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    symbols = parser.getSymbolManager()
    answers: list[str] = []
    while not (command := parser.nextCommand()).isNull():
        # A line an answer; "unknown (TIMEOUT)" says why after the answer.
        answers += [line.split()[0] for line in str(command.invoke(solver, symbols)).splitlines() if line.strip()]
    return answers
