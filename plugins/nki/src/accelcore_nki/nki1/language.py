"""`neuronxcc.nki.language`: the functions of NKI 1 that return tiles, index tensors, block dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from accelcore_nki import isa as core
from accelcore_nki import language as base
from accelcore_nki.dtypes import FLOAT32_MIN, SIZES, name_of, numpy_type
from accelcore_nki.errors import UnsupportedCall, fail, source_line
from accelcore_nki.nki1 import elementwise, isa
from accelcore_nki.nki1.elementwise import broadcast, copy, mask_of
from accelcore_nki.nki1.subscripts import crop
from accelcore_nki.nki1.tiles import Tile, cropped, defer, operand, ranges_of
from accelcore_nki.operators import ACTIVATIONS, ARITHMETIC, BITS
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor, row_major

sbuf, psum, hbm, private_hbm, shared_hbm = "sbuf", "psum", "shared_hbm", "private_hbm", "shared_hbm"
program_id, num_programs, program_ndim, ds = base.program_id, base.num_programs, base.program_ndim, base.ds
affine_range = sequential_range = static_range = base.static_range
tile_size, device_range = base.tile_size, base.dynamic_range


class Extent(int):
    """An extent with a meaning: the partitions of a tile (par_dim), or instances over cores (nc)."""


def par_dim(value: int) -> Extent:
    """Marks the partition dimension of a shape; dimensions before it are blocks."""
    return Extent(value)


nc = Extent


def spmd_dim(*parts: int) -> Extent:
    """A dimension of the launch grid, made of several."""
    result = 1
    for part in parts:
        result *= int(part)
    return Extent(result)


def arange(*args: int) -> Any:
    """Index tensor of consecutive numbers: arange(stop) or arange(start, stop)."""
    return _numbers(*map(int, args))


@lru_cache(maxsize=256)
def _numbers(*args: int) -> Any:
    """Read-only, because loops ask for the same ones again and again."""
    import numpy as np

    found = np.arange(*args)
    found.flags.writeable = False
    return found


class _Grid(tuple[Any, ...]):
    """Index tensors of a mesh: p, then x, y, z, w; or unpacked."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name in ("p", "x", "y", "z", "w"):
            return self["pxyzw".index(name)]
        raise AttributeError(name)


class _MeshGrid:
    """nl.mgrid[0:128, 0:512]: an index tensor for each dimension."""

    def __getitem__(self, key: Any) -> _Grid:
        import numpy as np

        return _Grid(np.ogrid[key if isinstance(key, tuple) else (key,)])


mgrid = _MeshGrid()


class fp32:  # the name is that of nki.language
    """Limits of float32."""

    min = FLOAT32_MIN
    max = -FLOAT32_MIN


def finfo(dtype: Any) -> Any:
    """Limits of a floating-point type, as numpy.finfo."""
    import ml_dtypes

    limits: Any = ml_dtypes.finfo
    return limits(numpy_type(name_of(dtype)))


# Allocation


