"""Intrinsics written out in C: they mean what the tables say, agree with the emulator, and give a verdict."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rvv_sweep import FLOATS, functions, lifted, scheduled
from rvv_tasks import RIGHT, hand, scaled
from test_tables import COUNT, instructions, program, values

from accelcore import check
from accelcore import compile as compiled
from accelcore.cgen import emit
from accelcore.judge.pool import Pool
from accelcore.loops.interpret import interpret
from accelcore.pipeline.benches import judged_once
from accelcore.terminal import optimize_text
from accelcore.testing import EvaluatorSuite
from accelcore.values import Artifact, Kernel, Limits, Param, Role, Source, Status, Task, sizes_of
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.host import RvvHostEvaluator
from accelcore_rvv.intrinsics import UnsupportedIntrinsic, definition, emulated
from accelcore_rvv.tables import RVV, SPLITTING

LIMITS = Limits(seconds=60)
KINDS = {"i": "int", "u": "uint", "f": "float"}


class TestRvvHostEvaluator(EvaluatorSuite):
    evaluator = "rvv-host"


def test_every_intrinsic_of_the_tables_is_known() -> None:
    texts = [t for one in RVV.instructions for t in (one.template, *one.scalars.values())]
    texts += [t.replace("{b}", bits) for t in RVV.moves.values() for bits in ("16", "32", "64")]
    texts += SPLITTING.helpers.values()
    names = {name for text in texts for name in re.findall(r"__riscv_\w+", text)}
    assert len(names) > 5000
    for name in sorted(names):
        assert name in definition(name)


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(UnsupportedIntrinsic, match="vfrec7"):
        emulated("vfloat32m1_t f(vfloat32m1_t a) { return __riscv_vfrec7_v_f32m1(a, 4); }")
    found = judged_once(RvvHostEvaluator(), scaled(), hand("__riscv_vfrec7(x); return 0;"), limits=LIMITS)
    assert found.status is Status.UNSUPPORTED and "install qemu-user" in found.log


@pytest.mark.parametrize("scalar", ["", "a", "b"])
def test_every_instruction_gives_what_it_means(scalar: str) -> None:
    chosen = [(one, scalar) for one in instructions() if not scalar or scalar in one.scalars]
    for at in range(0, len(chosen), 40):
        made = program(chosen[at : at + 40])
        params = tuple(Param(b.name, b.dtype, b.shape, b.role or Role.IN) for b in made.arguments)
        task = Task("each", params, Source("", "c", "ac_each"))
        rng = np.random.default_rng(at)
        arrays = {b.name: values(rng, b.name.partition("_")[0], b.dtype) for b in made.arguments if b.role is Role.IN}
        for b in made.arguments:
            if b.role is Role.OUT:
                arrays[b.name] = np.zeros(COUNT, KINDS[b.dtype[0]] + b.dtype[1:])
        expected = {name: a.copy() for name, a in arrays.items()}
        interpret(made, expected, {"n": COUNT})
        host = RvvHostEvaluator()
        (built,) = host.build(task, [Kernel(emit(made, RVV), "c", "ac_each")], limits=LIMITS)
        assert isinstance(built, Artifact), built.log
        with host.open(built, limits=LIMITS) as runner:
            assert runner.call([arrays], {"n": COUNT}) is None
        for number, (one, _) in enumerate(chosen[at : at + 40]):
            got, want = arrays[f"out{number}"], expected[f"out{number}"]
            right = np.isclose(got, want, rtol=1e-5, atol=1e-5) if got.dtype.kind == "f" else got == want
            assert np.all(right), f"{one.name}: {one.meaning!r} gives {got[~right][:3]} for {want[~right][:3]}"


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("name", ["overlay", "transpose", "gemm_u8s8", "argmax", "grey", "looked_up"])
def test_generated_kernels_give_the_same_bits_as_on_the_emulator(name: str) -> None:
    (source,) = [s for path in FLOATS for s in functions(path) if s.entry == name]
    task = lifted(source)
    kernel = scheduled(task)
    host = RvvHostEvaluator()
    (here,), (there,) = (one.build(task, [kernel], limits=LIMITS) for one in (host, RvvEvaluator()))
    assert isinstance(here, Artifact) and isinstance(there, Artifact), (here, there)
    names = sorted({size for p in task.params for e in p.shape for size in e.sizes})
    pool = Pool(task, seed=3)
    try:
        with host.open(here, limits=LIMITS) as ours, RvvEvaluator().open(there, limits=LIMITS) as theirs:
            for at, vlen in enumerate(VLENS):
                extents = dict.fromkeys(names, 33)
                extents |= {names[0]: 33 + (at - 33 * len(names)) % 4}  # the host's choice of length
                one, other = (pool.trial(sizes_of(extents), at).fresh() for _ in range(2))
                ours.call([one], extents)
                theirs.run_at(vlen, other, extents)
                assert all(np.array_equal(one[n], other[n], equal_nan=one[n].dtype.kind == "f") for n in one), vlen
    finally:
        pool.close()


def test_a_verdict_without_a_cost() -> None:
    found = judged_once(RvvHostEvaluator(), scaled(), hand(RIGHT), limits=LIMITS)
    assert found.status is Status.OK and found.cost is None and "without cost" in RvvHostEvaluator().fingerprint()
    tail = RIGHT.replace("__riscv_vsetvl_e32m4((size_t)n)", "__riscv_vsetvlmax_e32m4()")
    assert judged_once(RvvHostEvaluator(), scaled(), hand(tail), limits=LIMITS).status is not Status.OK


LOOPS = """
def positive(x: "i32[n]") -> "i32":
    n = len(x)
    count = 0
    for i in range(n):
        if x[i] > 0:
            count += 1
    return count
