"""The kernels of the table as a NumPy user who minds temporaries writes them, raced against an exported kernel.

    python bench/avx/libraries.py FOLDER FUNCTION SIZE=N ...

Run it with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1, as run.py does.
Both sides are called from Python in this process, pinned to one CPU, on the same arrays: filled before, in 2 MiB pages
where the system grants them, results by `out=`.  Rounds are A B B A and B A A B in turn; the ratio is the median of the
rounds' ratios.  What a call costs on arrays of one element is measured apart and taken off each side.
Prints a JSON object: library -> {"ratio", "ms", "dispatch_us"} or {"reason"}.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import mmap
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Call = Callable[[], object]
ROUNDS, SLICE = 21, 1e-3  # rounds of a race, and the least seconds of one measurement
_HUGE = 2 << 20


def array(shape: tuple[int, ...], dtype: str) -> Array:
    """An array on pages that were asked to be huge, every one touched."""
    kind = np.dtype(dtype)
    count = int(np.prod(shape, dtype=np.int64))
    raw = mmap.mmap(-1, max(1, count * kind.itemsize) + _HUGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        raw.madvise(mmap.MADV_HUGEPAGE)
    whole = np.frombuffer(raw, np.uint8)
    start = -whole.ctypes.data % _HUGE
    found = whole[start : start + count * kind.itemsize].view(kind).reshape(shape)
    found.fill(0)
    return found


def filled(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    """Such an array of normal floats or uniform integers."""
    found = array(shape, dtype)
    rng = np.random.default_rng(seed)
    if found.dtype.kind == "f":
        found[...] = rng.standard_normal(shape, dtype=np.float32)
    else:
        limits = np.iinfo(found.dtype)
        found[...] = rng.integers(limits.min, limits.max, shape, dtype=found.dtype, endpoint=True)
    return found


# What a user would write.  Each takes the arguments and the result, and gives a call without arguments.


def softmax(x: Array, *, out: Array) -> Call:
    top, total = array((len(x), 1), "f4"), array((len(x), 1), "f4")

    def run() -> None:
        np.max(x, axis=1, keepdims=True, out=top)
        np.subtract(x, top, out=out)
        np.exp(out, out=out)
        np.sum(out, axis=1, keepdims=True, out=total)
        np.divide(out, total, out=out)

    return run


def _normed(rows: Array, w: Array, out: Array) -> None:
    scale = np.sqrt(np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1]) + np.float32(1e-5))
    np.divide(rows, scale[:, None], out=out)
    np.multiply(out, w, out=out)


def rmsnorm(x: Array, w: Array, *, out: Array) -> Call:
    return lambda: _normed(x, w, out)


def residual_rmsnorm(x: Array, y: Array, w: Array, *, out: Array) -> Call:
    return lambda: _normed(np.add(x, y, out=out), w, out)


def layernorm(x: Array, w: Array, b: Array, *, out: Array) -> Call:
    def run() -> None:
        np.subtract(x, np.mean(x, axis=1, keepdims=True), out=out)
        _normed(out, w, out)
        np.add(out, b, out=out)

    return run


def logsumexp(x: Array, *, out: Array) -> Call:
    moved = array(x.shape, "f4")

    def run() -> None:
        top = np.max(x, axis=1, keepdims=True)
        np.exp(np.subtract(x, top, out=moved), out=moved)
        np.sum(moved, axis=1, out=out)
        np.add(np.log(out, out=out), top[:, 0], out=out)

    return run


def transpose(x: Array, *, out: Array) -> Call:
    return lambda: np.copyto(out, x.T)


def overlay_f32(base: Array, active: Array, *, out: Array) -> Call:
    low, rest = array(base.shape, "f4"), array(base.shape, "f4")
    dark = array(base.shape, "?")

    def run() -> None:
        np.less(base, 0.5, out=dark)
        np.multiply(base, active, out=low)
        np.multiply(low, 2, out=low)
        np.subtract(1, base, out=out)
        np.subtract(1, active, out=rest)
        np.multiply(out, rest, out=out)
        np.multiply(out, -2, out=out)
        np.add(out, 1, out=out)
        np.copyto(out, low, where=dark)

    return run


def multiply(base: Array, active: Array, *, out: Array) -> Call:
    wide = array(base.shape, "u2")

    def run() -> None:
        np.multiply(base, active, out=wide, dtype=np.uint16)
        np.floor_divide(wide, 255, out=wide)
        np.copyto(out, wide, casting="unsafe")

    return run


def darken(base: Array, active: Array, *, out: Array) -> Call:
    return lambda: np.minimum(base, active, out=out)


def five_loops(x: Array, y: Array, *, out: Array) -> Call:
    def run() -> None:
        np.subtract(x, y, out=out)
        np.multiply(out, out, out=out)
        np.multiply(out, 0.5, out=out)
        np.add(out, x, out=out)
        np.maximum(out, 0, out=out)

    return run


def saxpy(a: float, x: Array, y: Array, *, out: Array) -> Call:
    return lambda: np.add(np.multiply(x, np.float32(a), out=out), y, out=out)


def dot(x: Array, y: Array, *, out: Array) -> Call:
    return lambda: np.dot(x, y, out=out)


def argmax(x: Array, *, out: Array) -> Call:
    places = array((len(x),), "i8")
    return lambda: np.copyto(out, np.argmax(x, axis=1, out=places), casting="unsafe")


def prefix_sum(x: Array, *, out: Array) -> Call:
    return lambda: np.cumsum(x, out=out)


def histogram(x: Array, *, out: Array) -> Call:
    return lambda: np.copyto(out, np.bincount(x, minlength=256), casting="unsafe")


def sgemm(a: Array, b: Array, *, out: Array) -> Call:
    return lambda: np.matmul(a, b, out=out)


def gemv(a: Array, x: Array, *, out: Array) -> Call:
    return lambda: np.matmul(a, x, out=out)


def gemm_u8s8(a: Array, b: Array, *, out: Array) -> Call:
    left, right, product = array(a.shape, "f4"), array(b.shape, "f4"), array(out.shape, "f4")

    def run() -> None:  # exact while sums stay below 2**24
        np.copyto(left, a)
        np.copyto(right, b)
        np.copyto(out, np.matmul(left, right, out=product), casting="unsafe")

    return run


def conv3x3(x: Array, weight: Array, *, out: Array) -> Call:
    h, w, _ = out.shape
    part = array(out.shape, "f4")

    def run() -> None:
        out.fill(0)
        for di in range(3):
            for dj in range(3):
                np.add(out, np.matmul(x[di : di + h, dj : dj + w], weight[di, dj], out=part), out=out)

    return run


def attention(q: Array, k: Array, v: Array, *, out: Array) -> Call:
    score = array((len(q), len(k)), "f4")
    weigh = softmax(score, out=score)

    def run() -> None:
        np.matmul(q, k.T, out=score)
        np.multiply(score, 0.125, out=score)
        weigh()
        np.matmul(score, v, out=out)

    return run


def swiglu(x: Array, gate: Array, up: Array, *, out: Array) -> Call:
    g, e = array(out.shape, "f4"), array(out.shape, "f4")

    def run() -> None:
        np.matmul(x, gate, out=g)
        np.matmul(x, up, out=out)
        np.multiply(out, g, out=out)
        np.exp(np.negative(g, out=e), out=e)
        np.divide(out, np.add(e, 1, out=e), out=out)

    return run


WRITTEN = (
    softmax, rmsnorm, residual_rmsnorm, layernorm, logsumexp, transpose, overlay_f32, multiply, darken, five_loops,
    saxpy, dot, argmax, prefix_sum, histogram, sgemm, gemv, gemm_u8s8, conv3x3, attention, swiglu,
)  # fmt: skip
"""Those that NumPy can do by whole arrays: it has no erf, and overlay of bytes needs a choice between wide products."""


# Racing.


_KINDS = {"f32": "f4", "u8": "u1", "i8": "i1", "i32": "i4"}


class Exported:
    """An exported kernel as a C function, without the checks of its wrapper, and operands for it."""

    def __init__(self, folder: str) -> None:
        self.facts = runpy.run_path(f"{folder}/wrapper.py")
        path = f"{folder}/race.so"
        command = [*self.facts["FLAGS"], "-shared", "-fPIC", f"{folder}/kernel.c", "-o", path]
        subprocess.run([*command, *self.facts["LIBRARIES"]], check=True)
        self.library = ctypes.CDLL(path)
        self.entry = self.facts["KERNEL"]["entry"]

    def operands(self, sizes: Mapping[str, int]) -> tuple[dict[str, Any], Array]:
        """Arguments by name at these sizes, and the result."""
        extents = self.facts["bind_extents"](**sizes)
        inputs: dict[str, Any] = {}
        for at, a in enumerate(self.facts["ARGUMENTS"]):
            if a["role"] == "out":
                result = array(extents[a["name"]], _KINDS[a["dtype"]])
            elif a["kind"] == "pointer":
                inputs[a["name"]] = filled(extents[a["name"]], _KINDS[a["dtype"]], at)
            elif a["kind"] == "scalar":
                inputs[a["name"]] = 1.25
        return inputs, result

    def call(self, inputs: Mapping[str, Any], out: Array, sizes: Mapping[str, int]) -> Call:
        """The kernel on these, arguments already converted."""
        given: list[Any] = []
        held: list[Array] = []  # what the pointers point to lives as long as the call
        for a in self.facts["ARGUMENTS"]:
            if a["kind"] == "size":
                given.append(ctypes.c_int64(sizes[a["name"]]))
            elif a["kind"] == "scalar":
                given.append(ctypes.c_float(inputs[a["name"]]))
            else:
                held.append(out if a["role"] == "out" else inputs[a["name"]])
                given.append(ctypes.c_void_p(held[-1].ctypes.data))
        if hasattr(self.library, f"{self.entry}_workspace"):
            measure = getattr(self.library, f"{self.entry}_workspace")
            measure.restype = ctypes.c_int64
            bytes_needed = measure(*(ctypes.c_int64(sizes[n]) for n in self.facts["KERNEL"]["sizes"]))
            held.append(array((bytes_needed,), "u1"))
            given.append(ctypes.c_void_p(held[-1].ctypes.data))
        function = getattr(self.library, self.entry)

        def run() -> None:
            assert held
            function(*given)

        return run


def calls(exported: Exported, write: Callable[..., Call], sizes: Mapping[str, int]) -> tuple[Call, Call]:
    """The kernel and the library on the same arguments, each with a result of its own that they must agree on."""
    inputs, ours = exported.operands(sizes)
    theirs = array(ours.shape, ours.dtype.str)
    kernel, library = exported.call(inputs, ours, sizes), write(**inputs, out=theirs)
    kernel()
    library()
    if not np.allclose(ours, theirs, rtol=1e-3, atol=1e-2):
        raise SystemExit(f"{write.__name__}: the kernel and NumPy disagree")
    return kernel, library


def seconds(call: Call, times: int) -> float:
    """Mean seconds of so many calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def race(a: Call, b: Call) -> tuple[list[float], list[float]]:
    """Seconds a call of both, by rounds."""
    times = [max(1, round(SLICE / max(1e-9, min(seconds(c, 1) for _ in range(3))))) for c in (a, b)]
    found: tuple[list[float], list[float]] = ([], [])
    for at in range(ROUNDS):
        order = (0, 1, 1, 0) if at % 2 else (1, 0, 0, 1)
        spent = [0.0, 0.0]
        for side in order:
            spent[side] += seconds((a, b)[side], times[side]) / 2
        for side in (0, 1):
            found[side].append(spent[side])
    return found


