"""Building and calling emitted programs in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from accelcore.cgen import VectorIsa, emit, portable
from accelcore.cgen.abi import program_arguments
from accelcore.cgen.native import NativeEvaluator
from accelcore.cgen.toolchain import cpu_features
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, array, param, size
from accelcore.loops.nodes import Buffer, Memory, Program
from accelcore.values import Artifact, Kernel, Limits, Param, Role, Source, Task, sizes_of

LIMITS = Limits(seconds=60)
FLAGS = "-O2 -march=native"


def isas() -> list[VectorIsa]:
    """Every instruction set that this machine runs, of core and (where installed) of the AVX plugin."""
    found = [portable(128), portable(256), portable(512)]
    try:
        from accelcore_avx.avx2 import AVX2
        from accelcore_avx.avx512 import AVX512
        from accelcore_avx.target import lacking
    except ImportError:
        return found
    known = {"avx2": AVX2, "avx512": AVX512}
    return found + [isa for name, isa in known.items() if not lacking(name, cpu_features())]


each_isa = pytest.mark.parametrize("isa", isas(), ids=lambda isa: isa.name)

NUMPY = {name: f"{d.kind[0]}{(d.bits or 0) // 8}" for name, d in DTYPES.items() if d.bits and name != "bf16"}
NUMPY |= {"bool": "u1", "bf16": "u2"}


def given(name: str, dtype: str, *shape: Expr) -> Buffer:
    """An array that the program reads; without a shape a scalar argument."""
    return Buffer(name, dtype, shape, Memory.ARGUMENT, Role.IN if shape else Role.SCALAR)


def result(name: str, dtype: str, *shape: Expr) -> Buffer:
    """An array that the program writes."""
    return Buffer(name, dtype, shape, Memory.ARGUMENT, Role.OUT)


def sizes(*names: str) -> tuple[Buffer, ...]:
    """Size arguments."""
    return tuple(Buffer(name, "i64", (), Memory.ARGUMENT, Role.SIZE) for name in names)


def it(name: str) -> Expr:
    """A loop's iterator."""
    return param(name, "i64")


def vector(name: str, dtype: str) -> Expr:
    """A rank-1 array as an operand."""
    return array(name, dtype, 1)


N = size("n")


@dataclass
class Built:
    """A program in a shared object."""

    program: Program
    artifact: Artifact

    def __call__(self, values: Mapping[str, Any], **extents: int) -> dict[str, np.ndarray[Any, Any]]:
        """Results by name; values by argument name."""
        buffers: dict[str, np.ndarray[Any, Any]] = {}
        for arg in program_arguments(self.program):
            if arg.kind == "size":
                continue
            shape = tuple(_extent(e, extents) for e in arg.shape)
            given = values.get(arg.name)
            full = np.zeros(shape, NUMPY[arg.dtype]) if given is None else np.asarray(given, NUMPY[arg.dtype])
            buffers[arg.name] = np.array(full, order="C")
        with NativeEvaluator().open(self.artifact, limits=LIMITS) as runner:
            runner.call([buffers], extents)
        return {b.name: buffers[b.name] for b in self.program.arguments if b.role in (Role.OUT, Role.INOUT)}


def _extent(e: Expr, extents: Mapping[str, int]) -> int:
    match e.op:
        case "const":
            return int(e.value)
        case "size":
            return extents[e.name]
        case "add":
            return _extent(e.args[0], extents) + _extent(e.args[1], extents)
        case "sub":
            return _extent(e.args[0], extents) - _extent(e.args[1], extents)
        case "mul":
            return _extent(e.args[0], extents) * _extent(e.args[1], extents)
    raise ValueError(e)


def task_of(program: Program) -> Task:
    """A task with the program's signature; sizes come last, as sizes do that only shapes name."""
    arrays = [b for b in program.arguments if b.role is not Role.SIZE]
    params = tuple(Param(b.name, b.dtype, b.shape, b.role or Role.IN) for b in arrays)
    return Task(program.name, params, Source("", "c", program.name), sizes=(sizes_of({}),))


def kernel_of(program: Program, isa: VectorIsa, cc: str = "", flags: str = "") -> Kernel:
    """The program as a kernel; a schedule marks it as generated, so that it may share a unit."""
    extra = " ".join(isa.flags) if isa.name == "avx2" else ""
    build = (("flags", flags or f"{FLAGS if not extra else '-O2'} {extra}".strip()), *((("cc", cc),) if cc else ()))
    return Kernel(emit(program, isa), "c", f"ac_{program.name}", ("emitted",), build)


def build(program: Program, isa: VectorIsa, cc: str = "", flags: str = "") -> Built:
    """Compile one program; the compiler's words are the failure's message."""
    return build_all([program], isa, cc, flags)[0]


def build_all(programs: list[Program], isa: VectorIsa, cc: str = "", flags: str = "") -> list[Built]:
    """Compile programs of one signature in one go."""
    kernels = [kernel_of(p, isa, cc, flags) for p in programs]
    made = NativeEvaluator().build(task_of(programs[0]), kernels, limits=LIMITS)
    for one in made:
        assert isinstance(one, Artifact), one.log
    return [Built(p, a) for p, a in zip(programs, made, strict=True) if isinstance(a, Artifact)]
