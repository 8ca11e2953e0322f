"""Listings: programs as text that is read back, and executed as the interpreter of loops executes the program."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore.errors import RunFailure
from accelcore.judge.inputs import draw
from accelcore.loops.execute import Execution
from accelcore.loops.interpret import interpret
from accelcore.loops.listing import Line, constant, listing, parse
from accelcore.loops.lower import lower
from accelcore.loops.moves import moves
from accelcore.loops.schedule import replay
from accelcore.loops.unit import VectorUnit
from accelcore.testing.tasks import SmallTask, elementwise, small_tasks
from accelcore.values import Role

UNIT = VectorUnit("any", bytes=64, registers=32, masks=True)


def test_a_listing_names_every_value_once() -> None:
    assert listing(replay(lower(elementwise().task), ["simd()"])) == (
        "lanes i n 1\n"
        "  %2 = load x i\n"
        "  %3 = mul f32 a %2\n"
        "  %4 = mul f32 %2 %2\n"
        "  %5 = add f32 %3 %4\n"
        "  store y %5 i\n"
        "end\n"
    )


def executed(small: SmallTask, text: str) -> dict[str, np.ndarray]:
    sizes = dict(small.task.sizes[0])
    memory = draw(small.task, sizes, "normal", np.random.default_rng(3))
    Execution(memory, sizes).run(parse(text))
    return {p.name: memory[p.name] for p in small.task.results}


def interpreted(small: SmallTask) -> dict[str, np.ndarray]:
    sizes = dict(small.task.sizes[0])
    memory = draw(small.task, sizes, "normal", np.random.default_rng(3))
    scalars = {p.name: memory[p.name][()] for p in small.task.params if p.role is Role.SCALAR}
    arrays = {name: array for name, array in memory.items() if name not in scalars}
    interpret(lower(small.task), arrays, {**sizes, **scalars})
    return {p.name: memory[p.name] for p in small.task.results}


@pytest.mark.parametrize("small", small_tasks(), ids=lambda s: s.name)
def test_every_schedule_computes_what_the_plain_loops_do(small: SmallTask) -> None:
    program, want = lower(small.task), interpreted(small)
    texts = ["", *moves(program, UNIT, dict(small.task.sizes[0]))[:4]]
    for text in texts:
        got = executed(small, listing(replay(program, [text] if text else [])))
        for name, values in want.items():
            np.testing.assert_allclose(got[name], values, rtol=2e-5, atol=1e-6, err_msg=f"{name} after {text}")


def test_blocks_are_read_back() -> None:
    (line,) = parse("if %1\n  new a f32\nelse\n  new b f32\nend\n")
    assert line == Line(1, ("if", "%1"), (Line(2, ("new", "a", "f32")),), (Line(4, ("new", "b", "f32")),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("end", "line 1: end ends no block"),
        ("loop i n 1\nelse\nend", "line 1: the block of loop has no end"),
        ("loop i n 1\n", "line 1: the block of loop has no end"),
        ("store y", "line 1 is no operation"),
        ("jump 7", "line 1 is no operation: jump 7"),
        ("x = add f32 y", "line 1 is no operation"),
    ],
)
def test_text_that_is_no_listing_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_constants_keep_their_dtype() -> None:
    assert constant("f32:-inf") == (float("-inf"), "f32")
    assert constant("bool:False") == (False, "bool")
    assert constant("i64:-7") == (-7, "i64")
    assert constant("n") is None
    with pytest.raises(ValueError, match="no known dtype"):
        constant("f7:1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store y f32:1 i64:9", "outside"),
        ("store y f32:1", "0 indices for an array of 1 dimensions"),
        ("store z f32:1", "there is no buffer z"),
        ("acc exp y f32:1 i64:0", "exp is no update"),
        ("new big f32 i64:99999999999", "no memory for big"),
        ("lanes i i64:99999999999 1\nend", "no 99999999999 lanes"),
        ("lanes i i64:2 1\nlanes j i64:2 1\nend\nend", "no 2 lanes for j"),
        ("%1 = neg f32 x", "x has no value"),
    ],
)
def test_a_listing_that_breaks_a_rule_is_a_failure(text: str, said: str) -> None:
    with pytest.raises(RunFailure, match=said):
        Execution({"y": np.zeros(4, np.float32)}, {}).run(parse(text))


def test_lanes_meet_differ_and_are_switched_off() -> None:
    memory = {"y": np.zeros(4, np.int64), "total": np.zeros((), np.int64)}
    text = """
lanes i n 1
  %1 = fmod i64 i i64:2
  acc add y i64:1 %1
  acc add total i64:1
  %2 = lt bool i i64:3
  if %2
    acc add y i i64:3
  else
    acc max y i i64:2
  end
end
"""
    run = Execution(memory, {"n": 5})
    run.run(parse(text))
    assert memory["y"].tolist() == [3, 2, 4, 0 + 1 + 2]
    assert memory["total"] == 5
    assert run.lane is None and run.mask is None