"""
COUNT_BY_MASK = """
#include <riscv_vector.h>
#include <stdint.h>
int ac_positive(const int32_t *x, int32_t *out, int64_t n) {
    size_t most = __riscv_vsetvlmax_e32m1();
    vint32m1_t count = __riscv_vmv_v_x_i32m1(0, most);
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl) {
        vl = __riscv_vsetvl_e32m1((size_t)n);
        vbool32_t chosen = __riscv_vmsgt_vx_i32m1_b32(__riscv_vle32_v_i32m1(x, vl), 0, vl);
        count = __riscv_vadd_vx_i32m1_tumu(chosen, count, count, 1, vl);
    }
    *out = __riscv_vmv_x_s_i32m1_i32(__riscv_vredsum_vs_i32m1_i32m1(count, __riscv_vmv_s_x_i32m1(0, 1), most));
    return 0;
}
"""


@pytest.mark.parametrize(
    ("policy", "status"),
    [("_tumu(chosen, count, ", "ok"), ("_tum(chosen, count, ", "wrong"), ("_m(chosen, ", "wrong")],
)
def test_lanes_that_a_policy_leaves_open_are_not_relied_on(tmp_path: Path, policy: str, status: str) -> None:
    """`_tum` keeps the tail and not what is masked off, `_m` neither."""
    (tmp_path / "loops.py").write_text(LOOPS)
    (tmp_path / "kernel.c").write_text(COUNT_BY_MASK.replace("_tumu(chosen, count, ", policy))
    found = check(tmp_path / "kernel.c", tmp_path / "loops.py", target="rvv:evaluator=rvv-host").json()
    assert found["status"] == status and found["cost"] is None and found["fidelity"] == "interpreted"


@pytest.mark.parametrize("asked", [True, False])
def test_without_an_emulator_the_grade_is_tested_and_nothing_is_said_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    (tmp_path / "loops.py").write_text(LOOPS)
    if not asked:
        monkeypatch.setenv("ACCELCORE_QEMU_RISCV64", str(tmp_path / "nothing"))
    target = "rvv:evaluator=rvv-host" if asked else "rvv"
    made = compiled(tmp_path / "loops.py", target, out=tmp_path / "out", runs=tmp_path / "runs", cache=False)
    found = made.json()
    assert found["verdict"] == "proved" and found["grade"] == "tested" and found["fidelity"] == "interpreted"
    assert found["best"] is None and found["speedup"] is None
    words = optimize_text(made)
    assert "TESTED" in words and "without a cost" in words and "[interpreted]" in words
    assert "faster" not in words and "modelled" not in words
    report = (tmp_path / "out" / "report.html").read_text()
    assert "interpreted" in report and "spacemit-x60, modelled" not in report
