"""Tensors that hold no data: a storage, and views of it by offset, shape and strides.

Invariant: every element of a view lies inside its storage (checked when the view is made), so an executor can address
it without looking.  Views share the storage; nothing is ever copied here.  Offsets and strides count elements of the
view's own dtype.  On chip the storage's first dimension is the partition, its stride the free size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from accelcore_nki.dtypes import SIZES, name_of
from accelcore_nki.errors import fail, source_line

if TYPE_CHECKING:
    from accelcore_nki.registers import VirtualRegister

SBUF, PSUM, SHARED_HBM, PRIVATE_HBM = "sbuf", "psum", "shared_hbm", "private_hbm"
ON_CHIP = frozenset((SBUF, PSUM))


class Storage:
    """One allocation.  shape, dtype, buffer as asked for; address: (partition, byte offset) or None; line: where."""

    __slots__ = (
        "address", "buffer", "dtype", "free_bytes", "index", "line", "name", "nbytes", "role", "shape", "used",
        "writer",
    )  # fmt: skip

    def __init__(
        self, index: int, shape: tuple[int, ...], dtype: str, buffer: str, *, name: str = "", role: str = "local",
        line: str = "",
    ) -> None:  # fmt: skip
        self.index, self.shape, self.dtype, self.buffer, self.name, self.role = index, shape, dtype, buffer, name, role
        self.address: tuple[int, int] | None = None
        self.line = line or source_line()
        self.free_bytes = prod(shape[1:]) * SIZES[dtype]
        self.nbytes = shape[0] * self.free_bytes if shape else SIZES[dtype]
        self.used = role == "input"  # whether anything was ever written to it
        self.writer = ""  # the instruction that wrote to it last

    @property
    def on_chip(self) -> bool:
        """Whether it has partitions."""
        return self.buffer in ON_CHIP

    def __str__(self) -> str:
        return f"{self.name or f'tensor{self.index}'}: {self.dtype}{list(self.shape)} in {self.buffer} ({self.line})"


@dataclass(frozen=True, slots=True)
class Indirect:
    """A run-time part of an address: `source` gives indices along a dimension of `stride` elements.

    vector: one index a partition (gather, scatter); else one for the whole view.  limit: number of indices that exist.
    skip: rows whose index does not exist are left out, else they are an error.
    """

    source: NkiTensor | VirtualRegister
    stride: int
    limit: int
    vector: bool
    skip: bool = False


@dataclass(frozen=True, slots=True)
class Scattered:
    """Element numbers of the storage, in the shape of the view, for patterns that no strides express (NKI 1)."""

    addresses: Any


class NkiTensor:
    """A view of a storage; what kernels pass around."""

    __slots__ = ("dtype", "indirection", "offset", "shape", "storage", "strides")

    def __init__(
        self,
        storage: Storage,
        dtype: str,
        offset: int,
        shape: tuple[int, ...],
        strides: tuple[int, ...],
        indirection: Indirect | Scattered | None = None,
    ) -> None:
        self.storage, self.dtype, self.offset = storage, dtype, offset
        self.shape, self.strides, self.indirection = shape, strides, indirection

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def buffer(self) -> str:
        """Where it lives."""
        return self.storage.buffer

    @property
    def name(self) -> str:
        """Name given to the allocation."""
        return self.storage.name

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return SIZES[self.dtype]

    @property
    def free(self) -> int:
        """Elements a partition."""
        return prod(self.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise fail(
            "host-read",
            "the value of a tensor is not known while a kernel is traced",
            self,
            hint="branch on shapes and Python numbers, or load a register (nisa.register_load)",
        )

    def __array__(self, *_: object, **__: object) -> Any:
        raise fail(
            "host-read",
            "NumPy cannot work on a device tensor",
            self,
            hint="use nl and nisa instructions inside kernels",
        )

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, NkiTensor):
            return self is other
        hint = "nl.equal(a, b) compares values; `a is b` asks whether they are one view"
        raise fail("host-read", "whether tensors are equal is not known while a kernel is traced", self, hint=hint)

    __hash__ = object.__hash__

    def __iter__(self) -> Any:
        return (self[i] for i in range(self.shape[0]))

    def __str__(self) -> str:
        place = f"{self.storage.name or f'tensor{self.storage.index}'}"
        return f"{place}[{self.dtype} {list(self.shape)} at {self.offset} by {list(self.strides)}] in {self.buffer}"

    __repr__ = __str__

    def __setitem__(self, key: object, value: object) -> None:
        raise fail("assignment", "tensors are not assigned to", self, hint="nisa.tensor_copy(dst=..., src=...)")

    def _no_operator(self, *_: object) -> Any:
        hint = "nl.add, nl.multiply, ... or nisa.tensor_tensor(dst=..., ...)"
        raise fail("operand", "tensors of NKI 2 have no Python operators", self, hint=hint)

    __add__ = __radd__ = __iadd__ = __sub__ = __rsub__ = __isub__ = __mul__ = __rmul__ = __imul__ = _no_operator
    __truediv__ = __rtruediv__ = __itruediv__ = __pow__ = __neg__ = __lt__ = __gt__ = __le__ = __ge__ = _no_operator

    def __getitem__(self, key: object) -> NkiTensor:
        from accelcore_nki.indexing import index

        return index(self, key if isinstance(key, tuple) else (key,))

    # Views.  Each returns a tensor on the same storage.

    def ap(
        self,
        pattern: Sequence[Sequence[int]],
        offset: int = 0,
        scalar_offset: Any = None,
        vector_offset: Any = None,
        indirect_dim: int = 0,
        dtype: Any = None,
    ) -> NkiTensor:
        """Raw access pattern [[stride, count], ...] from an offset, in elements of the storage (or of `dtype`)."""
        from accelcore_nki.indexing import access_pattern

        return access_pattern(self, pattern, offset, scalar_offset, vector_offset, indirect_dim, dtype)

    def reshape(self, *shape: Any) -> NkiTensor:
        """Another shape with the same elements in the same order; on chip the partitions must stay."""
        from accelcore_nki.indexing import reshape

        return reshape(self, tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape)

    def view(self, dtype: Any) -> NkiTensor:
        """The same bytes as another type."""
        from accelcore_nki.indexing import reinterpret

        return reinterpret(self, name_of(dtype))

    reinterpret_cast = view

    def slice(self, dim: int, start: int, end: int, step: int = 1) -> NkiTensor:
        """Elements start, start+step, ... before end of one dimension."""
        return self[(slice(None),) * dim + (slice(start, end, step),)]

    def select(self, dim: int, index: int) -> NkiTensor:
        """One index of a dimension, which goes away."""
        from accelcore_nki.indexing import select

        return select(self, dim, index)

    def vector_select(self, dim: int, index: NkiTensor) -> NkiTensor:
        """Rows of an HBM tensor by one run-time index a partition; they take the place of the first dimension."""
        from accelcore_nki.indexing import vector_select

        return vector_select(self, dim, index)

    def indirect(self, dim: int, index: Any) -> NkiTensor:
        """One run-time index of a dimension, a register or a tensor of one element; the dimension stays with size 1."""
        from accelcore_nki.indexing import indirect

        return indirect(self, dim, index)

    def permute(self, dims: Sequence[int]) -> NkiTensor:
        """Dimensions in another order; on chip the partition stays first."""
        if sorted(dims) != list(range(self.ndim)) or (self.storage.on_chip and dims[0] != 0):
            raise fail("view", f"{tuple(dims)} does not permute the free dimensions", self)
        return self._with(tuple(self.shape[d] for d in dims), tuple(self.strides[d] for d in dims))

    def broadcast(self, dim: int, size: int) -> NkiTensor:
        """A dimension of 1 repeated."""
        if self.shape[dim] != 1:
            raise fail("view", f"dimension {dim} has {self.shape[dim]} elements, only 1 can be repeated", self)
        return self._with(_put(self.shape, dim, size), _put(self.strides, dim, 0))

    def broadcast_to(self, shape: Sequence[int]) -> NkiTensor:
        """All dimensions of 1 repeated to this shape."""
        result = self
        for dim, (have, wanted) in enumerate(zip(self.shape, shape, strict=True)):
            result = result if have == wanted else result.broadcast(dim, wanted)
        return result

    def expand_dim(self, dim: int) -> NkiTensor:
        """A new dimension of 1 before `dim`."""
        at = dim % (self.ndim + 1)
        shape, strides = list(self.shape), list(self.strides)
        shape.insert(at, 1)
        strides.insert(at, 0)
        return self._with(tuple(shape), tuple(strides))

    def squeeze_dim(self, dim: int) -> NkiTensor:
        """Without a dimension of 1."""
        if self.shape[dim] != 1:
            raise fail("view", f"dimension {dim} has {self.shape[dim]} elements", self)
        at = dim % self.ndim
        return self._with(self.shape[:at] + self.shape[at + 1 :], self.strides[:at] + self.strides[at + 1 :])

    def reshape_dim(self, dim: int, shape: Sequence[int]) -> NkiTensor:
        """One dimension split into several; one of them may be -1."""
        at = dim % self.ndim
        sizes = list(shape)
        if -1 in sizes:
            sizes[sizes.index(-1)] = self.shape[at] // max(1, -prod(sizes))
        if prod(sizes) != self.shape[at]:
            raise fail("view", f"{self.shape[at]} elements are not {tuple(shape)}", self)
        steps = [self.strides[at] * prod(sizes[i + 1 :]) for i in range(len(sizes))]
        return self._with(
            self.shape[:at] + tuple(sizes) + self.shape[at + 1 :],
            self.strides[:at] + tuple(steps) + self.strides[at + 1 :],
        )

    def flatten_dims(self, start_dim: int, end_dim: int) -> NkiTensor:
        """Dimensions start to end (inclusive) as one; they must be contiguous to each other."""
        first, last = start_dim % self.ndim, end_dim % self.ndim
        for d in range(first, last):
            if self.shape[d] > 1 and self.strides[d] != self.strides[d + 1] * self.shape[d + 1]:
                raise fail("view", f"dimensions {d} and {d + 1} are not contiguous", self)
        size = prod(self.shape[first : last + 1])
        return self._with(
            (*self.shape[:first], size, *self.shape[last + 1 :]),
            (*self.strides[:first], self.strides[last], *self.strides[last + 1 :]),
        )

    def rearrange(self, pattern: str, **sizes: int) -> NkiTensor:
        """Split, permute and merge dimensions by a pattern such as "p (a b) -> p b a"."""
        from accelcore_nki.indexing import rearrange

        return rearrange(self, pattern, sizes)

    def get_pattern(self) -> list[list[int]]:
        """The access pattern [[stride, count], ...]."""
        return [[s, c] for s, c in zip(self.strides, self.shape, strict=True)]

    def is_contiguous(self) -> bool:
        """Whether its elements follow each other without gaps."""
        return all(
            n == 1 or s == prod(self.shape[d + 1 :])
            for d, (n, s) in enumerate(zip(self.shape, self.strides, strict=True))
        )

    def is_indirect(self) -> bool:
        """Whether its address is only known at run time."""
        return isinstance(self.indirection, Indirect)

    def _with(self, shape: tuple[int, ...], strides: tuple[int, ...]) -> NkiTensor:
        return NkiTensor(self.storage, self.dtype, self.offset, shape, strides, self.indirection)


def whole(storage: Storage) -> NkiTensor:
    """The view of all of a storage."""
    return NkiTensor(storage, storage.dtype, 0, storage.shape, row_major(storage.shape))


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of contiguous elements, last dimension fastest."""
    return _row_major(tuple(shape))


@lru_cache(maxsize=4096)  # the tiles of a loop look alike
def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for count in reversed(shape):
        strides.append(step)
        step *= count
    return tuple(reversed(strides))


def _put(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    at %= len(values)
    return (*values[:at], value, *values[at + 1 :])