def ndarray(shape: Any, dtype: Any, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """A new tensor, which holds nothing yet; on chip dimensions before nl.par_dim(...) are blocks."""
    place = str(getattr(buffer, "buffer", buffer) or SBUF)
    dims = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    partition = next((d for d, n in enumerate(dims) if isinstance(n, Extent)), 0)
    dims = tuple(int(d) for d in dims)
    if place not in (SBUF, PSUM) or partition == 0:
        return Tile(current().allocate(dims, dtype, place, name))
    return _blocks(dims, dtype, place, name, partition)


def _blocks(dims: tuple[int, ...], dtype: Any, place: str, name: str, partition: int) -> Tile:
    """Blocks beside each other in the partitions; in PSUM none crosses a bank that it need not cross."""
    kind = name_of(dtype)
    blocks, free = dims[:partition], dims[partition + 1 :]
    each = 1
    for extent in free:
        each *= extent
    room = each
    bank = current().generation.psum_bank // SIZES[kind]
    if place == PSUM:
        room = 1 << (each - 1).bit_length() if each < bank else -(-each // bank) * bank
    core_view = current().allocate((dims[partition], *blocks, room), kind, place, name)
    count = 1
    for extent in blocks:
        count *= extent
    strides = (*(s * room for s in row_major(blocks)), count * room, *row_major(free))
    return Tile(NkiTensor(core_view.storage, kind, 0, dims, strides), None, partition)


def full(shape: Any, fill_value: Any, dtype: Any, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """A new tensor of one value."""
    tile = ndarray(shape, dtype, buffer=buffer, name=name)
    view, at = tile.view, tile.partition
    if not tile.on_chip:
        from accelcore_nki.nki1.assignment import assign

        assign(tile, fill_value)
        return tile
    order = (at, *(d for d in range(view.ndim) if d != at))
    whole = NkiTensor(view.storage, view.dtype, view.offset, tuple(view.shape[d] for d in order),
                      tuple(view.strides[d] for d in order))  # fmt: skip
    core.memset(whole, fill_value)
    return tile


def zeros(shape: Any, dtype: Any, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """A new tensor of zeros."""
    return full(shape, 0, dtype, buffer=buffer, name=name)


def ones(shape: Any, dtype: Any, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """A new tensor of ones."""
    return full(shape, 1, dtype, buffer=buffer, name=name)


def zeros_like(a: Tile, dtype: Any = None, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """Zeros in the shape of another tensor."""
    return zeros(a.shape, dtype or a.kind, buffer=buffer, name=name)


def empty_like(a: Tile, dtype: Any = None, *, buffer: Any = None, name: str = "", **_: Any) -> Tile:
    """A new tensor in the shape of another."""
    return ndarray(a.shape, dtype or a.kind, buffer=buffer or a.buffer, name=name)


def shared_constant(constant: Any, dtype: Any = None, **_: Any) -> Tile:
    """A constant array as a tensor in HBM."""
    return Tile(base.shared_constant(constant, dtype))


def shared_identity_matrix(n: int, dtype: Any = "uint8", **_: Any) -> Tile:
    """The identity matrix as a tensor in HBM."""
    return Tile(base.identity(n, dtype))


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


def broadcast_to(src: Any, shape: Sequence[int], **_: Any) -> Tile:
    """A tile repeated to a shape."""
    return broadcast(src, tuple(int(s) for s in shape))


def expand_dims(data: Any, axis: Any) -> Tile:
    """New dimensions of 1."""
    for at in sorted(axis if isinstance(axis, tuple | list) else (axis,)):
        data = data.expand_dims(at)
    return data  # type: ignore[no-any-return]  # a tile


# Reductions and selections


def _reducer(op: str) -> Callable[..., Tile]:
    def reduce(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, keepdims: bool = False, **_: Any) -> Tile:
        return isa.tensor_reduce(op, x, axis, mask=mask, dtype=dtype, keepdims=keepdims)

    reduce.__name__ = op
    reduce.__doc__ = f"Reduce free axes by {op}."
    return reduce


sum, max, min, prod = (_reducer(op) for op in ("add", "maximum", "minimum", "multiply"))


def mean(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, keepdims: bool = False, **_: Any) -> Tile:
    """The mean over free axes."""
    total = isa.tensor_reduce("add", x, axis, mask=mask, dtype="float32", keepdims=keepdims)
    ranges = None if mask is None else ranges_of(mask, x.shape)
    count = 1
    for a in axis if isinstance(axis, tuple | list) else (axis,):
        at = a % x.ndim
        count *= x.shape[at] if not ranges else ranges[at][1] - ranges[at][0]
    return elementwise.binary("multiply", total, 1.0 / count, dtype or x.kind)


def var(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """The variance over free axes."""
    centred = elementwise.binary("subtract", x, mean(x, axis, dtype="float32", mask=mask, keepdims=True), "float32")
    return mean(elementwise.unary("square", centred), axis, dtype=dtype or x.kind, mask=mask)


def all(x: Any, axis: Any, *, dtype: Any = bool, mask: Any = None, **_: Any) -> Tile:
    """Whether all elements along free axes are true."""
    return isa.tensor_reduce("minimum", elementwise.binary("not_equal", x, 0), axis, mask=mask, dtype=dtype)


def softmax(x: Any, axis: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """exp(x - max) / sum over free axes."""
    top = isa.tensor_reduce("maximum", x, axis, mask=mask, dtype="float32", keepdims=True)
    raised = elementwise.unary("exp", elementwise.binary("subtract", x, top, "float32", mask), None, mask)
    total = isa.tensor_reduce("add", raised, axis, mask=mask, dtype="float32", keepdims=True)
    return elementwise.binary("divide", raised, total, dtype or x.kind, mask)


def rms_norm(
    x: Any, w: Any, axis: Any, n: int, epsilon: float = 1e-6, dtype: Any = None, mask: Any = None, **_: Any
) -> Tile:
    """x / sqrt(sum(x^2) / n + epsilon) * w."""
    squares = elementwise.unary("square", x, "float32", mask)
    total = isa.tensor_reduce("add", squares, axis, mask=mask, keepdims=True)
    root = elementwise.unary("rsqrt", isa.tensor_scalar(total, "multiply", 1.0 / n, False, "add", epsilon))
    return elementwise.binary("multiply", elementwise.binary("multiply", x, root, "float32", mask), w,
                              dtype or x.kind, mask)  # fmt: skip


def where(condition: Any, x: Any, y: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """x where the condition holds, else y; each a tile or a number."""
    kinds = [v.kind for v in (x, y) if isinstance(v, Tile)]
    kind = name_of(dtype) if dtype is not None else elementwise.promote(*(kinds * 2)[:2]) if kinds else "float32"
    shape = elementwise.joint_shape([v for v in (condition, x, y) if isinstance(v, Tile)])
    result = full(shape, y, kind) if not isinstance(y, Tile) else operand_copy(broadcast(y, shape), kind)
    test = condition if condition.kind in ("bool", "uint8") else elementwise.binary("not_equal", condition, 0)
    chosen = operand_copy(broadcast(x, shape), kind) if isinstance(x, Tile) else x
    isa.tensor_copy_predicated(src=chosen, dst=result, predicate=broadcast(test, shape), mask=mask)
    return result


def operand_copy(tile: Tile, kind: str) -> Tile:
    """A copy with a place of its own."""
    result = copy(tile, dtype=kind)
    operand(result)
    return result


def gather_flattened(data: Any, indices: Any, *, mask: Any = None, dtype: Any = None, **_: Any) -> Tile:
    """data[p, indices[p, j]]."""
    index = operand(copy(indices, dtype="uint32"))
    source = operand(data)
    return defer(indices.shape, data.kind, lambda dst: core.nc_n_gather(dst, source, index), buffers=(SBUF,))


_loops: dict[tuple[int, str], Tile] = {}


def loop_reduce(x: Any, op: Any, loop_indices: Any, *, dtype: Any = None, mask: Any = None, **_: Any) -> Tile:
    """The running reduction of a tile over the iterations of loops, which start at 0."""
    from accelcore_nki.operators import operator_name

    kind = operator_name(op, ARITHMETIC)
    indices = loop_indices if isinstance(loop_indices, tuple | list) else (loop_indices,)
    place = (id(current()), source_line())
    fresh = not any(int(i) for i in indices)
    if fresh:
        result = copy(x, dtype=dtype, mask=mask)
    else:
        before = _loops[place]
        result = elementwise.binary(kind, before, x, dtype or before.kind, mask)
    _loops[place] = result
    return result


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
            hint = "host arrays enter as arguments; numbers have Python's own arithmetic"
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
    found = dict(types()).get(name)
    if found is not None:
        return found
    from difflib import get_close_matches

    near = ", ".join(get_close_matches(name, [*FUNCTIONS, *globals()], n=3, cutoff=0.4)) or "none"
    what = f"neuronxcc.nki.language.{name} is not simulated"
    raise UnsupportedCall(what, rule="unsupported", where=source_line(), hint=f"nearest: {near}")
