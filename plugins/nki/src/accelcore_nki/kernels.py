"""Kernels: tracing them to programs, and running them on arrays."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from accelcore_nki.dtypes import name_of
from accelcore_nki.errors import NkiError
from accelcore_nki.generations import Generation, default_generation, generation
from accelcore_nki.occupancy import occupancy
from accelcore_nki.recorder import Program, Recorder, recording, tracing
from accelcore_nki.tensors import NkiTensor

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

OBSERVERS: list[Callable[[str, tuple[Program, ...]], None]] = []
"""Called with the name and the programs of every kernel that `run` has executed in this process."""


@dataclass(frozen=True)
class Shape:
    """An argument without values, for traces: `Shape((128, 512), "bfloat16")`."""

    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True)
class Result:
    """A run: what the kernel returned, its programs (one an instance of the grid), findings, printed lines.

    findings: reads of uninitialised memory and the like that a lenient run lets pass, with their lines.
    """

    value: Any
    programs: tuple[Program, ...]
    findings: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kernel:
    """What `nki.jit` makes of a function; calling it runs it on arrays, or inlines it in a kernel.

    surface: 2, or 1 for a function that is written against NKI 1.
    """

    function: Callable[..., Any]
    grid: tuple[int, ...] = ()
    target: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    surface: int = 2

    def __post_init__(self) -> None:
        # __dict__ is filled directly because the dataclass is frozen
        self.__dict__.update({name: getattr(self.function, name, "") for name in ("__name__", "__doc__")})

    def __getitem__(self, grid: Any) -> Kernel:
        """The kernel launched on a grid."""
        return replace(self, grid=_extents(grid))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run on arrays; inside another kernel, be part of it."""
        if tracing():
            return self.function(*args, **kwargs)
        return run(self, args, kwargs, strict=False).value

    def with_schedule(self, *_: Any, **__: Any) -> Kernel:
        """The kernel: schedules are requests to the real compiler; the simulator keeps program order."""
        return self


def _extents(grid: Any) -> tuple[int, ...]:
    parts = grid if isinstance(grid, tuple | list) else (grid,)
    return tuple(int(g) for g in parts)


def jit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`nki.jit`, with or without arguments; platform_target chooses the generation."""
    if function is None:
        return functools.partial(jit, **options)
    return Kernel(function, target=options.get("platform_target") or "", options=options)


def simulate(kernel: Any, *, target: str | None = None, strict: bool = True) -> Callable[..., Any]:
    """`simulate(kernel)(arrays)`: run a kernel on NumPy arrays and return what it returns.

    target: trn1, trn2 or trn3; else the kernel's own, else the environment's, else trn2.  strict: reading memory that
    nothing has written is an error, else poison (NaN) flows on.  Raises NkiError for what breaks a rule.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return run(kernel, args, kwargs, target=target, strict=strict).value

    return call


def trace(kernel: Any, *args: Any, target: str | None = None, **kwargs: Any) -> tuple[Program, ...]:
    """The instruction programs of a kernel, one an instance of its grid, without running anything.

    Arguments are `Shape`s or arrays, whose values are not read.
    """
    return tuple(r.program for r, _ in _instances(_kernel(kernel), args, kwargs, target, None))


def run(
    kernel: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, target: str | None = None, strict: bool = True
) -> Result:
    """Trace and execute all instances of a kernel, in the order of the grid."""
    from accelcore_nki.execute.memory import Memory

    found = _kernel(kernel)
    memory = Memory(strict=strict, silent=found.surface == 1)
    recorders = list(_instances(found, args, kwargs, target, memory))
    value = _fetch(recorders[-1][1], memory, strict)
    _write_back([recorder for recorder, _ in recorders], args, kwargs, memory)
    findings = tuple(memory.findings.values())
    for finding in findings:
        warnings.warn(finding, stacklevel=3)
    programs = tuple(r.program for r, _ in recorders)
    for observer in OBSERVERS:
        observer(getattr(kernel, "__name__", "kernel"), programs)
    return Result(value, programs, findings, tuple(memory.printed))


def _kernel(kernel: Any) -> Kernel:
    if isinstance(kernel, Kernel):
        return kernel
    if callable(kernel):
        return Kernel(kernel)
    raise NkiError(f"a {type(kernel).__name__} is no kernel", hint="a function, with or without @nki.jit")


def chip_of(kernel: Kernel, target: str | None) -> Generation:
    """The generation to trace for: what is asked for, else the kernel's, else the environment's, else trn2."""
    asked = target or kernel.target
    return generation(asked) if asked else default_generation()


def _instances(kernel: Kernel, args: Any, kwargs: Any, target: str | None, memory: Any) -> Any:
    """(recorder, returned) of each instance of the grid; instances share inputs and shared HBM."""
    first: Recorder | None = None
    devices: tuple[Any, Any] = ((), {})
    for position in itertools.product(*map(range, kernel.grid)):
        recorder = Recorder(Program(chip_of(kernel, target), surface=kernel.surface), memory, kernel.grid, position)
        if first is None:
            devices = _arguments(recorder, args, kwargs)
            first = recorder
        else:
            recorder.program.storages = first.program.storages
            recorder.program.inputs, recorder.shared = first.program.inputs, first.shared
        with recording(recorder):
            returned = kernel.function(*devices[0], **devices[1])
            recorder.program.outputs = list(_leaves(returned))
            _written(recorder)
            occupancy(recorder.program)
        yield recorder, returned


