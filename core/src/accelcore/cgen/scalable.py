"""What only scalable ISAs have: lanes apart in memory as one access, and values kept beyond the active elements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from accelcore.cgen.frame import Place, Value
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, cast, const

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
    offsets = _offsets(at, access.place, indices, e.dtype)
    text = at.expand(template, p=access.place.names[0], i=offsets, m=mask)
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
        where, offsets = f"({pointer(at, access, 0)})", ""
        bytes_ = distance(at, access, value.dtype)
    else:
        where, offsets = access.place.names[0], _offsets(at, access.place, indices, value.dtype)
        bytes_ = ""
    at.writer.line(f"{at.expand(template, p=where, s=bytes_, i=offsets, v=text, m=mask)};")
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


def _offsets(at: Expressions, place: Place, indices: Indices, dtype: str) -> str:
    """C text of a vector of byte offsets; an index that is no i64 is extended, which loses nothing."""
    from accelcore.cgen.accesses import strides

    total: Expr | None = None
    for index, stride in zip(indices, strides(place), strict=True):
        part = binary("mul", cast(index, "i64"), cast(stride, "i64"))
        total = part if total is None else binary("add", total, part)
    assert total is not None
    (text,) = at.vector(cast(binary("mul", total, const(_size(dtype), "i64")), "u64", "nearest", "wrap"))
    return text
