"""What NKI 1 kernels hold: tensors in HBM and tiles on chip, with subscripts, operators, assignment.

A tile may be deferred: the operation that gives it is recorded, its destination still open.  Assigning it to a
subscript sends the result there; any other use, or the next instruction, gives it a buffer of its own.  At most one
tile is deferred at a time, and nothing runs between its operation and its landing, so that its operands cannot change
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from accelcore_nki.dtypes import name_of, numpy_type
from accelcore_nki.errors import fail, source_line
from accelcore_nki.nki1.subscripts import crop, resolve
from accelcore_nki.recorder import current
from accelcore_nki.tensors import ON_CHIP, PSUM, SBUF, NkiTensor

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Land = Callable[[NkiTensor], object]


class Open(NamedTuple):
    """The result of an operation before it has a place.

    land: emits the operation into a view of this shape.  buffers: where it may go, its own choice first.
    fixed: whether the kernel asked for the type.  masked: whether the operation leaves elements alone.
    add: emits it so that it adds to what is there, if it can.
    """

    shape: tuple[int, ...]
    dtype: str
    buffers: tuple[str, ...]
    land: Land
    fixed: bool
    masked: bool
    line: str
    add: Land | None = None


class Tile:
    """A tensor or a tile.  partition: the dimension of the partitions on chip (blocks come before it)."""

    __slots__ = ("_view", "open", "partition", "valid")

    def __init__(
        self, view: NkiTensor | None, valid: Array | None = None, partition: int = 0, opened: Open | None = None
    ) -> None:
        self._view, self.valid, self.partition, self.open = view, valid, partition, opened

    @property
    def tensor(self) -> NkiTensor:
        """The core's view; a deferred tile gets its own buffer now."""
        if self._view is None:
            self._finish()
        assert self._view is not None
        return self._view

    def _finish(self) -> None:
        if self.open is not None:
            opened = self.open
            recorder = current()
            before, recorder.line = recorder.line, opened.line
            try:
                view = recorder.allocate(opened.shape, opened.dtype, opened.buffers[0])
            finally:
                recorder.line = before
            self.land(view)

    def land(self, view: NkiTensor, *, add: bool = False) -> None:
        """Emit the deferred operation into a view, which is the tile's from now on."""
        opened, recorder = self.open, current()
        assert opened is not None
        self._view, self.open = view, None
        if recorder.pending == self._finish:
            recorder.pending = None
        view.storage.used |= opened.masked
        before, recorder.line = recorder.line, opened.line
        try:
            (opened.add if add and opened.add is not None else opened.land)(view)
        finally:
            recorder.line = before

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents of the dimensions."""
        return self.open.shape if self.open is not None else self.tensor.shape

    @property
    def dtype(self) -> Any:
        """Type of the elements, a NumPy type that equals both `nl` and NumPy names."""
        return numpy_type(self.kind)

    @property
    def kind(self) -> str:
        """Name of the type of the elements."""
        return self.open.dtype if self.open is not None else self.tensor.dtype

    @property
    def buffer(self) -> str:
        """Where it lives."""
        return self.open.buffers[0] if self.open is not None else self.tensor.buffer

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        result = 1
        for extent in self.shape:
            result *= extent
        return result

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return int(self.dtype.itemsize)

    @property
    def on_chip(self) -> bool:
        """Whether it has partitions."""
        return self.buffer in ON_CHIP

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        hint = "branch on shapes and Python numbers, or select with nl.where(condition, x, y)"
        raise fail("host-read", "the value of a tile is not known while a kernel is traced", self, hint=hint)

    def __array__(self, *_: object, **__: object) -> Any:
        raise fail("host-read", "NumPy cannot work on a device tensor", self, hint="use nl and nisa functions")

    def __str__(self) -> str:
        return f"{self.kind}{list(self.shape)} in {self.buffer}" if self.open is not None else str(self.tensor)

    __repr__ = __str__
    __hash__ = object.__hash__

    # Subscripts and assignment

    def __getitem__(self, key: Any) -> Tile:
        import numpy as np

        if key is Ellipsis:
            return Tile(self.tensor, self.valid, self.partition)

        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) == 1 and isinstance(parts[0], np.ndarray) and parts[0].dtype == bool:
            return Tile(self.tensor, parts[0] if self.valid is None else parts[0] & self.valid, self.partition)
        inner = tuple([p.tensor if type(p) is Tile else p for p in parts])
        found = resolve(self.tensor, inner, self.partition if self.on_chip else -1)
        return Tile(found.view, _both(found.valid, self.valid), self.partition and self._partition_after(parts))

    def _partition_after(self, parts: tuple[Any, ...]) -> int:
        """The dimension of the partitions once leading blocks are chosen."""
        if any(getattr(p, "ndim", 0) > 0 for p in parts):
            return 0
        chosen = sum(1 for p in parts[: self.partition] if not isinstance(p, slice) and p is not None)
        return self.partition - chosen

    def __setitem__(self, key: Any, value: Any) -> None:
        from accelcore_nki.nki1.assignment import assign

        target = self[key]
        if isinstance(value, Tile) and value.open is None and _same(value.tensor, target.tensor):
            return  # the end of t[...] += x, which has written already
        assign(target, value)

    # Views

    def reshape(self, *shape: Any) -> Tile:
        """Another shape with the same elements."""
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        return Tile(self.tensor.reshape(tuple(int(s) for s in given)))

    def broadcast_to(self, shape: Any, *more: int) -> Tile:
        """Dimensions of 1 repeated; repeating the partition of a tile copies it."""
        from accelcore_nki.nki1.elementwise import broadcast

        return broadcast(self, tuple(shape) if isinstance(shape, tuple | list) else (shape, *more))

    def expand_dims(self, axis: int) -> Tile:
        """A new dimension of 1."""
        return Tile(self.tensor.expand_dim(axis), None, self.partition)

    def view(self, dtype: Any) -> Tile:
        """The same bytes as another type."""
        return Tile(self.tensor.view(dtype), None, self.partition)

    def astype(self, dtype: Any) -> Tile:
        """A copy in another type."""
        from accelcore_nki.nki1.elementwise import copy

        return copy(self, dtype=dtype)

    def assert_shape(self, shape: Sequence[int]) -> Tile:
        """The tile itself; an error when its shape is another."""
        if tuple(shape) != self.shape:
            raise fail("shape", f"the shape is {self.shape}, not {tuple(shape)}", self)
        return self

    # Operators

    def __neg__(self) -> Tile:
        return _call("negative", self)

    def __abs__(self) -> Tile:
        return _call("abs", self)

    def __invert__(self) -> Tile:
        return _call("invert", self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **_: Any) -> Any:
        """A NumPy number beside a tile is as good as Python's; whole-array NumPy is refused."""
        numbers = all(isinstance(v, Tile) or getattr(v, "ndim", 1) == 0 for v in inputs)
        if method == "__call__" and len(inputs) == 2 and numbers:
            return _call(ufunc.__name__, *(v if isinstance(v, Tile) else v.item() for v in inputs))
        raise fail("host-read", f"NumPy's {ufunc.__name__} on a device tensor", self, hint="use nl and nisa functions")


