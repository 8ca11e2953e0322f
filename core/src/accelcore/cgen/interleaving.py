"""Stores that together fill each lane's few neighbouring elements: one store of a wider word.

Four stores of bytes to p[j, 0], p[j, 1], p[j, 2], p[j, 3] in a vector loop over j touch every fourth byte each.
Together they are one store of 32-bit words, made of the bytes by shifts: how rows are interleaved for dot products.
The order of bytes in a word is the machine's: the least significant one comes first, as on x86, ARM and RISC-V.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, address
from accelcore.cgen.rewriting import Block
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, binary, call, cast, const
from accelcore.loops.nodes import Statement, Store, statements

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions


def grouped(block: Block) -> Iterator[tuple[Statement, ...]]:
    """The statements in order, stores that may be one word's elements together."""
    at = 0
    while at < len(block):
        count = _run(block[at:])
        yield block[at : at + count]
        at += count


def runs(block: Block) -> Iterator[tuple[Statement, ...]]:
    """The groups of several stores in a block and the blocks inside it."""
    yield from (part for part in grouped(block) if len(part) > 1)
    for s in statements(block):
        inner = getattr(s, "body", None) or (*getattr(s, "then", ()), *getattr(s, "otherwise", ()))
        yield from (part for part in grouped(tuple(inner)) if len(part) > 1)


def _run(block: Block) -> int:
    """How many statements from the first on store to the last indices 0, 1, ... of one place; 1 when they do not."""
    first = block[0]
    if not isinstance(first, Store) or not first.indices or not _ends_with(first, 0):
        return 1
    count = 1
    for s in block[1:]:
        same = isinstance(s, Store) and s.buffer == first.buffer and s.indices[:-1] == first.indices[:-1]
        if not same or not isinstance(s, Store) or not _ends_with(s, count):
            break
        count += 1
    return count


def _ends_with(s: Store, value: int) -> bool:
    return s.indices[-1].op == "const" and s.indices[-1].value == value


def word_of(at: Expressions, part: tuple[Statement, ...]) -> str | None:
    """The dtype of the word that these stores fill in each lane; None when they are to be written one by one."""
    stores = [s for s in part if isinstance(s, Store)]
    first, dtype = stores[0], DTYPES[stores[0].value.dtype]
    bits = len(stores) * (dtype.bits or 0)
    place = at.frame.places.get(first.buffer)
    if place is None or place.varying or dtype.kind == "bool" or bits not in (16, 32, 64):
        return None
    if any(s.stream or first.buffer in s.value.inputs or not at.varies(s.value) for s in stores):
        return None
    step = accesses.locate(at, first.buffer, first.indices).step
    return f"u{bits}" if step is not None and address.constant(step) == len(stores) else None


def written(at: Expressions, part: tuple[Statement, ...]) -> bool:
    """Write a group of stores as one; False when it is to be written one by one, and nothing is written."""
    word = word_of(at, part) if at.frame.lanes is not None else None
    if word is None:
        return False
    role = "store" if at.frame.active is None else "maskstore"
    template = at.unit.isa.move(role, word, at.count)
    if template is None:
        return False
    stores = [s for s in part if isinstance(s, Store)]
    access = accesses.locate(at, stores[0].buffer, stores[0].indices)
    masks = accesses.active_masks(at, word)
    for group, text in enumerate(at.vector(_joined(stores, word))):
        at.writer.line(at.expand(template, p=accesses.pointer(at, access, group), v=text, m=masks[group]) + ";")
    return True


def _joined(stores: list[Store], word: str) -> Expr:
    """The word whose parts are the stored values, the first one in the lowest bits."""
    dtype = DTYPES[stores[0].value.dtype]
    bits = dtype.bits or 0
    raw = [call("bitcast", s.value, dtype=f"u{bits}") if dtype.is_float else cast(s.value, f"u{bits}") for s in stores]
    parts = [cast(r, word) for r in raw]
    shifted = [p if not n else binary("shl", p, const(n * bits, word)) for n, p in enumerate(parts)]
    total = shifted[0]
    for part in shifted[1:]:
        total = binary("or", total, part)
    return total
