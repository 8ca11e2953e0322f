"""`nki.language`: types, buffers, allocation, ranges, operators, and the functions that return tiles."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from accelcore_nki import functions
from accelcore_nki.dtypes import SIZES, name_of
from accelcore_nki.errors import Unsimulated, unsupported
from accelcore_nki.functions import (
    OPERATORS,
    copy,
    load,
    load_transpose2d,
    matmul,
    mean,
    prod,
    rms_norm,
    softmax,
    store,
    transpose,
)
from accelcore_nki.generations import PARTITIONS, Generation, default_generation
from accelcore_nki.recorder import current, tracing
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.tensors import NkiTensor

sbuf, psum, hbm, shared_hbm, private_hbm = "sbuf", "psum", "hbm", "shared_hbm", "private_hbm"
bool_ = "bool"
sum, max, min = functions.sum_, functions.max_, functions.min_

__all__ = [
    "NKIObject", "NkiTensor", "affine_range", "copy", "device_print", "ds", "dynamic_range", "fori_loop", "full",
    "load", "load_transpose2d", "matmul", "max", "mean", "min", "nc", "ndarray", "no_reorder", "num_programs", "ones",
    "prod", "program_id", "program_ndim", "psum", "rms_norm", "sbuf", "sequential_range", "shared_constant",
    "shared_hbm", "shared_identity_matrix", "softmax", "static_range", "store", "sum", "tile_size", "transpose",
    "while_loop", "zeros", "zeros_like",
]  # fmt: skip


class NKIObject:
    """Base class of plain Python objects that kernels pass around."""


class _TileSize:
    """Sizes that kernels tile by; some depend on the generation that is traced for."""

    pmax = PARTITIONS
    gemm_stationary_fmax = 128
    bn_stats_fmax = 512
    psum_min_align = 4
    sbuf_min_align = 1

    @property
    def psum_fmax(self) -> int:
        """float32 elements of a PSUM bank."""
        return _chip().psum_bank // 4

    @property
    def gemm_moving_fmax(self) -> int:
        """Most columns of a moving operand that every generation takes."""
        return 512

    @property
    def psum_num_banks(self) -> int:
        """Banks of PSUM."""
        return _chip().psum_banks

    @property
    def total_available_sbuf_size(self) -> int:
        """Bytes of an SBUF partition that kernels may use."""
        return _chip().usable


def _chip() -> Generation:
    """The generation that is traced for; outside kernels the environment's or trn2."""
    return current().generation if tracing() else default_generation()


tile_size = _TileSize()


def ndarray(shape: Any, dtype: Any, buffer: Any = None, name: str = "", address: Any = None, **_: Any) -> NkiTensor:
    """A new tensor, which holds nothing yet; SBUF unless said otherwise."""
    return current().allocate(shape, dtype, buffer, name, address)


def full(shape: Any, fill_value: Any, dtype: Any, buffer: Any = None, name: str = "") -> NkiTensor:
    """A new tensor with one value."""
    tile = current().allocate(shape, dtype, buffer, name)
    functions.fill(tile, fill_value)
    return tile


def zeros(shape: Any, dtype: Any, buffer: Any = None, name: str = "") -> NkiTensor:
    """A new tensor of zeros."""
    return full(shape, 0, dtype, buffer, name)


def ones(shape: Any, dtype: Any, buffer: Any = None, name: str = "") -> NkiTensor:
    """A new tensor of ones."""
    return full(shape, 1, dtype, buffer, name)


def zeros_like(x: NkiTensor, dtype: Any = None, buffer: Any = None, name: str = "") -> NkiTensor:
    """Zeros in the shape of another tensor."""
    return zeros(x.shape, dtype or x.dtype, buffer, name)


def shared_constant(constant: Any, dtype: Any = None) -> NkiTensor:
    """A constant array as a tensor in HBM."""
    import numpy as np

    values = np.asarray(constant)
    return current().input(values.shape, name_of(dtype or values.dtype), "constant", values)


