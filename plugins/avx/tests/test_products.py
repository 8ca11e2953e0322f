"""Products with packing and what follows them: goldens of the code, results at sizes that leave tails everywhere."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from avx_tasks import K, M, N, f32, real, task
from test_avx import target

from accelcore.ir.expr import Expr, array, call, cast, comp, const, get, reduce
from accelcore.loops.lower import lower
from accelcore.loops.moves import recipe, recipes
from accelcore.values import Artifact, Limits, Param, Role, Task
from accelcore_avx.target import AvxEvaluator, AvxTarget

GOLDEN = Path(__file__).parent / "golden"
Arrays = dict[str, np.ndarray[Any, Any]]
OPERANDS = (Param("a", "f32", (M, K)), Param("b", "f32", (K, N)))


@dataclass(frozen=True)
class Case:
    """A task, the instruction set of its golden, a schedule with small tiles."""

    task: Task
    isa: str
    schedule: tuple[str, ...]


def summed(i: Expr, j: Expr, left: str = "f32", right: str = "f32", to: str = "real") -> Expr:
    """The element (i, j) of a times b."""
    a, b = array("a", left, 2), array("b", right, 2)
    return reduce("sum", K, lambda p: cast(get(a, i, p), to) * cast(get(b, p, j), to))


def gemm() -> Case:
    post = comp(M, lambda i: comp(N, lambda j: f32(summed(i, j))))
    done = task("gemm", (*OPERANDS, Param("c", "f32", (M, N), Role.OUT)), "c", post, m=8, n=64, k=8)
    return Case(done, "avx512", ("tile(i, 4, j, interleave=2, panel=32, pack=b)",))


def gemm_gelu() -> Case:
    bias = array("bias", "f32", 1)

    def at(i: Expr, j: Expr) -> Expr:
        x = real(get(bias, j)) + summed(i, j)
        return f32(const(0.5, "real") * x * (const(1.0, "real") + call("erf", x * const(0.7071067811865476, "real"))))

    params = (*OPERANDS, Param("bias", "f32", (N,)), Param("c", "f32", (M, N), Role.OUT))
    done = task("gemm_gelu", params, "c", comp(M, lambda i: comp(N, lambda j: at(i, j))), m=8, n=64, k=8)
    return Case(done, "avx512", ("tile(i, 4, j, panel=16, pack=b, apart=1)", "simd(interleave=2)"))


def gemm_u8s8() -> Case:
    post = comp(M, lambda i: comp(N, lambda j: cast(summed(i, j, "u8", "i8", "int"), "i32", "nearest", "wrap")))
    params = (Param("a", "u8", (M, K)), Param("b", "i8", (K, N)), Param("c", "i32", (M, N), Role.OUT))
    done = task("gemm_u8s8", params, "c", post, m=8, n=64, k=8)
    return Case(done, "avx512vnni", ("tile(i, 4, j, interleave=2, panel=32, pack=b, depth=4)",))


CASES = {one.task.name: one for one in (gemm(), gemm_gelu(), gemm_u8s8())}


@pytest.mark.parametrize("name", CASES)
def test_the_code_is_the_golden_one(name: str) -> None:
    """ACCELCORE_UPDATE_GOLDENS=1 writes them anew; review the difference."""
    case = CASES[name]
    text = AvxTarget(case.isa).kernel(case.task, case.schedule).text  # type: ignore[arg-type]  # one of the option's
    file = GOLDEN / f"{name}.{case.isa}.c"
    if os.environ.get("ACCELCORE_UPDATE_GOLDENS"):
        file.write_text(text)
    assert text == file.read_text()


def wanted(case: Case, arrays: Arrays) -> np.ndarray[Any, Any]:
    """The result in double precision, or exactly."""
    wide = np.float64 if arrays["c"].dtype == np.float32 else np.int64
    total = arrays["a"].astype(wide) @ arrays["b"].astype(wide)
    if "bias" in arrays:
        total = total + arrays["bias"]
        total = total * 0.5 * (1 + np.vectorize(erf, otypes=[float])(total * 0.5**0.5))
    return np.asarray(total)


def filled(case: Case, sizes: dict[str, int], rng: np.random.Generator) -> Arrays:
    """Random operands and a poisoned result."""
    kinds = {"f32": np.float32, "u8": np.uint8, "i8": np.int8, "i32": np.int32}
    found: Arrays = {}
    for p in case.task.params:
        shape = tuple(sizes[e.name] for e in p.shape)
        anything = rng.normal(size=shape) if p.dtype == "f32" else rng.integers(-128, 128, shape)
        found[p.name] = anything.astype(kinds[p.dtype])
    found["c"][...] = 77
    return found


SIZES = ({"m": 9, "n": 37, "k": 7}, {"m": 4, "n": 32, "k": 8}, {"m": 1, "n": 1, "k": 1}, {"m": 70, "n": 65, "k": 130})


def schedules(case: Case, isa: str) -> list[tuple[str, ...]]:
    """The golden's, and what rules make of small and large sizes."""
    program, unit = lower(case.task), AvxTarget(isa).unit()  # type: ignore[arg-type]  # one of the option's
    by_rule = [recipe(program, unit, dict.fromkeys("mnk", n)) for n in (16, 1024)]
    return [case.schedule, *by_rule, recipes(program, unit, dict.fromkeys("mnk", 64))[3]]


@pytest.mark.parametrize("isa", ["avx512vnni", "avx2"])
@pytest.mark.parametrize("name", CASES)
def test_results_at_sizes_that_leave_tails(name: str, isa: str) -> None:
    case, chosen = CASES[name], target(isa)
    kernels = [chosen.kernel(case.task, steps) for steps in dict.fromkeys(schedules(case, isa))]
    for artifact in AvxEvaluator().build(case.task, kernels, limits=Limits(seconds=120)):
        assert isinstance(artifact, Artifact), artifact.log
        with AvxEvaluator().open(artifact, limits=Limits()) as runner:
            for sizes in SIZES:
                arrays = filled(case, sizes, np.random.default_rng(sizes["k"]))
                want = wanted(case, arrays)
                runner.call([arrays], sizes)
                np.testing.assert_allclose(arrays["c"], want, rtol=2e-5, atol=1e-4)


def test_an_epilogue_computes_each_function_once() -> None:
    """Branches of erf share what they read: one exponential for each vector, not one for each branch."""
    text = AvxTarget("avx512").kernel(CASES["gemm_gelu"].task, CASES["gemm_gelu"].schedule).text
    loop = next(part for part in re.split(r"for \(|if \(", text) if "scalef" in part)
    assert loop.count("_mm512_scalef_ps") == 1 and "_mm512_min_ps" in loop
