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
  stride(p,s,m?) unstride(p,s,v,m?)           load and store of lanes s bytes apart; maskstride, maskunstride with m
  compress(v,m)                               the lanes of v that m selects, side by side from the first lane on
  index(p,i,b,m?) unindex(p,i,b,v,m?)         the same at byte offsets i of b unsigned bits (maskindex, maskunindex)
  iota() iota_from(x,v)                       0, 1, 2, ... by lane; v + x
  tdiv(a,b) trem(a,b)                         quotients and remainders where no product gives them
  reduce_add(v) reduce_min ...                one scalar from all lanes

A scalable ISA does not fix how many lanes a register has.  Its lanes are counted per 64 bits of whatever length the
machine has, so that (dtype, lanes) still tells the type; a C variable `ac_vl` holds how many elements are active, and
its templates use it.  All its masks are values of its own types ("opaque"), and it has these roles besides:

  length(n) longest()  dtype of the widest    sets the active elements to at most n, or to all; gives how many
  keep(d,v)                                   v in the active elements, d beyond them
  segment2(p) apart2(p,s) ...                 fields of records that touch, or are s bytes apart; fields2: their C type
  unsegment2(p,v) unapart2(p,s,v) ...         stores of them; tuple2(v, v) makes them, field2(v,k) is one of them
  mask_and(a,b) mask_or mask_xor mask_not(a)  of masks (dtype "bool"); mask_splat(x) from a C condition
  mask_any(m) mask_all(m)                     C conditions; mask_first(m) the first set lane, or a negative number
  mask_count(m)                               how many lanes are set
  slide1up(v,x) slideup(d,v,n)                lanes 1 or n places up, below them the scalar x or the lanes of d
  slide1down(v,x)                             lanes 1 place down, the last active one takes the scalar x
  last(v) element(v)                          the last active lane in all lanes; the first lane, a C scalar
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from accelcore.cgen.instructions import Dot, Instruction, Match, unify
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr

MoveKey = tuple[str, str, int]


@dataclass(frozen=True)
class VectorIsa:
    """A vector instruction set.

    bits: width of a full register.  masks: "bits" when a comparison gives one bit a lane (AVX-512), "lanes" when it
    gives all ones or zeros in lanes as wide as what was compared, "opaque" for those of a scalable ISA, where bits is
    64 and most is how many times a register's length one value may have.  registers: number of vector registers.
    widens: whether sums and products of narrow operands give wide results, and bytes have products and shifts.
    types: C types by (dtype, lanes) where the ISA has its own; sizes: bytes of those C types, which may be more than
    their lanes need.  helpers: C functions by name, written once when a template uses them.  flags: what the compiler
    must be told.
    """

    name: str
    bits: int
    masks: str = "lanes"
    registers: int = 16
    most: int = 1
    widens: bool = False
    headers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    types: Mapping[tuple[str, int], str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    moves: Mapping[MoveKey, str] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    instructions: tuple[Instruction, ...] = ()
    dots: tuple[Dot, ...] = ()

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

    @property
    def scalable(self) -> bool:
        """Whether the number of lanes is the machine's, not the code's."""
        return self.masks == "opaque"

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
