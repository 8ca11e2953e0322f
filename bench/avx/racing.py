"""Operands, exported kernels and races: what libraries.py times, and how.

Buffers are filled before, in 2 MiB pages where the system grants them, for both sides alike.  Rounds are A B B A and
B A A B in turn; a ratio is the median of the rounds' ratios.  What a call costs on arrays of one element is measured
apart and taken off each side.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import runpy
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Call = Callable[[], object]
ROUNDS, SLICE = 21, 1e-3  # rounds of a race, and the least seconds of one measurement
DECIDED = ((8.0, 2), (2.0, 5))  # one side so many times slower is decided after so many rounds
LONG = 0.5  # seconds of a call from which on one tells how long it is
_HUGE = 2 << 20
OWN_CPU = "ACCELCORE_BENCH_CPU"
_MAPPED: list[mmap.mmap] = []  # pages are never given back: a view may outlive its array


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


_KINDS = {"f32": "f4", "u8": "u1", "i8": "i1", "i32": "i4"}


_CONSUMER = """
#include <stdint.h>
uint64_t consume(const uint8_t *p, int64_t n) {
    uint64_t sum = 0;
    for (int64_t i = 0; i + 8 <= n; i += 8) { uint64_t v; __builtin_memcpy(&v, p + i, 8); sum += v; }
    return sum;
}
"""


def consumer(folder: str) -> Callable[[Array], Call]:
    """What reads a whole result once, as the next step of a program would."""
    source, path = Path(folder, "consumer.c"), f"{folder}/consumer.so"
    source.write_text(_CONSUMER)
    subprocess.run(["gcc", "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", path], check=True)
    function = ctypes.CDLL(path).consume

    def reading(result: Array) -> Call:
        words = (ctypes.c_void_p(result.ctypes.data), ctypes.c_int64(result.nbytes))
        return lambda: function(*words)

    return reading


class Interface:
    """The C interface of an exported kernel: operands for it, and calls of any library that has it."""

    def __init__(self, folder: str) -> None:
        self.facts = runpy.run_path(f"{folder}/wrapper.py")
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

    def call(self, path: str, inputs: Mapping[str, Any], out: Array, sizes: Mapping[str, int]) -> Call:
        """The function of a shared object on these, arguments already converted."""
        library = ctypes.CDLL(path)
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
        if hasattr(library, f"{self.entry}_workspace"):
            measure = getattr(library, f"{self.entry}_workspace")
            measure.restype = ctypes.c_int64
            bytes_needed = measure(*(ctypes.c_int64(sizes[n]) for n in self.facts["KERNEL"]["sizes"]))
            held.append(array((bytes_needed,), "u1"))
            given.append(ctypes.c_void_p(held[-1].ctypes.data))
        function = getattr(library, self.entry)

        def run() -> None:
            assert held
            function(*given)

        return run


def built(source: str, to: str, command: Sequence[str], libraries: Sequence[str] = ("-lm",)) -> str:
    """The shared object of a C file."""
    subprocess.run([*command, "-shared", "-fPIC", source, "-o", to, *libraries], check=True, capture_output=True)
    return to


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Run as a real-time process where the system lets us, and alone: while no judge of accelcore times.

    With a CPU of its own (ACCELCORE_BENCH_CPU), on which no judge times, it does not wait for them.
    """
    with open(f"{tempfile.gettempdir()}/accelcore-cpu.lease", "a") as held:
        if OWN_CPU not in os.environ:
            fcntl.flock(held, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def pinned() -> None:
    """Stay on one CPU: the last of those that we may use, or the one that was named."""
    if hasattr(os, "sched_setaffinity"):
        cpu = os.environ.get(OWN_CPU)
        os.sched_setaffinity(0, {int(cpu) if cpu else max(os.sched_getaffinity(0))})


def seconds(call: Call, times: int) -> float:
    """Mean seconds of so many calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def rounds(a: Call, b: Call) -> tuple[list[float], list[float]]:
    """Seconds a call of both, by rounds."""
    with undisturbed():
        return _rounds(a, b)


def _rounds(a: Call, b: Call) -> tuple[list[float], list[float]]:
    times = [max(1, round(SLICE / max(1e-9, _shortest(c)))) for c in (a, b)]
    found: tuple[list[float], list[float]] = ([], [])
    for at in range(ROUNDS):
        order = (0, 1, 1, 0) if at % 2 else (1, 0, 0, 1)
        spent = [0.0, 0.0]
        for side in order:
            spent[side] += seconds((a, b)[side], times[side]) / 2
        for side in (0, 1):
            found[side].append(spent[side])
        if any(at + 1 >= least and max(spent) > far * min(spent) for far, least in DECIDED):
            break
    return found


def _shortest(call: Call) -> float:
    """Least seconds of three calls; of one, where that is long."""
    found = seconds(call, 1)
    return found if found > LONG else min(found, seconds(call, 1), seconds(call, 1))


@dataclass(frozen=True)
class Raced:
    """A race: the other side's time over the kernel's, the quartiles of the rounds, both times."""

    ratio: float
    low: float
    high: float
    ours: float
    theirs: float

    def json(self, dispatch: float) -> dict[str, float]:
        """As it is printed: ratios, milliseconds, and microseconds of a call that were taken off the other side."""
        return {
            "ratio": self.ratio, "low": self.low, "high": self.high, "ours_ms": self.ours * 1e3,
            "ms": self.theirs * 1e3, "dispatch_us": dispatch * 1e6,
        }  # fmt: skip


def race(kernel: Call, other: Call, idle: tuple[float, float] = (0.0, 0.0)) -> Raced:
    """Both in turn.  idle: what a call of each costs; where that is nearly all, no more than 95 % is taken off."""
    ours, theirs = rounds(kernel, other)
    net = [[max(t - cost, t / 20) for t in column] for column, cost in zip((ours, theirs), idle, strict=True)]
    ratios = [b / a for a, b in zip(*net, strict=True)]
    low, _, high = quantiles(ratios, n=4)
    return Raced(median(ratios), low, high, median(net[0]), median(net[1]))


def idle(kernel: Call, other: Call) -> tuple[float, float]:
    """Least seconds of a call of each, of calls on the smallest arrays."""
    ours, theirs = rounds(kernel, other)
    return min(ours), min(theirs)
