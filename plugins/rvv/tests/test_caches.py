"""The first-order term for memory: exact counts, the same in every run, and told apart from instructions."""

from __future__ import annotations

from pathlib import Path

import pytest
from rvv_tasks import RIGHT, hand, matmul, scaled

from accelcore.ir.expr import array, comp, get, size
from accelcore.judge.pool import Pool
from accelcore.pipeline.benches import judged_once
from accelcore.values import Artifact, Kernel, Limits, Param, Role, Status, Summary, Task, sizes_of
from accelcore_rvv.caches import LINE, Caches, Level
from accelcore_rvv.cpus import CPUS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.model import Model
from accelcore_rvv.target import RvvTarget

LIMITS = Limits(seconds=60)
CACHED = RvvEvaluator(cache=True)
M, N = size("m"), size("n")
SIDE = 192  # squared floats: more than the first cache, less than the second


def copied() -> Task:
    """y = x, 192 x 192 floats."""
    x = array("x", "f32", 2)
    post = comp(M, lambda i: comp(N, lambda j: get(x, i, j)))
    params = (Param("x", "f32", (M, N)), Param("y", "f32", (M, N), Role.OUT))
    return Task("copied", params, Summary((("y", post),), (), "real"), sizes=(sizes_of({"m": SIDE, "n": SIDE}),))


def copier(rows_inside: bool) -> Kernel:
    """A walk along the rows, or down the columns."""
    outer, inner = ("j < n; ++j", "i < m; ++i") if rows_inside else ("i < m; ++i", "j < n; ++j")
    text = (
        "#include <stdint.h>\nint ac_copied(const float *x, float *y, int64_t m, int64_t n) {\n"
        f"for (int64_t {outer[0]} = 0; {outer}) for (int64_t {inner[0]} = 0; {inner}) y[i * n + j] = x[i * n + j];\n"
        "return 0; }\n"
    )
    return Kernel(text, "c", "ac_copied", (), (("flags", "-O1"),))


def misses(task: Task, kernel: Kernel, *before: int) -> tuple[int, int]:
    """Of one call at the task's sizes, after calls at others."""
    (built,) = CACHED.build(task, [kernel], limits=LIMITS)
    assert isinstance(built, Artifact), built.log
    names = dict(task.sizes[0])
    pool = Pool(task, seed=1)
    model = Model(Path(built.path), CPUS[CACHED.cpu], CACHED.vlen)
    try:
        with CACHED.open(built, limits=LIMITS) as runner:
            for extents in (*(dict.fromkeys(names, value) for value in before), names):
                runner.call([pool.trial(sizes_of(extents), 0).fresh()], extents)
            assert runner.counts is not None
            return model.spent(runner.counts).misses
    finally:
        pool.close()


@pytest.mark.usefixtures("emulator")
def test_a_walk_down_columns_misses_more_than_one_along_rows() -> None:
    along, down = misses(copied(), copier(rows_inside=False)), misses(copied(), copier(rows_inside=True))
    lines = 2 * SIDE * SIDE * 4 // LINE
    assert lines <= along[0] <= lines + 8 and lines <= along[1] <= lines + 8  # each line once, and the stack
    assert down[0] > 4 * along[0]
    assert down[1] == along[1]  # both arrays fit the second level


@pytest.mark.usefixtures("emulator")
def test_misses_are_the_same_in_every_run_and_whatever_was_called_before() -> None:
    task = matmul()
    kernel = RvvTarget().kernel(task, ("tile(i, 3, j)",))
    found = {misses(task, kernel, *before) for before in ((), (), (5,), (70, 3))}
    assert len(found) == 1


@pytest.mark.usefixtures("emulator")
def test_misses_are_part_of_the_cost_and_told_apart() -> None:
    plain = judged_once(RvvEvaluator(), scaled(), hand(RIGHT), limits=LIMITS)
    found = judged_once(CACHED, scaled(), hand(RIGHT), limits=LIMITS)
    assert found.status is Status.OK and found.cost and plain.cost and found.cost.value > plain.cost.value
    parts = [found.metric(name) for name in ("instruction_cycles", "miss_cycles", "l1_misses", "l2_misses")]
    assert all(part is not None and part > 0 for part in parts)
    assert plain.metric("l1_misses") is None and not plain.feedback
    assert "upper bound" in found.feedback and "guessed" in found.feedback
    assert RvvEvaluator().fingerprint() != CACHED.fingerprint()


@pytest.mark.usefixtures("emulator")
def test_somebody_s_program_has_its_misses_counted_by_function(tmp_path: Path) -> None:
    file = tmp_path / "walk.c"
    file.write_text(
        "static volatile char data[1 << 20];\n"
        "__attribute__((noinline)) void walk(void) { for (int i = 0; i < 1 << 20; i += 64) data[i] = 1; }\n"
        "int main(void) { walk(); return 0; }\n"
    )
    one, two = (CACHED.run(file, (), limits=LIMITS) for _ in range(2))
    assert one["status"] == "ok" and one["metrics"] == two["metrics"] and one["cost"] == two["cost"]
    assert (1 << 20) // LINE <= one["metrics"]["l2_misses"] <= (1 << 20) // LINE + 64
    assert one["metrics"]["miss_cycles"] + one["metrics"]["instruction_cycles"] == pytest.approx(one["cost"]["value"])


def test_cycles_of_misses() -> None:
    one = Caches(Level(32 << 10, 4, 1), Level(512 << 10, 16, 20), 100, "guessed")
    assert one.cycles(first=10, second=3) == 7 * 20 + 3 * 100
    assert one.option == ",caches=64:128:4:512:16"


@pytest.mark.parametrize("name", CPUS)
def test_every_cpu_says_where_its_caches_come_from(name: str) -> None:
    found = CPUS[name].caches
    assert "guessed" in found.described() and found.first.size < found.second.size
    assert found.first.latency < found.second.latency < found.memory