def _call(name: str, *operands: Any) -> Tile:
    from accelcore_nki.nki1 import elementwise

    return elementwise.apply(name, operands)


def _operators() -> None:
    """Give Tile the Python operators: forward, reflected, in place."""
    table = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "mod": "mod", "pow": "power",
        "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "left_shift",
        "rshift": "right_shift",
    }  # fmt: skip
    for method, name in table.items():
        setattr(Tile, f"__{method}__", lambda a, b, n=name: _call(n, a, b))
        setattr(Tile, f"__r{method}__", lambda a, b, n=name: _call(n, b, a))
        setattr(Tile, f"__i{method}__", lambda a, b, n=name: _in_place(n, a, b))
    for method, name in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
        setattr(Tile, f"__{method}__", lambda a, b, n=name: _call(n, a, b))
    for method, name in {"eq": "equal", "ne": "not_equal"}.items():  # `tile != None` asks whether there is one
        setattr(Tile, f"__{method}__", lambda a, b, n=name: NotImplemented if b is None else _call(n, a, b))


def _in_place(name: str, tile: Tile, value: Any) -> Tile:
    from accelcore_nki.nki1.assignment import combine

    return combine(name, tile, value)


_operators()


def defer(
    shape: Sequence[int], dtype: Any, land: Land, *, buffers: tuple[str, ...] = (SBUF, PSUM), fixed: bool = False,
    masked: bool = False, add: Land | None = None,
) -> Tile:  # fmt: skip
    """A deferred tile; the one before it lands first."""
    recorder = current()
    if recorder.pending is not None:
        recorder.pending()
    opened = Open(tuple(shape), name_of(dtype), buffers, land, fixed, masked, source_line(), add)
    tile = Tile(None, None, 0, opened)
    recorder.pending = tile._finish
    return tile