def identity(n: int, dtype: Any) -> NkiTensor:
    """The identity matrix as a tensor in HBM."""
    import numpy as np

    return shared_constant(np.eye(n, dtype=np.float32), dtype)


def shared_identity_matrix(n: int, dtype: Any = "uint8", dst: NkiTensor | None = None) -> NkiTensor:
    """The identity matrix in SBUF, or in a tensor of the caller's."""
    from accelcore_nki import isa

    target = ndarray((n, n), dtype, sbuf) if dst is None else dst
    isa.dma_copy(target, identity(n, target.dtype))
    return target


def ds(start: int, size: int) -> slice:
    """The slice start:start+size."""
    return slice(start, start + size)


def static_range(start: int, stop: int | None = None, step: int = 1) -> range:
    """A Python range; loops are unrolled by tracing."""
    return range(start) if stop is None else range(start, stop, step)


affine_range = sequential_range = static_range
nc = int  # marked instances over cores in a launch grid
par_dim = int  # marked the partition dimension when there were blocks before it


def dynamic_range(start: Any, stop: Any = None, step: int = 1) -> Iterator[int]:
    """A loop whose bound may be a register: its value when the kernel runs."""
    bounds = [int(b.__index__()) if isinstance(b, VirtualRegister) else b for b in (start, stop)]
    return iter(range(bounds[0]) if stop is None else range(bounds[0], bounds[1], step))


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[VirtualRegister], Any], step: int = 1) -> None:
    """body_fun(i) for i from lower to upper; i and the bounds may be registers."""
    from accelcore_nki import isa

    for value in range(int(lower), int(upper), step):
        body_fun(isa.register_alloc(value))


def while_loop(init: VirtualRegister, body_fun: Callable[[VirtualRegister], VirtualRegister]) -> None:
    """r = body_fun(r) from init while r is not 0."""
    register = init
    while register:
        register = body_fun(register)


def program_id(axis: int = 0) -> int:
    """This instance's index in the launch grid."""
    position = current().position
    return position[axis] if axis < len(position) else 0


def num_programs(axes: int | None = None) -> int:
    """Instances in the launch grid, along one axis or in all."""
    grid = current().grid
    if axes is not None:
        return grid[axes] if axes < len(grid) else 1
    total = 1
    for extent in grid:
        total *= extent
    return total


def program_ndim() -> int:
    """Dimensions of the launch grid."""
    return len(current().grid)


def device_print(print_prefix: str, tensor: NkiTensor) -> None:
    """Print a tensor to standard output where the simulation holds data; nothing in a trace without."""
    memory = current().memory
    if memory is not None:
        line = f"{print_prefix}: {memory.read(tensor)}"
        memory.printed.append(line)
        sys.stdout.write(line + "\n")


class no_reorder:  # the name is that of nki.language
    """A block whose order is kept; the simulator keeps program order anyway."""

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, *_: object) -> None:
        """Nothing to do."""


UNSIMULATED = {"rand": "zeros", "random_seed": "none", "dropout": "where", "all_reduce": "none"}
_PACKED = ("float8_e5m2_x4", "float8_e4m3fn_x4", "float4_e2m1fn_x4")  # names only: no tensor of them is made
_NAMES: dict[str, Any] = {
    **{name: name for name in SIZES if name != "bool"},
    **dict(zip(_PACKED, _PACKED, strict=True)),
    **OPERATORS,
}


def __getattr__(name: str) -> Any:
    """Types and operators by name; an error that names the nearest for what is not simulated."""
    if name in _NAMES:
        return _NAMES[name]
    from accelcore_nki.nki1 import shared

    if name in shared.NAMES:
        return shared.function(name)
    if name in UNSIMULATED:
        return Unsimulated(f"nki.language.{name}", UNSIMULATED[name])
    if name.startswith("__"):
        raise AttributeError(name)
    raise unsupported("nki.language", name, (*_NAMES, *__all__, *shared.NAMES))
