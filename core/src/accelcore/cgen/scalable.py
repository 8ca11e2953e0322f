"""What only scalable ISAs have: lanes apart in memory as one access, and values kept beyond the active elements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen.frame import Place, Value
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, cast, const
from accelcore.ir.ranges import natural

if TYPE_CHECKING:
    from accelcore.cgen.accesses import Access, Indices
    from accelcore.cgen.expressions import Expressions


def strided(at: Expressions, access: Access, e: Expr) -> Value | None:
    """A load of lanes that lie a uniform distance apart; None where the ISA has none."""
    from accelcore.cgen.accesses import distance, pointer

    template, mask = _template(at, "stride", e.dtype)
    if template is None or access.step is None:
        return None
    text = at.expand(template, p=f"({pointer(at, access, 0)})", s=distance(at, access, e.dtype), m=mask)
    return Value(e.dtype, (text,), varying=True)


def indexed(at: Expressions, access: Access, e: Expr, indices: Indices) -> Value | None:
    """A load at offsets that differ by lane; None where the ISA has none."""
    template, mask = _template(at, "index", e.dtype)
    if template is None:
        return None
    offsets, bits = _offsets(at, access.place, indices, e.dtype)
    text = at.expand(template, p=access.place.names[0], i=offsets, b=bits, m=mask)
    return Value(e.dtype, (text,), varying=True)


def scattered(at: Expressions, access: Access, indices: Indices, value: Expr) -> bool:
    """A store of lanes that are not side by side; False, with nothing written, where the ISA has none.

    Lanes that meet in one place are stored in their order, as the loop would.
    """
    from accelcore.cgen.accesses import distance, pointer

    apart = access.step is not None
    template, mask = _template(at, "unstride" if apart else "unindex", value.dtype)
    if template is None:
        return False
    (text,) = at.vector(value)
    if apart:
        where, offsets, bits = f"({pointer(at, access, 0)})", "", ""
        bytes_ = distance(at, access, value.dtype)
    else:
        where, bytes_ = access.place.names[0], ""
        offsets, bits = _offsets(at, access.place, indices, value.dtype)
    at.writer.line(f"{at.expand(template, p=where, s=bytes_, i=offsets, b=bits, v=text, m=mask)};")
    return True


def kept(at: Expressions, targets: tuple[str, ...], new: Value) -> Value:
    """The new value in the active elements, and what the targets hold beyond them."""
    from accelcore.cgen.unit import NotVectorizable

    template = at.unit.isa.move("keep", new.dtype, at.count)
    if template is None:
        raise NotVectorizable(f"no accumulator of {new.dtype}")
    texts = tuple(at.expand(template, d=d, v=v) for d, v in zip(targets, new.texts, strict=True))
    return replace(new, texts=texts)


def counted(at: Expressions, dtype: str, first: str, template: str) -> Value:
    """first, first + 1, first + 2, ... by lane."""
    from accelcore.cgen.unit import NotVectorizable

    total = at.unit.isa.move("iota_from", dtype, at.count)
    if total is None:
        raise NotVectorizable(f"no vector of iterators as {dtype}")
    return Value(dtype, (at.expand(total, x=first, v=at.expand(template)),), varying=True)


def _template(at: Expressions, role: str, dtype: str) -> tuple[str | None, str]:
    """The template of an access and the mask that it runs under."""
    active = at.frame.active
    if active is None:
        return at.unit.isa.move(role, dtype, at.count), ""
    return at.unit.isa.move(f"mask{role}", dtype, at.count), active.texts[0]


def _size(dtype: str) -> int:
    return (DTYPES[dtype].bits or 64) // 8


def _offsets(at: Expressions, place: Place, indices: Indices, dtype: str) -> tuple[str, str]:
    """C text of a vector of byte offsets, and how many bits each has; conversions in front of an index lose nothing."""
    from accelcore.cgen.accesses import strides

    bits = offset_bits(place, indices, dtype)
    kind = f"u{bits}"
    total: Expr | None = None
    for index, stride in zip(indices, strides(place), strict=True):
        part = cast(_core(index), kind, "nearest", "wrap")
        if stride.op != "const" or stride.value != 1:
            part = binary("mul", part, cast(stride, kind, "nearest", "wrap"))
        total = part if total is None else binary("add", total, part)
    assert total is not None
    (text,) = at.vector(binary("mul", total, const(_size(dtype), kind)) if _size(dtype) > 1 else total)
    return text, str(bits)


def offset_bits(place: Place, indices: Indices, dtype: str) -> int:
    """Bits that hold every byte offset of these accesses: 16, 32 or 64.

    Indices are inside the array, so a known extent bounds one; else the dtype that it was read in may.
    """
    from accelcore.cgen.accesses import strides

    last = 0
    for index, stride, extent in zip(indices, strides(place), place.buffer.shape, strict=True):
        highest = natural(_core(index).dtype)[1] if DTYPES[_core(index).dtype].bits else 2**63
        if extent.op == "const":
            highest = min(highest, int(extent.value) - 1)
        last += int(highest) * (int(stride.value) if stride.op == "const" else 2**63)
    return next((bits for bits in (16, 32) if (last + 1) * _size(dtype) <= 1 << bits), 64)


def _core(index: Expr) -> Expr:
    """An index without the conversions to wider integers around it."""
    while index.op == "cast" and DTYPES[index.args[0].dtype].is_integer and _narrower(index.args[0].dtype, index.dtype):
        index = index.args[0]
    return index


def _narrower(inner: str, outer: str) -> bool:
    low, high = natural(outer)
    return all(low <= bound <= high for bound in natural(inner))
