"""How long the simulator itself takes: long traces without data in both generations, and a large matrix product with.

    python bench/nki/speed.py

Seconds of this process's CPU.  A trace's counts the kernel, the placement in memory and the modelled schedule.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from accelcore_nki import Shape, simulate, trace
from accelcore_nki import isa as nisa
from accelcore_nki import language as nl
from accelcore_nki.nki1 import isa as nisa1
from accelcore_nki.nki1 import language as nl1
from accelcore_nki.nki1.kernels import kernel_of
from accelcore_nki.timing import Timeline, modelled

P, F = 128, 512
LONG = Shape((100 * P, 100 * F))  # five instructions for each of 10,000 tiles
LINE = "{:44} {:>13} {:>9}"


def _new(buffer: str = "sbuf", rows: int = P, columns: int = F) -> Any:
    return nl.ndarray((rows, columns), dtype=nl.float32, buffer=buffer)


def second(x: Any) -> Any:
    """A chain of five instructions, NKI 2."""
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for i in range(0, x.shape[0], P):
        for j in range(0, x.shape[1], F):
            given, changed = _new(), _new()
            nisa.dma_copy(dst=given, src=x[i : i + P, j : j + F])
            nisa.activation(changed, nl.exp, given)
            nisa.tensor_scalar(changed, changed, nl.multiply, 2.0)
            nisa.tensor_tensor(changed, changed, given, nl.add)
            nisa.dma_copy(dst=out[i : i + P, j : j + F], src=changed)
    return out


def first(x: Any) -> Any:
    """The same of NKI 1, a tile an operation."""
    out = nl1.ndarray(x.shape, dtype=x.dtype, buffer=nl1.shared_hbm)
    i_p, i_f = nl1.arange(P)[:, None], nl1.arange(F)[None, :]
    for i in nl1.affine_range(x.shape[0] // P):
        for j in nl1.affine_range(x.shape[1] // F):
            given = nl1.load(x[i * P + i_p, j * F + i_f])
            nl1.store(out[i * P + i_p, j * F + i_f], nl1.add(nl1.exp(given) * 2.0, given))
    return out


def masked(x: Any) -> Any:
    """The same with a mask on every operation."""
    out = nl1.ndarray(x.shape, dtype=x.dtype, buffer=nl1.shared_hbm)
    i_p, i_f = nl1.arange(P)[:, None], nl1.arange(F)[None, :]
    for i in nl1.affine_range(x.shape[0] // P):
        for j in nl1.affine_range(x.shape[1] // F):
            inside = i * P + i_p < x.shape[0]
            given = nl1.load(x[i * P + i_p, j * F + i_f], mask=inside)
            raised = nisa1.activation(nl1.exp, given, mask=inside)
            raised[...] = nisa1.tensor_scalar(raised, nl1.multiply, 2.0, mask=inside)
            nl1.store(out[i * P + i_p, j * F + i_f], nl1.add(raised, given, mask=inside), mask=inside)
    return out


def product(a: Any, b: Any) -> Any:
    """a.T @ b by tiles, every operand loaded for every product."""
    out = nl.ndarray((a.shape[1], b.shape[1]), dtype=nl.float32, buffer=nl.shared_hbm)
    for m in range(0, a.shape[1], P):
        for n in range(0, b.shape[1], F):
            sums = _new("psum")
            for k in range(0, a.shape[0], P):
                left, right = _new(columns=P), _new()
                nisa.dma_copy(dst=left, src=a[k : k + P, m : m + P])
                nisa.dma_copy(dst=right, src=b[k : k + P, n : n + F])
                nisa.nc_matmul(sums, left, right)
            done = _new()
            nisa.tensor_copy(done, sums)
            nisa.dma_copy(dst=out[m : m + P, n : n + F], src=done)
    return out


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """The least of three, after one that fills caches, and the result."""
    found = work()
    taken = []
    for _ in range(3):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken), found


def _traced(kernel: Any) -> Timeline:
    return modelled(trace(kernel, LONG)[0])


def main() -> None:
    """Print the table."""
    print(LINE.format("what", "instructions", "seconds"))
    for name, kernel in (("NKI 2", second), ("NKI 1", kernel_of(first)), ("NKI 1, masks", kernel_of(masked))):
        seconds, line = _seconds(partial(_traced, kernel))
        print(LINE.format(f"{name}: trace without data, modelled", len(line.program.instructions), f"{seconds:.2f}"))
    a, b = np.random.default_rng(0).standard_normal((2, 1024, 1024)).astype(np.float32)
    seconds, found = _seconds(lambda: simulate(product)(a, b))
    np.testing.assert_allclose(found, a.T @ b, rtol=1e-4, atol=1e-3)
    print(LINE.format("product 1024x1024x1024 float32, with data", "", f"{seconds:.2f}"))


if __name__ == "__main__":
    main()
