"""Loops that add short inner products, as the instructions that do so (`instructions.Dot`).

A loop over t of as many iterations as an instruction has steps, that does nothing but add a[..t..] * b[..t..] to one
place of each lane, is written as that instruction where each factor's elements at consecutive t lie side by side: a
lane's word is then a piece of memory.  A factor that is the same in all lanes is one word, spread; another's words must
lie side by side in lanes as well, which is what packing is for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accelcore.cgen import accesses, address
from accelcore.cgen.frame import Frame
from accelcore.cgen.instructions import Dot
from accelcore.cgen.isa import VectorIsa
from accelcore.cgen.names import ctype
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr, index
from accelcore.loops.edit import put
from accelcore.loops.nodes import Accumulate, For
from accelcore.loops.products import summed

if TYPE_CHECKING:
    from accelcore.cgen.emit import Emitter
    from accelcore.cgen.expressions import Expressions


@dataclass(frozen=True)
class _Matched:
    """A dot product in the program: the instruction, the update that it replaces, its factors in its order."""

    dot: Dot
    update: Accumulate
    factors: tuple[Expr, Expr]


def candidates(isa: VectorIsa, loop: For, *, contract: bool) -> list[_Matched]:
    """The instructions that a loop could be by its dtypes and extent; of floats only where sums may be reordered."""
    if not isa.dots or loop.extent.op != "const" or (found := summed(loop)) is None:
        return []
    update, *pair = found
    dtype = update.value.dtype
    if DTYPES[dtype].is_float and not contract:
        return []
    matched = []
    for dot in isa.dots:
        if dot.dtype == dtype and dot.steps == loop.extent.value:
            wanted = tuple(o.dtype for o in dot.operands)
            orders = [(a, b) for a, b in (pair, pair[::-1]) if (a.dtype, b.dtype) == wanted]
            matched += [_Matched(dot, update, order) for order in orders[:1]]
    return matched


def dotted(emitter: Emitter, loop: For, frame: Frame) -> bool:
    """Write a loop as one instruction for each group of lanes; False when it is none, and nothing is written."""
    if frame.lanes is None or frame.guarded:
        return False
    for found in candidates(emitter.isa, loop, contract=emitter.program.reassociate):
        place = frame.places[found.update.buffer]
        if found.dot.lanes != frame.lanes.count or not place.varying or place.keeps:
            continue
        at = emitter.expressions(frame.with_loop(loop.iterator, "0", loop.extent))
        words = [_words(at, loop.iterator, f, found.dot) for f in found.factors]
        if None in words:
            continue
        for group in range(at.groups):
            target = accesses.local(at, place, found.update.indices, group)
            a, b = (w[group] for w in words if w is not None)
            text = at.expand(found.dot.template, acc=str(target), a=a, b=b)
            emitter.writer.line(f"{target} = {text};")
        return True
    return False


def _words(at: Expressions, iterator: str, factor: Expr, dot: Dot) -> tuple[str, ...] | None:
    """C texts of a factor's words, one vector for each group; None when they are not pieces of memory."""
    name, indices = factor.args[0].name, factor.args[1:]
    access = accesses.locate(at, name, indices)
    if access.place.varying or access.place.cells or access.step is None:
        return None
    if address.constant(address.stride(access.offset, iterator) or {}) != 1:
        return None
    access = accesses.locate(at, name, tuple(put(i, {iterator: index(0)}) for i in indices))
    bits = dot.steps * (DTYPES[factor.dtype].bits or 64)
    word = f"u{bits}"
    if access.step == {}:
        splat = at.unit.isa.move("splat", word, at.count)
        if splat is None:
            return None
        text = at.expand(splat, x=f"{_read_word(at, word)}({accesses.pointer(at, access, 0)})")
        return at.bound(word, at.unit.vector(word, at.count), (text,), keep=True) * at.groups
    if address.constant(access.step or {}) != dot.steps:
        return None
    role = "load" if at.frame.active is None else "maskload"
    template = at.unit.isa.move(role, word, at.count)
    if template is None:
        return None
    masks = accesses.active_masks(at, word)
    texts = tuple(at.expand(template, p=accesses.pointer(at, access, g), m=masks[g]) for g in range(at.groups))
    return at.bound(word, at.unit.vector(word, at.count), texts, keep=False)


def _read_word(at: Expressions, word: str) -> str:
    """A helper that reads a word from where only its elements are aligned."""
    kind = ctype(word)
    body = f"{kind} w; __builtin_memcpy(&w, p, sizeof w); return w;"
    return at.unit.helper(f"ac_word_{word}", f"static inline {kind} ac_word_{word}(const void *p) {{ {body} }}")
