"""`neuronxcc.nki.language`: the functions of NKI 1 that return tiles, index tensors, block dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki import language as base
from accelcore_nki.dtypes import FLOAT32_MIN, SIZES, name_of, numpy_type
from accelcore_nki.errors import Unsimulated, fail, unsupported
from accelcore_nki.nki1 import elementwise, isa
from accelcore_nki.nki1.allocation import (
    empty_like,
    full,
    ndarray,
    ones,
    shared_constant,
    shared_identity_matrix,
    zeros,
    zeros_like,
)
from accelcore_nki.nki1.elementwise import broadcast, copy, mask_of
from accelcore_nki.nki1.indices import arange, mgrid, nc, par_dim, spmd_dim
from accelcore_nki.nki1.reductions import (
    all,
    gather_flattened,
    loop_reduce,
    max,
    mean,
    min,
    prod,
    rms_norm,
    softmax,
    sum,
    var,
    where,
)
from accelcore_nki.nki1.subscripts import crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand
from accelcore_nki.operators import ACTIVATIONS, ARITHMETIC, BITS
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor

sbuf, psum, hbm, private_hbm, shared_hbm = "sbuf", "psum", "shared_hbm", "private_hbm", "shared_hbm"
program_id, num_programs, program_ndim, ds = base.program_id, base.num_programs, base.program_ndim, base.ds
affine_range = sequential_range = static_range = base.static_range
tile_size, device_range = base.tile_size, base.dynamic_range

__all__ = [
    "affine_range", "all", "arange", "atomic_rmw", "broadcast_to", "copy", "device_print", "device_range", "ds",
    "empty_like", "expand_dims", "finfo", "fp32", "full", "gather_flattened", "hbm", "load", "load_transpose2d",
    "loop_reduce", "matmul", "max", "mean", "mgrid", "min", "nc", "ndarray", "num_programs", "ones", "par_dim",
    "private_hbm", "prod", "program_id", "program_ndim", "psum", "rms_norm", "sbuf", "sequential_range",
    "shared_constant", "shared_hbm", "shared_identity_matrix", "softmax", "spmd_dim", "static_cast", "static_range",
    "store", "sum", "tile_size", "transpose", "var", "where", "zeros", "zeros_like",
]  # fmt: skip


class fp32:  # the name is that of nki.language
    """Limits of float32."""

    min = FLOAT32_MIN
    max = -FLOAT32_MIN


def finfo(dtype: Any) -> Any:
    """Limits of a floating-point type, as numpy.finfo."""
    import ml_dtypes

    limits: Any = ml_dtypes.finfo
    return limits(numpy_type(name_of(dtype)))


# Memory


def static_cast(x: Any, dtype: Any, **_: Any) -> Any:
    """A tile, or an array of the host, in another type."""
    return copy(x, dtype=dtype) if isinstance(x, Tile) else x.astype(numpy_type(name_of(dtype)))


def load(src: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """An SBUF tile with the values of an HBM tensor."""
    ranges, rest, some = mask_of(mask, src.shape)
    source = cropped(src, ranges, "src") if some else None
    if source is not None and source.storage.on_chip:
        return copy(src, mask=mask, dtype=dtype)

    def land(dst: NkiTensor) -> None:
        if source is not None:
            elementwise.masked(dst, ranges, rest, lambda part: core.dma_copy(part, source))

    kind = src.kind if dtype is None else name_of(dtype)
    return defer(src.shape, kind, land, buffers=(SBUF,), fixed=dtype is not None, masked=mask is not None)


def store(dst: Any, value: Any, *, mask: Any = None, **_: Any) -> None:
    """Write a tile (or a number) to HBM."""
    from accelcore_nki.nki1.assignment import assign

    if dst.on_chip:
        assign(dst, value)
        return
    ranges, rest, some = mask_of(mask, dst.shape)
    if not some:
        return
    target = cropped(dst, ranges, "dst")
    if not isinstance(value, Tile):
        value = full(target.shape, value, dst.kind)
        ranges = None
    if value.size != dst.size:
        value = broadcast(value, dst.shape)
    source = cropped(value, ranges, "value")
    if source.buffer == PSUM:
        source = operand(copy(Tile(source)))
    current().where = rest
    core.dma_copy(target, source)


def load_transpose2d(src: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """An SBUF tile with the transpose of a 2-D HBM tensor."""
    ranges, _rest, some = mask_of(mask, src.shape)
    source = cropped(src, ranges, "src") if some else None

    def land(dst: NkiTensor) -> None:
        if source is not None:
            part = dst if ranges is None else crop(dst, ranges[::-1])
            _transposed(part, source)

    tile = defer(src.shape[::-1], src.kind, land, buffers=(SBUF,), fixed=True, masked=mask is not None)
    return tile if dtype is None or name_of(dtype) == src.kind else copy(tile, dtype=dtype)


def _transposed(dst: NkiTensor, source: NkiTensor) -> None:
    """The transpose by DMA, in pieces that it takes; for 1-byte types by strides."""
    if source.itemsize not in (2, 4):
        core.dma_copy(dst, NkiTensor(source.storage, source.dtype, source.offset, source.shape[::-1],
                                     source.strides[::-1], source.indirection))  # fmt: skip
        return
    core.dma_transpose(dst, source)


def atomic_rmw(dst: Any, value: Any, op: Any, *, mask: Any = None, **_: Any) -> None:
    """dst = op(dst, value) in HBM, at run-time addresses too."""
    ranges, rest, some = mask_of(mask, dst.shape)
    if some:
        tile = value if isinstance(value, Tile) else full(dst.shape, value, dst.kind)
        target, source = cropped(dst, ranges), cropped(tile, ranges)
        if source.buffer == PSUM:
            source = operand(copy(Tile(source)))
        current().where = rest
        isa.add_rows(target, source, op)


# Matrix products and layout


def matmul(x: Any, y: Any, *, transpose_x: bool = False, mask: Any = None, **_: Any) -> Tile:
    """x @ y; transpose_x: x is [K, M] already."""
    left, right = (_in_sbuf(t) for t in (x, y))
    if not transpose_x:
        left = copy(isa.nc_transpose(left, engine=isa.tensor_engine))
    return isa.nc_matmul(left, right, mask=mask)


def _in_sbuf(tile: Any) -> Tile:
    return copy(tile) if tile.buffer == PSUM else tile


def transpose(x: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """The transpose of a 2-D tile."""
    return isa.nc_transpose(_in_sbuf(x), mask=mask, dtype=dtype)


def broadcast_to(src: Any, shape: Sequence[int], dtype: Any = None, **_: Any) -> Tile:
    """A tile repeated to a shape; in another type it is copied."""
    wide = broadcast(src, tuple(int(s) for s in shape))
    return wide if dtype is None or name_of(dtype) == wide.kind else copy(wide, dtype=dtype)


def expand_dims(data: Any, axis: Any) -> Tile:
    """New dimensions of 1."""
    for at in sorted(axis if isinstance(axis, tuple | list) else (axis,)):
        data = data.expand_dims(at)
    return data  # type: ignore[no-any-return]  # a tile


def device_print(prefix: str, x: Any, **_: Any) -> None:
    """Print a tile where the simulation holds data."""
    base.device_print(prefix, operand(x))


class Function:
    """An element-wise function of tiles, and a value for `op=`."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __repr__(self) -> str:
        return f"nl.{self.__name__}"

    def __call__(self, x: Any, y: Any = None, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
        """Apply it; numbers are broadcast."""
        if not isinstance(x, Tile) and not isinstance(y, Tile):
            hint = "index tensors and numbers have Python's own operators; host arrays enter as arguments"
            raise fail("operand", f"nl.{self.__name__} of a {type(x).__name__}", hint=hint)
        return elementwise.apply(self.__name__, (x, y), dtype, mask)


_EXTRA = frozenset(("negative", "floor", "ceil", "trunc", "tan"))
FUNCTIONS = {name: Function(name) for name in sorted((ARITHMETIC | BITS | ACTIVATIONS | _EXTRA) - {"copy"})}
_UNTYPED = ("tfloat32", "bool", "float8_e4m3fn")


def types() -> Iterator[tuple[str, Any]]:
    """Types as NKI 1 has them: NumPy's own where there is one."""
    for name in SIZES:
        if name not in _UNTYPED:
            kind = numpy_type(name)
            yield name, kind if name in ("bfloat16",) or name.startswith("float8") else kind.type
    yield "bool_", numpy_type("bool").type
    yield "tfloat32", "tfloat32"


def __getattr__(name: str) -> Any:
    """Types and functions by name; an error that names the nearest for what is not simulated."""
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name.startswith("__"):
        raise AttributeError(name)
    if name in base.UNSIMULATED:
        return Unsimulated(f"neuronxcc.nki.language.{name}", base.UNSIMULATED[name])
    found = dict(types()).get(name)
    if found is not None:
        return found
    raise unsupported("neuronxcc.nki.language", name, (*FUNCTIONS, *__all__))
