"""Counts and modelled cycles: exact, repeatable, and different between CPUs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rvv_tasks import RIGHT, hand, matmul, scaled

from accelcore.errors import RunFailure, UsageError
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Status, Task
from accelcore_rvv import elf, mca, weights
from accelcore_rvv.counts import MARK, Counts
from accelcore_rvv.cpus import CPUS
from accelcore_rvv.disassembly import Block, Line, left_type, vtype_of
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.model import Model, Spent
from accelcore_rvv.target import RvvTarget

LIMITS = Limits(seconds=60)


def built(task: Task, kernel: Kernel) -> Artifact:
    (found,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    assert isinstance(found, Artifact), found.log
    return found


def counted(task: Task, artifact: Artifact, vlen: int, **arrays: np.ndarray) -> Counts:
    sizes = dict(task.sizes[0])
    with RvvEvaluator(vlen=vlen).open(artifact, limits=LIMITS) as runner:
        return runner.run_at(vlen, arrays, sizes)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@pytest.mark.usefixtures("emulator")
def test_two_runs_count_the_same_and_longer_vectors_count_less() -> None:
    task, artifact = scaled(), built(scaled(), hand(RIGHT))
    runs = [counted(task, artifact, vlen, x=ones(40), y=ones(40)) for vlen in (128, 128, 1024)]
    spent = [Model(Path(artifact.path), CPUS["spacemit-x60"], 256).spent(r) for r in runs]
    assert spent[0] == spent[1] and spent[0].cycles > spent[2].cycles
    strips = -(-40 // 16)  # LMUL 4 at VLEN 128: sixteen floats
    assert spent[0].vector == strips * 4  # vsetvl, load, add, store


@pytest.mark.usefixtures("emulator")
def test_cpus_prefer_different_register_tiles() -> None:
    """Three rows in groups of eight, or seven in groups of four: instruction counts always prefer the former."""
    task, target = matmul(), RvvTarget()
    arrays = {"a": ones(42, 16), "b": ones(16, 128), "c": ones(42, 128)}
    tiles = ("tile(i, 1, j)", "tile(i, 3, j, interleave=8)", "tile(i, 7, j, interleave=4)")
    cycles: dict[str, list[float]] = {cpu: [] for cpu in CPUS}
    for tile in tiles:
        artifact = built(task, target.kernel(task, (tile,)))
        found = counted(task, artifact, 256, **arrays)
        for cpu, known in cycles.items():
            known.append(Model(Path(artifact.path), CPUS[cpu], 256).spent(found).cycles)
    assert all(plain > 2 * min(large, tall) for plain, large, tall in cycles.values())
    if mca.tool_for(CPUS["spacemit-x60"]):
        ranked = {cpu: large < tall for cpu, (_, large, tall) in cycles.items()}
        assert ranked["sifive-x280"] and ranked["sifive-x390"] and not ranked["spacemit-x60"]


@pytest.mark.usefixtures("emulator")
def test_a_kernel_may_refuse_sizes() -> None:
    task, artifact = scaled(), built(scaled(), hand("return 1;"))
    with pytest.raises(RunFailure, match="does not take") as caught:
        counted(task, artifact, 256, x=ones(40), y=ones(40))
    assert caught.value.status is Status.UNSUPPORTED


def test_records_are_parsed_and_filtered() -> None:
    import struct

    found = Counts.parse(struct.pack("<10Q", 32, 4, 7, 2, 1, 16, 8, 1, 0, 0))
    assert found.rows == ((16, 8, 1, 0, 0), (32, 4, 7, 2, 1)) and MARK
    assert found.outside([(0, 20)]).rows == ((32, 4, 7, 2, 1),)


def test_vector_types_follow_vsetvli() -> None:
    first = Line(0, "vsetvli", "a3, a4, e16, m4, ta, ma")
    assert vtype_of(first) == "e16,m4"
    block = Block("f", (first, Line(4, "vadd.vv", "v8, v8, v8")), ())
    assert left_type(block, "e8,m1") == "e16,m4"
    assert left_type(Block("f", (Line(4, "add", "a0, a0, a1"),), ()), "e8,m1") == "e8,m1"


def test_weights_grow_with_the_group_and_with_elements() -> None:
    cpu, add = CPUS["spacemit-x60"], [Line(0, "vfadd.vv", "v8, v8, v16")]
    costs = [weights.cycles(cpu, 256, add, f"e32,m{group}") for group in (1, 2, 4, 8)]
    assert costs == sorted(costs) and costs[3] == 8 * costs[0]
    gather = weights.cycles(cpu, 256, [Line(0, "vluxei32.v", "v8, (a0), v16")], "e32,m1")
    assert gather > costs[0]
    assert weights.cycles(cpu, 256, [Line(0, "vfdiv.vv", "v8, v8, v16")], "e32,m1") > costs[0]
    assert weights.cycles(cpu, 256, [Line(0, "add", "a0, a0, a1")] * 4, "") == 4 / cpu.issue


def test_without_llvm_mca_the_weights_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelcore_rvv.disassembly import Ran

    monkeypatch.setattr(mca, "find_tool", lambda name, folder="": None)
    block = Block("f", (Line(0, "vfadd.vv", "v8, v8, v16"),), ())
    model = Model(Path("none"), CPUS["sifive-x280"], 512)
    assert model.each([Ran(block, 3, "e32,m2")]) == [weights.cycles(model.cpu, 512, block.lines, "e32,m2")]


def test_other_files_are_no_programs(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(UsageError, match="ELF"):
        elf.functions(tmp_path / "text")


@pytest.mark.usefixtures("emulator")
def test_kernels_share_a_program_and_each_counts_as_if_it_were_alone() -> None:
    """Those that a schedule derived; one that does not compile, and one by hand, do not harm the others."""
    task, target, evaluator = matmul(), RvvTarget(), RvvEvaluator()
    schedules = ("tile(i, 1, j)", "tile(i, 3, j, interleave=8)", "tile(i, 7, j, interleave=4)")
    good = [target.kernel(task, (schedule,)) for schedule in schedules]
    bad, own = replace(good[0], text=good[0].text + "\n?\n"), replace(good[1], schedule=())
    together = evaluator.build(task, [good[0], bad, own, *good[1:]], limits=LIMITS)
    refused = together[1]
    assert isinstance(refused, Evaluation) and refused.status is Status.COMPILE_ERROR and "?" in refused.log
    arrays = {"a": ones(42, 16), "b": ones(16, 128), "c": ones(42, 128)}

    def spent(artifact: Artifact | Evaluation) -> Spent:
        assert isinstance(artifact, Artifact), artifact.log
        found = counted(task, artifact, 256, **arrays)
        assert np.all(arrays["c"] == 16.0)
        arrays["c"][:] = 1.0
        return Model(Path(artifact.path), CPUS["spacemit-x60"], 256).spent(found)

    batch = evaluator.build(task, good, limits=LIMITS)
    assert len({one.path for one in batch if isinstance(one, Artifact)}) == 1
    assert [spent(one) for one in batch] == [spent(built(task, kernel)) for kernel in good]
    assert [spent(one) for one in (together[0], *together[3:])] == [spent(one) for one in batch]
