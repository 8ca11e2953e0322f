"""Machines without AVX-512: what the rules make of the benchmark's loops for AVX2 and SSE4, run beside the loops."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_avx import target

from accelcore import lift
from accelcore.loops.moves import recipe
from accelcore.values import Artifact, Limits, Role, Task, abi_arguments
from accelcore_avx.target import AvxEvaluator

KERNELS = Path(__file__).parents[3] / "bench" / "avx" / "kernels"
NAMES = {
    "rows.py": ("softmax", "layernorm", "logsumexp", "transpose"),
    "elements.py": ("overlay", "overlay_f32", "five_loops"),
    "lookups.py": ("argmax", "prefix_sum", "histogram"),
    "products.py": ("gemm_u8s8",),
}
FAR = dict.fromkeys("mnk", (8 << 20) + 3)
"""Sizes at which the rules stream results, ask for rows ahead and turn through blocks."""
KINDS = {"f32": np.float32, "u8": np.uint8, "i8": np.int8, "i32": np.int32}


@cache
def lifted(file: str, name: str) -> Task:
    """The task of a benchmark's loops."""
    (found,) = lift(f"{KERNELS / file}:{name}").functions
    assert found.task is not None, found.verdict.reason
    return found.task


def buffers(task: Task, sizes: dict[str, int]) -> dict[str, np.ndarray[Any, Any]]:
    """Random arguments and poisoned results."""
    rng = np.random.default_rng(3)
    found = {}
    for p in task.params:
        shape = tuple(sizes[e.name] if e.op == "size" else int(e.value) for e in p.shape)
        anything = rng.normal(size=shape) if p.dtype == "f32" else rng.integers(0, 120, shape)
        found[p.name] = anything.astype(KINDS[p.dtype]) if p.role is Role.IN else np.full(shape, 77, KINDS[p.dtype])
    return found


@pytest.mark.parametrize("isa", ["avx2", "sse4"])
@pytest.mark.parametrize(("file", "name"), [(f, n) for f, names in NAMES.items() for n in names])
def test_results_are_those_of_the_loops(file: str, name: str, isa: str) -> None:
    task, chosen = lifted(file, name), target(isa)
    steps = recipe(chosen.program(task), chosen.unit(), FAR)
    (artifact,) = AvxEvaluator().build(task, [chosen.kernel(task, steps)], limits=Limits(seconds=60))
    assert isinstance(artifact, Artifact), artifact.log
    sizes = {"m": 19, "n": 37, "k": 11}
    arrays = buffers(task, sizes)
    expected = runpy.run_path(str(KERNELS / file))[name](
        *(arrays[p.name].tolist() for p in task.params if p.role is Role.IN)
    )
    with AvxEvaluator().open(artifact, limits=Limits()) as runner:
        runner.call([arrays], {a.name: sizes[a.name] for a in abi_arguments(task) if a.kind == "size"})
    (result,) = (arrays[p.name] for p in task.results)
    np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-5)
