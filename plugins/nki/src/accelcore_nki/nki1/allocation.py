"""New tensors of NKI 1, block dimensions among them."""

from __future__ import annotations

from typing import Any

from accelcore_nki import isa as core
from accelcore_nki import language as base
from accelcore_nki.dtypes import SIZES, name_of
from accelcore_nki.nki1.indices import Extent
from accelcore_nki.nki1.tiles import Tile
from accelcore_nki.recorder import current
from accelcore_nki.tensors import PSUM, SBUF, NkiTensor, row_major


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
    view, at = tile.tensor, tile.partition
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
