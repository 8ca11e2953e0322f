"""Where claimed loop states come from: hints from the lifter, the proposer's own invariants.  None is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.errors import AccelcoreError
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr
from accelcore.values import Param, Role, Summary
from accelcore_llmlift.program import For, Program, statements
from accelcore_llmlift.verify.execute import Claims
from accelcore_llmlift.verify.inputs import size_names


def candidates(program: Program, summary: Summary) -> Iterator[Claims]:
    """Claims worth trying, the most promising first; empty ones for a program without loops."""
    if not any(isinstance(s, For) for s in statements(program.body)):
        yield {}
        return
    lifted = _lifted(program)
    if lifted:
        yield lifted
    proposed = _proposed(program, summary)
    if proposed and proposed != lifted:
        if lifted:
            yield {label: {**lifted.get(label, {}), **proposed.get(label, {})} for label in {**lifted, **proposed}}
        yield proposed
    if not lifted and not proposed:
        yield {}


def _lifted(program: Program) -> Claims:
    """The lifter's symbolic loop states; empty when it refuses the program."""
    from accelcore_llmlift.lifter import lift_program

    try:
        return {label: dict(values) for label, values in lift_program(program).invariants.items()}
    except AccelcoreError:
        return {}


def _proposed(program: Program, summary: Summary) -> Claims:
    """The invariants that came with the summary, each "variable == expression"; those that do not parse are dropped.

    The expression is over entry values, sizes, and iteration numbers by loop label (or the loops' counters).
    """
    from accelcore.ir.parser import parse

    loops = [s for s in statements(program.body) if isinstance(s, For)]
    numbers = {name for s in loops for name in (s.label, s.counter)} - {p.name for p in program.params}
    params = (*program.params, *(Param(name, INDEX, (), Role.SCALAR) for name in sorted(numbers)))
    found: dict[str, dict[str, Expr]] = {}
    for label, text in summary.invariants:
        variable, equals, expression = text.partition("==")
        if not equals:
            continue
        try:
            found.setdefault(label, {})[variable.strip()] = parse(expression, params, sizes=size_names(program))
        except AccelcoreError:
            continue
    return found