def _arguments(recorder: Recorder, args: Any, kwargs: Any) -> tuple[Any, Any]:
    named = {**{f"argument {n}": a for n, a in enumerate(args)}, **kwargs}
    devices = {name: _device(recorder, name, value) for name, value in named.items()}
    return [devices[f"argument {n}"] for n in range(len(args))], {name: devices[name] for name in kwargs}


def _device(recorder: Recorder, name: str, value: Any) -> Any:
    """Arrays (and lists and dicts of them) become tensors in HBM; everything else stays as it is."""
    if isinstance(value, tuple | list) and value and any(_is_array(v) for v in value):
        return type(value)(_device(recorder, f"{name}[{n}]", v) for n, v in enumerate(value))
    if isinstance(value, dict) and any(_is_array(v) for v in value.values()):
        return {key: _device(recorder, f"{name}[{key!r}]", v) for key, v in value.items()}
    if not _is_array(value):
        return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    if isinstance(value, Shape):
        return recorder.input(value.shape, name_of(value.dtype), name)
    kind = _narrowed(recorder, value.dtype, name)
    if str(value.dtype) == "torch.bfloat16":
        value = value.float()  # NumPy has no such type; the tensor is given it again on the device
    return recorder.input(tuple(value.shape), kind, name, value)


def _narrowed(recorder: Recorder, dtype: Any, name: str) -> str:
    """The type of an argument; in a lenient run 64-bit arrays of the host come in as 32-bit, which is noted."""
    narrow = {"float64": "float32", "int64": "int32", "uint64": "uint32"}.get(str(dtype))
    if narrow is None or (recorder.memory is not None and recorder.memory.strict):
        return name_of(dtype)
    if recorder.memory is not None:
        recorder.memory.findings[name] = f"{name} is {dtype}, which the chip does not have: taken as {narrow} [dtype]"
    return narrow


def _is_array(value: Any) -> bool:
    return isinstance(value, Shape) or (hasattr(value, "shape") and hasattr(value, "dtype") and bool(value.shape))


def _leaves(returned: Any) -> Any:
    if isinstance(returned, NkiTensor):
        yield returned
    elif isinstance(returned, tuple | list):
        for value in returned:
            yield from _leaves(value)
    elif isinstance(returned, dict):
        for value in returned.values():
            yield from _leaves(value)


def _written(recorder: Recorder) -> None:
    for output in recorder.program.outputs:
        # buffer=nl.hbm was right for results before NKI 0.3, and nothing is lost by letting it pass
        if output.storage.on_chip or (output.buffer == "private_hbm" and output.storage.role != "hbm"):
            raise NkiError(
                f"the kernel returns a tensor in {output.buffer}",
                rule="output-buffer",
                operands=(str(output),),
                where=output.storage.line,
                hint="allocate results with buffer=nl.shared_hbm",
            )
        if not output.storage.used and recorder.position == tuple(g - 1 for g in recorder.grid):
            raise NkiError(
                "the kernel returns a tensor that it never writes",
                rule="output-not-written",
                operands=(str(output),),
                where=output.storage.line,
                hint="nisa.dma_copy the result to it",
            )


def _fetch(returned: Any, memory: Any, strict: bool) -> Any:
    """What the kernel returned, with arrays for tensors."""
    if isinstance(returned, tuple | list):
        return type(returned)(_fetch(v, memory, strict) for v in returned)
    if isinstance(returned, dict):
        return {k: _fetch(v, memory, strict) for k, v in returned.items()}
    if not isinstance(returned, NkiTensor):
        return returned
    if not memory.complete(returned):
        found = NkiError(
            "parts of a result are never written",
            rule="output-not-written",
            operands=(str(returned),),
            where=returned.storage.line,
            hint="check the tiles of ragged shapes",
        )
        if strict:
            raise found
        memory.findings[returned.storage.line] = str(found)
    return memory.read(returned, check=False).copy()


def _write_back(recorders: list[Recorder], args: Any, kwargs: Any, memory: Any) -> None:
    """Arguments that the kernel wrote to get their new values."""
    import numpy as np

    written = {view.storage.index for r in recorders for i in r.program.instructions for view in i.dst}
    host = iter([*(v for a in (*args, *kwargs.values()) for v in _flat_arrays(a))])
    for view, array in zip(recorders[0].program.inputs, host, strict=False):
        if view.storage.index in written and isinstance(array, np.ndarray) and array.flags.writeable:
            array[...] = memory.read(view, check=False).astype(array.dtype)


def _flat_arrays(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in _flat_arrays(v)]
    if isinstance(value, tuple | list):
        return [leaf for v in value for leaf in _flat_arrays(v)]
    return [value] if _is_array(value) else []
