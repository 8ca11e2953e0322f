"""Random schedules on random shapes keep the meaning: whatever a rewrite accepts, the interpreter confirms."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loop_tasks import SIZES, TASKS, check, program, run

from accelcore.errors import IllegalRewrite
from accelcore.loops import schedule
from accelcore.loops.moves import moves
from accelcore.loops.nodes import Allocate, For, Program, statements
from accelcore.loops.unit import VectorUnit

UNIT = VectorUnit("small", 16, 16)
FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ONE = (
    "split({i}, {n})", "split({i}, {n}, tail=cut)", "split({i}, {n}, tail=guard)", "unroll({i}, {n})", "unroll({i})",
    "vectorize({i})", "accumulate({i}, {n})", "hoist({i})", "reciprocal({i})", "two_pass({i})", "jam({i}, {n})",
    "scan_blocks({i}, chunk={n}, ways=2)", "isolate({i})", "fission({i}, 1)", "fission({i}, 2)", "fission({i}, 3)",
    "prefetch({i}, x, {n})", "simd()", "privatize(y, {i}, {n})", "specialize(n={n})", "specialize(m={n}, k={n})",
)  # fmt: skip
TWO = (
    "reorder({i}, {j})", "fuse({i}, {j})", "lift({j}, {i})", "lift({i}, {j})", "materialize({i}, {j})",
    "materialize({i}, {j}, to=y)", "online({i}, {j}, block={n})", "tile({i}, {n}, {j})", "block({i}, {j}, {n})",
    "tile({i}, {n}, {j}, panel=4, pack=B)",
)  # fmt: skip
BUFFERS = ("pack({b}, {i})", "pack({b}, {i}, last={j})", "stage_result({b}, {i})", "inline({b})", "stream({b})")


@st.composite
def rewrites(draw: st.DrawFn, made: Program) -> str:
    """A rewrite of the program's own loops and buffers, legal or not."""
    loops = [s.iterator for s in statements(made.body) if isinstance(s, For)] or ["i"]
    buffers = [b.name for b in made.arguments] + [
        s.buffer.name for s in statements(made.body) if isinstance(s, Allocate)
    ]
    template = draw(st.sampled_from(ONE + TWO * 2 + BUFFERS))
    picked = st.sampled_from(loops)
    return template.format(i=draw(picked), j=draw(picked), n=draw(st.integers(2, 5)), b=draw(st.sampled_from(buffers)))


@FEW
@given(st.data())
def test_what_a_rewrite_accepts_means_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TASKS)))
    made, done = program(name), []
    for _ in range(12):
        text = data.draw(rewrites(made))
        try:
            made = schedule.apply(made, text)
        except IllegalRewrite:
            continue
        done.append(text)
    sizes = {s: data.draw(st.integers(1, 9), label=s) for s in SIZES}
    check(made, TASKS[name], sizes)
    assert schedule.replay(program(name), done) == made


@FEW
@given(st.data())
def test_moves_are_legal_and_mean_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TASKS)))
    made = program(name)
    for _ in range(data.draw(st.integers(1, 4))):
        offered = moves(made, UNIT)
        if offered:
            made = schedule.apply(made, data.draw(st.sampled_from(offered)))
    sizes = {s: data.draw(st.integers(1, 9), label=s) for s in SIZES}
    check(made, TASKS[name], sizes)


@FEW
@given(st.data())
def test_exact_programs_stay_exact_under_a_model_that_fixes_roundings(data: st.DataObject) -> None:
    """Without leave to reassociate every accepted rewrite gives the same bits."""
    from dataclasses import replace

    name = data.draw(st.sampled_from(sorted(TASKS)))
    seed = replace(program(name), reassociate=False)
    made = seed
    for _ in range(12):
        try:
            made = schedule.apply(made, data.draw(rewrites(made)))
        except IllegalRewrite:
            continue
    sizes = {s: data.draw(st.integers(1, 9), label=s) for s in SIZES}
    before, after = run(seed, sizes), run(made, sizes)
    for result in before:
        if name != "positive":  # elements past the count are whatever they were
            np.testing.assert_array_equal(before[result], after[result])
