"""Loops to kernels of the array: right for every choice of schedule, and refused with the reason where they are not."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cache
from functools import reduce as reduce_left
from pathlib import Path

import pytest

from accelcore import lift
from accelcore.errors import IllegalRewrite, UnsupportedLowering
from accelcore.ir import Expr, array, binary, cast, comp, const, index, reduce, select, size
from accelcore.pipeline.benches import judged_once
from accelcore.values import Kernel, Limits, Param, Role, Status, Summary, Task, sizes_of
from accelcore_gemmini.config import CONFIGS, Config
from accelcore_gemmini.lowering.derive import HOST, on_array, placed
from accelcore_gemmini.moves.schedule import Schedule, replay
from accelcore_gemmini.target import GemminiEvaluator, GemminiTarget

sys.path.insert(0, str(Path(__file__).parents[3] / "bench" / "gemmini"))  # tasks that the bench and these tests share
from control import horizon

LOOPS = Path(__file__).parent / "loops" / "products.py"
GOLDEN = Path(__file__).parent / "golden"
BENCH = Path(__file__).parents[3] / "bench" / "gemmini"
FULL = (
    "tile(rows, 8)", "tile(cols, 4)", "tile(depth, 4)", "width(a, 4)", "width(b, 4)", "width(store, 4)", "buffers(2)",
    "banks()", "spread()", "reuse()", "overwrite()", "hoist()",
)  # fmt: skip
SIZES = {
    "product": {"m": 37, "n": 70, "p": 90}, "whole": {"m": 17, "n": 33, "p": 130},
    "biased": {"m": 40, "n": 70, "p": 65},
    "transposed_a": {"m": 70, "n": 40, "p": 100}, "transposed_b": {"m": 70, "n": 40, "p": 100},
    "both_transposed": {"m": 70, "n": 40, "p": 100}, "transposed_result": {"m": 70, "n": 40, "p": 100},
    "matvec": {"m": 100, "p": 90}, "batched": {"t": 3, "m": 20, "n": 30, "p": 40},
    "residual": {"m": 40, "n": 50, "p": 60}, "depthwise": {"h": 6, "w": 20, "c": 3},
    "strided": {"h": 5, "w": 20, "c": 20, "f": 30}, "scaled_by_parameter": {"m": 20, "n": 30, "p": 40},
    "relu": {"m": 50, "n": 70}, "outer": {"m": 30, "n": 70}, "dot": {"n": 200}, "residual_add": {"m": 40, "n": 100},
    "padded": {"b": 2, "h": 6, "w": 18, "c": 20, "f": 40},
}  # fmt: skip


def padded() -> Task:
    """A convolution that takes pixels outside the image as zeros; as loops it takes long to prove."""
    b, h, w, c, f = (size(name) for name in "bhwcf")
    x, k = array("x", "i8", 4), array("k", "i8", 4)

    def tap(n: Expr, i: Expr, j: Expr, o: Expr, p: Expr, q: Expr) -> Expr:
        row, col = i + p - 1, j + q - 1
        inside = [index(-1) < row, row < h, index(-1) < col, col < w]
        holds = reduce_left(lambda a, e: binary("land", a, e), inside)
        terms = reduce("sum", c, lambda t: cast(x[n, row, col, t], "int") * cast(k[p, q, t, o], "int"))
        return select(holds, terms, const(0))

    def pixel(n: Expr, i: Expr, j: Expr, o: Expr) -> Expr:
        total = reduce("sum", 3, lambda p: reduce("sum", 3, lambda q: tap(n, i, j, o, p, q)))
        return cast(binary("max", binary("min", total, 127), -128), "i8", "trunc", "exact")

    post = comp(b, lambda n: comp(h, lambda i: comp(w, lambda j: comp(f, lambda o: pixel(n, i, j, o)))))
    params = (
        Param("x", "i8", (b, h, w, c)), Param("k", "i8", (index(3), index(3), c, f)),
        Param("out", "i8", (b, h, w, f), Role.OUT),
    )  # fmt: skip
    requires = tuple(index(1) <= e for e in (b, h, w, c, f))
    return Task("padded", params, Summary((("out", post),), (), "int"), requires)


@cache
def task(name: str) -> Task:
    if name == "padded":
        return replace(padded(), sizes=(sizes_of(SIZES[name]),))
    found = lift(f"{LOOPS}:{name}").functions[0].task
    assert found is not None
    return replace(found, sizes=(sizes_of(SIZES[name]),))


def judged(one: Task, kernel: Kernel, config: str = "int8-16") -> Status:
    found = judged_once(GemminiEvaluator(config), one, kernel, strict=False, limits=Limits(seconds=60.0))
    assert found.status is not Status.COMPILE_ERROR, found.log
    return found.status


@pytest.mark.parametrize("name", sorted(SIZES))
def test_the_seed_and_the_full_schedule_are_right(name: str) -> None:
    seed = GemminiTarget().lower(task(name))
    assert HOST not in seed.build, seed.text.partition("\n")[0]
    assert judged(task(name), seed) is Status.OK
    assert judged(task(name), on_array(task(name), Config(), FULL)) is Status.OK


@pytest.mark.parametrize("steps", [
    ("tile(rows, 3)", "tile(cols, 2)", "tile(depth, 5)", "width(a, 2)", "width(b, 3)", "outer(cols)"),
    ("tile(rows, 2)", "tile(cols, 5)", "tile(depth, 2)", "buffers(2)", "width(store, 3)", "reuse()"),
    ("tile(rows, 2)", "tile(depth, 3)", "buffers(2)", "spread()", "hoist()", "outer(cols)"),
    ("tile(cols, 3)", "banks()", "overwrite()", "width(b, 2)"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["product", "transposed_a", "both_transposed", "biased"])
def test_schedules_are_right(name: str, steps: tuple[str, ...]) -> None:
    assert judged(task(name), on_array(task(name), Config(), steps)) is Status.OK


@pytest.mark.parametrize(
    "name", ["product", "whole", "transposed_a", "transposed_b", "batched", "residual", "biased", "matvec"]
)
def test_hardware_loops_are_right(name: str) -> None:
    steps = ("tile(rows, 2)", "tile(cols, 3)", "tile(depth, 4)", "hardware()")
    kernel = on_array(task(name), Config(), steps)
    assert "gemmini_loop_ws" in kernel.text and "gemmini_extended_compute" not in kernel.text
    assert judged(task(name), kernel) is Status.OK


@pytest.mark.parametrize("name", ["padded", "both_transposed", "relu"])
def test_what_the_hardware_loop_cannot_walk(name: str) -> None:
    with pytest.raises(UnsupportedLowering, match="hardware loop"):
        on_array(task(name), Config(), ("hardware()",))


@pytest.mark.parametrize("config", ["int8-32"])
def test_other_instances(config: str) -> None:
    steps = ("tile(rows, 2)", "tile(cols, 2)", "tile(depth, 2)", "width(a, 2)", "buffers(2)", "spread()")
    kernel = on_array(task("product"), CONFIGS[config], steps)
    assert judged(task("product"), kernel, config) is Status.OK


@pytest.mark.parametrize("steps", [
    pytest.param((), marks=pytest.mark.full),
    pytest.param(("tile(rows, 3)", "tile(depth, 2)", "width(a, 2)"), marks=pytest.mark.full),
    ("tile(rows, 16)", "tile(depth, 2)", "banks()", "buffers(2)", "spread()", "reuse()", "overwrite()", "hoist()"),
])  # fmt: skip
def test_windows_are_pooled_by_the_store(steps: tuple[str, ...]) -> None:
    found = lift(f"{LOOPS}:pooled").functions[0].task
    assert found is not None
    found = replace(found, sizes=(sizes_of({"h": 8, "w": 46, "h2": 3, "w2": 22, "c": 20, "f": 40}),))
    kernel = on_array(found, Config(), steps)
    assert "gemmini_extended2_config_st" in kernel.text
    assert judged(found, kernel) is Status.OK
    with pytest.raises(IllegalRewrite, match="window"):
        on_array(found, Config(), (*steps, "tile(cols, 2)"))


def test_a_schedule_says_and_replays_itself() -> None:
    made = replay(FULL, Config())
    assert replay(made.text, Config()) == made
    assert Schedule().text == ()


@pytest.mark.parametrize(
    "step", ["tile(rows, 0)", "tile(rows, 65)", "width(a, 5)", "banks(1)", "spread()", "fuse()", "x"]
)
def test_what_does_not_fit_is_refused(step: str) -> None:
    with pytest.raises(IllegalRewrite):
        replay([step], Config())


def refusal(text: str, folder: Path) -> str:
    file = folder / "loops.py"
    file.write_text(text)
    found = lift(f"{file}:f").functions[0].task
    assert found is not None
    with pytest.raises(UnsupportedLowering) as error:
        placed(found, Config())
    return str(error.value)


def test_a_bias_without_a_range_may_overflow(tmp_path: Path) -> None:
    loops = LOOPS.read_text().partition("def biased")[2].replace("assert all(-65536 <= v <= 65536 for v in d)", "pass")
    assert "32-bit accumulator" in refusal(f"def f{loops}", tmp_path)


def test_a_result_that_does_not_saturate_is_the_hosts(tmp_path: Path) -> None:
    text = LOOPS.read_text().partition("def residual_add")[2].replace("min(127,", "min(100,")
    assert "within" in refusal(f"def f{text}", tmp_path)


def test_what_the_array_cannot_do_is_plain_c_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "loops.py"
    file.write_text('def f(x: "f32[n]") -> "f32[n]":\n    return [2.0 * v for v in x]\n')
    found = lift(f"{file}:f").functions[0].task
    assert found is not None
    found = replace(found, sizes=(sizes_of({"n": 33}),))
    kernel = GemminiTarget().lower(found)
    assert HOST in kernel.build and "Computed by the host" in kernel.text
    assert judged(found, kernel) is Status.OK


@pytest.mark.parametrize("steps", [1, 3])
def test_results_that_build_on_each_other_stay_in_the_scratchpad(steps: int) -> None:
    """Results called y0, as a function of math.h is, among them."""
    found = lift(f"{BENCH / 'loops.py'}:control").functions[0].task
    assert found is not None
    found, target = horizon(found, "x", "y", steps), GemminiTarget("fp32-4")
    seed, library = target.lower(found), target.baselines(found)["tiled_matmul_auto"]
    assert HOST not in seed.build and seed.text.count("gemmini_fence") == 1
    ours, theirs = (judged_once(GemminiEvaluator("fp32-4"), found, k, strict=False) for k in (seed, library))
    assert ours.status is theirs.status is Status.OK
    assert ours.cost is not None and theirs.cost is not None and ours.cost.value * 1.5 < theirs.cost.value
    assert not list(target.moves(found, seed))


@pytest.mark.parametrize("name", [
    "product", "biased", "residual",
    *(pytest.param(name, marks=pytest.mark.full) for name in ("transposed_a", "both_transposed", "whole")),
])  # fmt: skip
def test_the_library_is_a_baseline(name: str) -> None:
    found = GemminiTarget().baselines(task(name))
    assert list(found) == ["tiled_matmul_auto"]
    assert judged(task(name), found["tiled_matmul_auto"]) is Status.OK


@pytest.mark.parametrize("how", ["seed", "full", "hardware"])
def test_the_code_is_the_golden_one(how: str) -> None:
    """ACCELCORE_UPDATE_GOLDENS=1 writes them anew; review the difference."""
    steps = {"seed": (), "full": FULL, "hardware": ("tile(rows, 8)", "tile(cols, 4)", "tile(depth, 32)", "hardware()")}
    text, golden = on_array(task("biased"), Config(), steps[how]).text, GOLDEN / f"biased.{how}.c"
    if os.environ.get("ACCELCORE_UPDATE_GOLDENS"):
        golden.write_text(text)
    assert text == golden.read_text()
