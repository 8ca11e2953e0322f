"""Kernels of NKI 1 and the ways to run them: jit, baremetal, benchmark, profile, simulate_kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accelcore_nki.kernels import Kernel, run
from accelcore_nki.nki1.tiles import Tile
from accelcore_nki.recorder import Program, current
from accelcore_nki.tensors import NkiTensor


def kernel_of(function: Any, **options: Any) -> Kernel:
    """The kernel of a function that is written against NKI 1; a kernel stays as it is."""
    if isinstance(function, Kernel):
        return function
    if isinstance(function, Timed):
        return function.kernel
    return Kernel(_adapted(function), target=options.get("platform_target") or "", options=options, surface=1)


def _adapted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with tiles for the core's tensors; called by another kernel it is part of that one."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(v, Tile) for v in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        returned = function(*map(_wrapped, args), **{k: _wrapped(v) for k, v in kwargs.items()})
        recorder = current()
        if recorder.pending is not None:
            recorder.pending()
        return _unwrapped(returned)

    return call


def _wrapped(value: Any) -> Any:
    if isinstance(value, NkiTensor):
        return Tile(value)
    return type(value)(map(_wrapped, value)) if isinstance(value, tuple | list) else value


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Tile):
        return value.view
    if isinstance(value, dict):
        return {k: _unwrapped(v) for k, v in value.items()}
    return type(value)(map(_unwrapped, value)) if isinstance(value, tuple | list) else value


def jit(func: Any = None, mode: str = "auto", **options: Any) -> Any:
    """`nki.jit`; every mode runs in the simulator, and mode="benchmark" notes the modelled time."""
    if func is None:
        return functools.partial(jit, mode=mode, **options)
    return Timed(kernel_of(func, **options)) if mode in ("benchmark", "profile") else kernel_of(func, **options)


def baremetal(kernel: Any = None, **options: Any) -> Any:
    """`nki.baremetal`: run on arrays; files that it would save are not written."""
    return functools.partial(baremetal, **options) if kernel is None else kernel_of(kernel)


def benchmark(kernel: Any = None, **options: Any) -> Any:
    """`nki.benchmark`: run on arrays, with the modelled latency in `.benchmark_result.nc_latency`."""
    return functools.partial(benchmark, **options) if kernel is None else Timed(kernel_of(kernel))


profile = benchmark


def simulate_kernel(kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """`nki.simulate_kernel(kernel, arrays...)`: run it; arguments that it writes get their new values."""
    return run(kernel_of(kernel), args, kwargs, strict=False).value


def trace(kernel: Any = None, **options: Any) -> Any:
    """`nki.trace`: the function as a kernel."""
    return jit(kernel, **options)


@dataclass(frozen=True)
class Latency:
    """Modelled latency: one number, the same in every percentile."""

    microseconds: float

    def get_latency_percentile(self, percentile: int) -> float:
        """The modelled time in us; a model has no spread."""
        return self.microseconds


@dataclass(frozen=True)
class BenchmarkResult:
    """What `benchmark` found."""

    nc_latency: Latency


@dataclass
class Timed:
    """A kernel that models its time at each call.

    benchmark_result: of the last call, instances one after another; None before the first.  parent: the one that this
    is a launch of on a grid, which gets the result too.
    """

    kernel: Kernel
    benchmark_result: BenchmarkResult | None = field(default=None)
    parent: Timed | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.__name__ = getattr(self.kernel, "__name__", "kernel")

    def __getitem__(self, grid: Any) -> Timed:
        """The kernel on a grid."""
        return Timed(self.kernel[grid], parent=self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it on arrays and note its modelled time."""
        result = run(self.kernel, args, kwargs, strict=False)
        self.benchmark_result = BenchmarkResult(Latency(_microseconds(result.programs)))
        if self.parent is not None:
            self.parent.benchmark_result = self.benchmark_result
        return result.value


def _microseconds(programs: tuple[Program, ...]) -> float:
    from accelcore_nki.timing import modelled

    lines = [modelled(program) for program in programs]
    return (sum(line.total - line.launch for line in lines) + lines[0].launch) / 1000
