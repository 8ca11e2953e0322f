"""What the emitter knows about a vector instruction set: types, masks, and its instructions as data.

An ISA is a `VectorIsa` value.  Arithmetic is described by `Instruction`s, whose meaning is an expression; moving data
is described by `moves`: templates by role, dtype and lanes, because loads and stores have no meaning as expressions.
Whatever an ISA does not list, the emitter writes with the vector extensions that gcc and clang share
(`__attribute__((vector_size(...)))`), so a new ISA works from its first instruction on and gets better with each.

Roles of `moves` and the names in their templates:

  load(p) store(p,v) stream(p,v)              contiguous, aligned to the element only (stream: to the vector)
  maskload(p,m) maskstore(p,v,m)              lanes outside the mask touch no memory; they load as zero
  splat(x) blend(m,a,b)                       all lanes x; a where m, else b
  first(n)           dtype "bool"             mask of the lanes below n, an int64_t, clamped to 0..lanes
  gather(p,i,m?)                              p[i] by lane, i a vector of i32 offsets in elements
  reduce_add(v) reduce_min ...                one scalar from all lanes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from accelcore.cgen.instructions import Instruction, Match, unify
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr

MoveKey = tuple[str, str, int]


@dataclass(frozen=True)
class VectorIsa:
    """A vector instruction set.

    bits: width of a full register.  masks: "bits" when a comparison gives one bit a lane (AVX-512), "lanes" when it
    gives all ones or zeros in lanes as wide as what was compared.  registers: number of vector registers.
    types: C types by (dtype, lanes) where the ISA has its own; sizes: bytes of those C types, which may be more than
    their lanes need.  helpers: C functions by name, written once when a template uses them.  flags: what the compiler
    must be told.
    """

    name: str
    bits: int
    masks: str = "lanes"
    registers: int = 16
    headers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    types: Mapping[tuple[str, int], str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    moves: Mapping[MoveKey, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    instructions: tuple[Instruction, ...] = ()

    @cached_property
    def _by_root(self) -> dict[tuple[str, str, int], list[Instruction]]:
        """Instructions by root operator, dtype and lanes; the largest pattern first, then the cheapest."""
        table: dict[tuple[str, str, int], list[Instruction]] = {}
        for one in sorted(self.instructions, key=lambda i: (-i.size, i.cost)):
            table.setdefault((one.meaning.op, one.meaning.dtype, one.lanes), []).append(one)
        return table

    def match(self, e: Expr, lanes: int, *, contract: bool) -> Match | None:
        """The instruction that covers most of `e` at its root; `contract` allows fusing two roundings into one."""
        for one in self._by_root.get((e.op, e.dtype, lanes), ()):
            if one.contracts and not contract:
                continue
            bound = unify(one.meaning, e)
            if bound is not None:
                return Match(one, bound)
        return None

    def move(self, role: str, dtype: str, lanes: int) -> str | None:
        """Template of a data movement, or None when the ISA has none for this type."""
        return self.moves.get((role, dtype, lanes))

    def container(self, dtype: str, lanes: int) -> int:
        """Elements that the C type of `lanes` lanes has room for."""
        size = self.sizes.get(self.types.get((dtype, lanes), ""))
        return lanes if size is None else size * 8 // (DTYPES[dtype].bits or 64)

    def lanes(self, dtype: str) -> int:
        """Elements of a dtype in a full register."""
        return self.bits // (DTYPES[dtype].bits or 64)

    def __hash__(self) -> int:
        return hash((self.name, self.bits))