def against_numpy(folder: str, function: str, sizes: Mapping[str, int]) -> dict[str, Any]:
    """The race of one kernel against NumPy."""
    write = next((w for w in WRITTEN if w.__name__ == function), None)
    if write is None:
        return {"reason": "NumPy has no whole-array form"}
    exported, smallest = Exported(folder), dict.fromkeys(sizes, 3 if function == "conv3x3" else 1)
    idle = [min(column) for column in race(*calls(exported, write, smallest))]
    ours, theirs = race(*calls(exported, write, sizes))
    least = [min(column) / 20 for column in (ours, theirs)]  # where calling is nearly all of it, no more is taken off
    ratios = [max(b - idle[1], least[1]) / max(a - idle[0], least[0]) for a, b in zip(ours, theirs, strict=True)]
    return {"ratio": median(ratios), "ms": median(theirs) * 1e3, "dispatch_us": idle[1] * 1e6}


def main() -> None:
    """Race one exported kernel against the libraries that are here."""
    folder, function, *given = sys.argv[1:]
    sizes = {name: int(value) for name, _, value in (text.partition("=") for text in given)}
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = {"numpy out=": against_numpy(folder, function, sizes)}
    for library in ("torch", "halide"):
        here = importlib.util.find_spec(library) is not None
        found[library] = {"reason": "installed, but no rows are written for it" if here else "not installed"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
