"""The ways to run a kernel that both generations name: baremetal, benchmark, profile, simulate_kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from accelcore_nki.kernels import OBSERVERS, Kernel, run, trace
from accelcore_nki.recorder import Program

_MOST_RUN = 20_000  # instructions of a benchmark that is run too


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
        """Note its modelled time and run it on the arrays.

        A kernel of many instructions is timed only, and None comes back: results of a benchmark are documented to be
        undefined, and the shapes that people benchmark take minutes on a host.
        """
        programs = trace(self.kernel, *args, **kwargs)
        self.benchmark_result = BenchmarkResult(Latency(_microseconds(programs)))
        if self.parent is not None:
            self.parent.benchmark_result = self.benchmark_result
        if sum(len(program.instructions) for program in programs) > _MOST_RUN:
            for observer in OBSERVERS:
                observer(self.__name__, programs)
            return None
        return run(self.kernel, args, kwargs, strict=False).value


def _microseconds(programs: tuple[Program, ...]) -> float:
    from accelcore_nki.timing import modelled

    lines = [modelled(program) for program in programs]
    return (sum(line.total - line.launch for line in lines) + lines[0].launch) / 1000


def ways(kernel_of: Callable[[Any], Kernel]) -> dict[str, Callable[..., Any]]:
    """The functions by name, for a generation whose functions `kernel_of` makes kernels of.

    baremetal runs on arrays (files that it would save are not written); benchmark and profile also model the time, in
    `.benchmark_result.nc_latency`; simulate_kernel(kernel, arrays...) runs at once.
    """

    def made(function: Any) -> Kernel:
        return function.kernel if isinstance(function, Timed) else kernel_of(function)

    def baremetal(kernel: Any = None, **options: Any) -> Any:
        return functools.partial(baremetal, **options) if kernel is None else made(kernel)

    def benchmark(kernel: Any = None, **options: Any) -> Any:
        return functools.partial(benchmark, **options) if kernel is None else Timed(made(kernel))

    def simulate_kernel(kernel: Any, *args: Any, **kwargs: Any) -> Any:
        return run(made(kernel), args, kwargs, strict=False).value

    return {"baremetal": baremetal, "benchmark": benchmark, "profile": benchmark, "simulate_kernel": simulate_kernel}
