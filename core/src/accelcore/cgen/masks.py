"""Varying bools: one bit a lane in a mask register, or all ones or zeros in lanes as wide as the compared dtype.

A scalable ISA's masks are opaque: every operation on them is one of its templates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelcore.cgen import vectors
from accelcore.cgen.frame import Value
from accelcore.cgen.unit import NotVectorizable, Unit
from accelcore.ir.dtypes import DTYPES

_OPERATORS = {"land": "&", "lor": "|", "eq": "^", "ne": "^", "and": "&", "or": "|", "xor": "^"}


@dataclass(frozen=True)
class Masks:
    """Masks of `count` lanes under the unit's ISA."""

    unit: Unit
    count: int

    @property
    def bits(self) -> bool:
        """Whether a mask has one bit a lane."""
        return self.unit.isa.masks == "bits"

    @property
    def opaque(self) -> bool:
        """Whether masks are made and used by the ISA's templates only."""
        return self.unit.isa.masks == "opaque"

    @property
    def whole(self) -> bool:
        """Whether a mask does not depend on the width of what was compared."""
        return self.bits or self.opaque

    def made(self, role: str, **operands: str) -> str:
        """C text of an operation on opaque masks."""
        template = self.unit.isa.move(role, "bool", self.count)
        if template is None:
            raise NotVectorizable(f"no instruction for {role}")
        return self.unit.expand(template, **operands)

    @property
    def natural(self) -> int:
        """Width of the lanes of a mask that nothing else decides."""
        return min(64, max(8, self.unit.isa.bits // self.count))

    def ctype(self, value: Value) -> str:
        """C type of a mask."""
        return self.unit.vector("bool", self.count) if self.whole else self._lanes(value.mask or self.natural)

    def _lanes(self, width: int) -> str:
        return self.unit.generic(f"i{width}", self.unit.isa.container(f"i{width}", self.count))

    def spread(self, value: Value, groups: int) -> Value:
        """A uniform bool in all lanes."""
        if self.opaque:
            return Value("bool", (self.made("mask_splat", x=value.texts[0]),) * groups, varying=True)
        if self.bits:
            text = f"({self.unit.vector('bool', self.count)})-(int64_t)({value.texts[0]})"
            return Value("bool", (text,) * groups, varying=True)
        width = self.natural
        flag = f"(int{width}_t)-({value.texts[0]})"
        text = vectors.splat(self.unit, f"i{width}", self.count, flag)
        text = vectors.opened(self.unit, text, f"i{width}", self.count)
        return Value("bool", (text,) * groups, varying=True, mask=width)

    def widened(self, value: Value, width: int) -> Value:
        """A lane-wide mask with lanes of `width` bits."""
        if self.whole or value.mask == width or not value.varying:
            return value
        kind = self._lanes(width)
        texts = tuple(f"__builtin_convertvector({text}, {kind})" for text in value.texts)
        return replace(value, texts=texts, mask=width)

    def for_dtype(self, value: Value, dtype: str) -> Value:
        """The mask as wide as lanes of this dtype."""
        return self.widened(value, DTYPES[dtype].bits or 64)

    def alike(self, a: Value, b: Value) -> tuple[Value, Value]:
        """Two masks in one width."""
        width = max(a.mask, b.mask)
        return self.widened(a, width), self.widened(b, width)

    def bare(self, value: Value) -> Value:
        """A value as an instruction's operand; masks are widened to the natural width."""
        return value

    def combine(self, op: str, a: Value, b: Value) -> Value:
        """land, lor, eq, ne and the bitwise operators, by lane."""
        a, b = self.alike(a, b)
        if self.opaque:
            role = {"&": "mask_and", "|": "mask_or", "^": "mask_xor"}[_OPERATORS[op]]
            made = tuple(self.made(role, a=x, b=y) for x, y in zip(a.texts, b.texts, strict=True))
            return self.inverted(replace(a, texts=made)) if op == "eq" else replace(a, texts=made)
        texts = tuple(f"({x} {_OPERATORS[op]} {y})" for x, y in zip(a.texts, b.texts, strict=True))
        result = replace(a, texts=tuple(self._typed(t) for t in texts))
        return self.inverted(result) if op == "eq" else result

    def inverted(self, value: Value) -> Value:
        """The complement."""
        if self.opaque:
            return replace(value, texts=tuple(self.made("mask_not", a=text) for text in value.texts))
        return replace(value, texts=tuple(self._typed(f"~{text}") for text in value.texts))

    def _typed(self, text: str) -> str:
        """Integer promotion makes an int of a narrow mask register's value."""
        return f"({self.unit.vector('bool', self.count)})({text})" if self.bits else f"({text})"

    def narrowed(self, active: Value | None, condition: Value, *, inverted: bool) -> Value:
        """The lanes of `active` where the condition holds (does not hold)."""
        wanted = self.inverted(condition) if inverted else condition
        return wanted if active is None else self.combine("land", active, wanted)

    def choose(self, condition: Value, a: Value, b: Value) -> Value:
        """A blend of masks."""
        chosen = self.combine("land", condition, a)
        other = self.combine("land", self.inverted(condition), b)
        return self.combine("lor", chosen, other)

    def lane(self, text: str, array: str, at: str) -> str:
        """C condition: whether lane `at` is set, of a bit mask `text`, or of lanes spilled to `array`."""
        return f"({text} >> {at} & 1)" if self.bits else f"{array}[{at}]"
