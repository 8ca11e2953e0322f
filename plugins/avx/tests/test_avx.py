"""The AVX target: conformance, results at odd sizes, goldens of the code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from avx_tasks import CASES, Case

from accelcore.cgen.toolchain import cpu_features
from accelcore.errors import UsageError
from accelcore.options import values_for
from accelcore.testing import EvaluatorSuite, RedTeamSuite, TargetSuite
from accelcore.values import Artifact, Kernel, Limits, Param, Role
from accelcore_avx.machine import cache_sizes, measured
from accelcore_avx.target import AvxEvaluator, AvxTarget, best, lacking

GOLDEN = Path(__file__).parent / "golden"
ISAS = ("avx512", "avx2")


class TestAvx(TargetSuite):
    target = "avx"


class TestRedTeamOfAvx(RedTeamSuite):
    target = "avx"


class TestAvx2(TargetSuite):
    target = "avx:isa=avx2"
    moves_tried = 3


class TestSse4(TargetSuite):
    target = "avx:isa=sse4"
    moves_tried = 3


class TestAvxEvaluator(EvaluatorSuite):
    evaluator = "avx-native"


def target(isa: str) -> AvxTarget:
    """The target, where this CPU runs it."""
    if lacking(isa, cpu_features()):
        pytest.skip(lacking(isa, cpu_features()))
    return AvxTarget(isa)  # type: ignore[arg-type]  # one of ISAS


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", CASES)
def test_the_code_is_the_golden_one(name: str, isa: str) -> None:
    """ACCELCORE_UPDATE_GOLDENS=1 writes them anew; review the difference."""
    case = CASES[name]
    text = AvxTarget(isa).kernel(case.task, case.schedule).text  # type: ignore[arg-type]  # one of ISAS
    file = GOLDEN / f"{name}.{isa}.c"
    if os.environ.get("ACCELCORE_UPDATE_GOLDENS"):
        file.write_text(text)
    assert text == file.read_text()


def buffers(case: Case, extents: dict[str, int], seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Random arguments, poisoned results."""
    rng = np.random.default_rng(seed)
    found = {}
    for p in case.task.params:
        shape = tuple(extents[e.name] for e in p.shape)
        if p.dtype == "u8":
            found[p.name] = rng.integers(0, 256, shape).astype(np.uint8)
        else:
            found[p.name] = np.asarray(rng.normal(size=shape) if p.shape else 1e-5, np.float32)
        if p.role is Role.OUT:
            found[p.name] = np.full(shape, 77, "i4" if p.dtype == "i32" else found[p.name].dtype)
    return found


def sizes(case: Case, isa: str) -> list[dict[str, int]]:
    """Few rows of lengths around the number of lanes, and of results with two axes as many rows as columns."""
    lanes = (512 if isa == "avx512" else 256) // (8 if case.task.params[-1].dtype == "u8" else 32)
    lengths = [n for n in (0, 1, lanes - 1, lanes, lanes + 1, 101, 1000) if n >= case.least]
    return [{"m": 3, "n": n, "k": 5} for n in lengths] + [{"m": m, "n": 53, "k": 5} for m in (2 * lanes, 101)]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", CASES)
def test_results_at_odd_sizes(name: str, isa: str) -> None:
    case, chosen = CASES[name], target(isa)
    kernel = chosen.kernel(case.task, case.schedule)
    (artifact,) = AvxEvaluator().build(case.task, [kernel], limits=Limits(seconds=60))
    assert isinstance(artifact, Artifact), artifact.log
    last: Param = case.task.params[-1]
    with AvxEvaluator().open(artifact, limits=Limits()) as runner:
        for extents in sizes(case, isa):
            arrays = buffers(case, extents, extents["n"])
            want = case.oracle(arrays) if arrays[last.name].size else np.zeros(arrays[last.name].shape)
            runner.call([arrays], {name: extents[name] for name in case.extents})
            if last.dtype == "f32":
                np.testing.assert_allclose(arrays[last.name], want, rtol=2e-5, atol=2e-5)
            else:
                np.testing.assert_array_equal(arrays[last.name], want)


def test_a_cpu_gets_what_it_can_run() -> None:
    full = frozenset(["avx2", "fma", "bmi2", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512dq"])
    assert best(full) == "avx512"
    assert best(full - {"avx512vl"}) == "avx2"
    assert best(frozenset({"sse2"})) == ""
    assert lacking("auto", frozenset()) and "--target c" in lacking("auto", frozenset())
    assert "avx512vl" in lacking("avx512", full - {"avx512vl"})
    assert lacking("avx2", full) == ""


def test_the_option_takes_only_what_there_is() -> None:
    assert values_for(AvxTarget(), {"isa": "avx2"}) == {"isa": "avx2"}
    with pytest.raises(UsageError, match="isa"):
        values_for(AvxTarget(), {"isa": "avx1024"})


def test_avx2_code_keeps_to_avx2() -> None:
    text = AvxTarget("avx2").kernel(CASES["softmax"].task, CASES["softmax"].schedule).text
    assert "_mm256_fmadd_ps" in text and "_mm512" not in text and "__mmask" not in text
    assert "-mno-avx512f" in AvxTarget("avx2").flags()


@pytest.mark.parametrize("isa", ["sse4", "avx2"])
def test_narrower_machines_get_their_own_flags(isa: str) -> None:
    """TestAvx2 and TestSse4 judge such kernels on this CPU."""
    kernel = AvxTarget(isa).kernel(CASES["softmax"].task, CASES["softmax"].schedule)  # type: ignore[arg-type]  # one of ISAS
    assert "_mm512" not in kernel.text and (isa == "avx2" or "_mm" not in kernel.text)
    assert "-march=native" not in dict(kernel.build)["flags"]


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ("sse4_1 sse4_2 ssse3", "sse4"), ("sse4_1 sse4_2 ssse3 avx2 fma bmi2 f16c", "avx2"), ("sse2", ""),
        ("avx512f avx512bw avx512vl avx512dq bmi2", "avx512"),
    ],
)  # fmt: skip
def test_the_widest_set_is_detected(features: str, expected: str) -> None:
    assert best(frozenset(features.split())) == expected
    assert bool(lacking("auto", frozenset(features.split()))) == (not expected)


def test_the_machine_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target("avx2")
    monkeypatch.setenv("ACCELCORE_CACHE", str(tmp_path))
    first = measured("avx2")
    assert dict(first.peaks)["f32"] > dict(first.peaks)["f64"] > 0
    assert all(memory.bandwidth > 0 for memory in first.memories) and first.memories[-1].name == "DRAM"
    assert [m.name for m in first.memories[:-1]] == [name for name, _ in cache_sizes()]
    assert measured("avx2") == first, "the second answer comes from the cache"


def test_the_knowledge_is_there() -> None:
    folder = AvxTarget().knowledge
    for name in ("architecture.md", "isa.md", "menu.yaml", "rules.yaml"):
        assert (folder / name).read_text().strip(), name


def test_hand_written_intrinsics_are_judged_as_text() -> None:
    chosen, case = target("avx2"), CASES["gelu"]
    own = Kernel("int ac_gelu() { return 1; }", "c", "ac_gelu")
    assert chosen.moves(case.task, own) == ()
