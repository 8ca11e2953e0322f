"""Instructions described once: a C template, and the meaning as an expression over the operands of one lane.

    Instruction("fmadd_ps", 16, a * b + c, "_mm512_fmadd_ps({a}, {b}, {c})", contracts=True)

says all that the emitter needs: wherever a value of sixteen lanes has this shape, the instruction is written.  Operands
are scalar parameters of the expression language (`operand`); one whose name begins with "imm" only matches a constant
and is written as a literal; one that occurs twice must meet the same expression twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import COMMUTATIVE, Expr, array, const, param, walk
from accelcore.ir.ranges import natural


@dataclass(frozen=True)
class Instruction:
    """One instruction at one vector length.

    meaning: of one lane, over `operand`s.  template: C text with the operands' names in braces, giving a value of the
    ISA's type for the meaning's dtype.  cost: reciprocal throughput in slots, to choose among equals.
    contracts: it rounds once where its meaning rounds twice (fused multiply-add).  scalars: templates that take one
    operand, by its name, as a scalar; they serve where that operand is the same in all lanes.
    """

    name: str
    lanes: int
    meaning: Expr
    template: str
    cost: float = 1.0
    contracts: bool = False
    scalars: Mapping[str, str] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.lanes, self.meaning, self.template))

    @cached_property
    def size(self) -> int:
        """Operators that it covers."""
        return sum(1 for node in walk(self.meaning) if node.op not in ("param", "const"))


@dataclass(frozen=True)
class Match:
    """An instruction that covers an expression, and the expressions of its operands."""

    instruction: Instruction
    operands: Mapping[str, Expr]


def operand(name: str, dtype: str) -> Expr:
    """An operand of an instruction's meaning."""
    return param(name, dtype)


def short(name: str, dtype: str) -> Expr:
    """An operand that is a short row of elements in each lane, of which an instruction like `Dot` takes several."""
    return array(name, dtype, 1)


@dataclass(frozen=True)
class Dot:
    """An instruction that adds a short inner product to each lane of a sum.

        Dot("vpdpbusd", 16, acc + reduce("sum", 4, lambda t: cast(a[t], "i32") * cast(b[t], "i32")),
            "_mm512_dpbusd_epi32({acc}, {a}, {b})")

    with acc an `operand` and a, b `short` ones.  In C a lane of a or b is one word of all its elements.  It is written
    for a loop over t that adds such products to one place of the lane, with both factors side by side in t.
    """

    name: str
    lanes: int
    meaning: Expr
    template: str

    @property
    def steps(self) -> int:
        """Products that it adds to a lane."""
        return int(self._sum.args[0].value)

    @property
    def dtype(self) -> str:
        """Of the sum."""
        return self.meaning.dtype

    @cached_property
    def operands(self) -> tuple[Expr, Expr]:
        """Its two short operands, the one that it names `a` first."""
        from accelcore.loops.products import factors

        found = factors(self._sum.args[1])
        if found is None:
            raise IrError(f"the meaning of {self.name} is no sum of products")
        a, b = sorted((f.args[0] for f in found), key=lambda e: e.name)
        return a, b

    @property
    def _sum(self) -> Expr:
        found = next((n for n in self.meaning.args if n.op == "reduce"), None)
        if self.meaning.op != "add" or found is None or found.args[0].op != "const":
            raise IrError(f"the meaning of {self.name} is no sum and a reduction of a known length")
        return found


def unify(pattern: Expr, e: Expr) -> dict[str, Expr] | None:
    """Operands under which the pattern is this expression, up to commutation; None when there are none."""
    return next(_unify(pattern, e, {}), None)


def _unify(pattern: Expr, e: Expr, bound: dict[str, Expr]) -> Iterator[dict[str, Expr]]:
    if pattern.dtype != e.dtype:
        return
    if pattern.op == "param":
        yield from _bind(pattern, e, bound)
    elif pattern.op == "const":
        if pattern is e:
            yield bound
    elif pattern.op == "cast" and e.op == "const" and pattern.args[0].op == "param":
        yield from _narrow_constant(pattern.args[0], e, bound)
    elif pattern.op == e.op and len(pattern.args) == len(e.args) and _attributes_agree(pattern, e):
        yield from _arguments(pattern.args, e.args, bound)
        if pattern.op in COMMUTATIVE and pattern.args[0] is not pattern.args[1]:
            yield from _arguments(pattern.args, e.args[::-1], bound)


def _bind(pattern: Expr, e: Expr, bound: dict[str, Expr]) -> Iterator[dict[str, Expr]]:
    if pattern.name.startswith("imm") and e.op != "const":
        return
    if bound.get(pattern.name, e) is e:
        yield {**bound, pattern.name: e}


def _narrow_constant(operand: Expr, e: Expr, bound: dict[str, Expr]) -> Iterator[dict[str, Expr]]:
    """An integer constant where a widened operand is meant: the same constant in the operand's dtype, if it fits."""
    if not (DTYPES[operand.dtype].is_integer and DTYPES[e.dtype].is_integer and DTYPES[operand.dtype].bits):
        return
    low, high = natural(operand.dtype)
    if low <= int(e.value) <= high:
        yield from _bind(operand, const(int(e.value), operand.dtype), bound)


def _arguments(patterns: tuple[Expr, ...], args: tuple[Expr, ...], bound: dict[str, Expr]) -> Iterator[dict[str, Expr]]:
    if not patterns:
        yield bound
        return
    for found in _unify(patterns[0], args[0], bound):
        yield from _arguments(patterns[1:], args[1:], found)


def _attributes_agree(pattern: Expr, e: Expr) -> bool:
    """Attributes are equal, but for a cast that is known to fit: any way to treat what does not fit serves it."""
    if pattern.op == "cast" and e.op == "cast":
        return pattern.attrs[0] == e.attrs[0] and (e.attrs[1] in ("exact", pattern.attrs[1]))
    return pattern.attrs == e.attrs