def operand(value: Any, role: str = "an operand") -> NkiTensor:
    """The core's view of a whole operand, all of which exists."""
    if not isinstance(value, Tile):
        raise fail("operand", f"{role} is a {type(value).__name__}, not a tile", hint="host arrays enter as arguments")
    view = value.tensor
    if value.valid is not None and not value.valid.all():
        raise fail("bounds", f"{role} leaves its tensor", view, hint="mask= excludes what does not exist")
    if value.partition and value.on_chip:
        raise fail("blocks", f"{role} still has block dimensions", view, hint="choose a block: t[block, i_p, i_f]")
    return view


def ranges_of(mask: Array, shape: tuple[int, ...]) -> list[tuple[int, int]] | None:
    """The (start, stop) of each dimension that a mask selects, [] when it selects nothing, None when it is no box.

    By the mask's own extents: along a dimension that it repeats it selects all or nothing.  Raises ValueError for a
    mask that does not broadcast to the shape.
    """
    import numpy as np

    if np.broadcast_shapes(mask.shape, shape) != shape:
        raise ValueError("the mask has more elements than the tile")
    own = mask.reshape((1,) * (len(shape) - mask.ndim) + mask.shape)
    found = []
    for axis in range(own.ndim):
        hits = np.flatnonzero(own.any(axis=tuple(a for a in range(own.ndim) if a != axis)))
        if not hits.size:
            return []
        found.append((int(hits[0]), int(hits[-1]) + 1))
    if not own[tuple(slice(a, b) for a, b in found)].all():
        return None
    return [(0, n) if m == 1 else r for r, m, n in zip(found, own.shape, shape, strict=True)]


def cropped(value: Any, ranges: list[tuple[int, int]] | None, role: str = "an operand") -> NkiTensor:
    """The part of an operand that a mask's box selects, which must exist."""
    if ranges is None or not isinstance(value, Tile):
        return operand(value, role)
    view = value.tensor
    ranges = ranges[len(ranges) - view.ndim :]
    inner = None
    if value.valid is not None:
        cuts = tuple(slice(0, 1) if n == 1 else slice(a, b)
                     for n, (a, b) in zip(value.valid.shape, ranges[-value.valid.ndim :], strict=True))  # fmt: skip
        inner = value.valid[cuts]
    return operand(Tile(crop(view, ranges), inner, value.partition), role)


def _both(a: Array | None, b: Array | None) -> Array | None:
    """Validity of a subscript of a tile that was valid in part: only whole tiles keep the old one."""
    return a if b is None or a is not None else None


def _same(a: NkiTensor, b: NkiTensor) -> bool:
    return (a.storage, a.offset, a.shape, a.strides, a.dtype) == (b.storage, b.offset, b.shape, b.strides, b.dtype)
