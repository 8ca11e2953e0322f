"""Short inner products that one AVX-512 instruction adds to each lane: VNNI for integers, BF16.

Meanings are from Intel's intrinsics guide.  VPDPBUSD and VPDPWSSD add exact products modulo 2**32; VDPBF16PS rounds
each sum to nearest and treats subnormals as zero, which a number model that fixes roundings does not allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from accelcore.cgen import Dot, VectorIsa, operand, short
from accelcore.ir.expr import Expr, cast, reduce

_VNNI = (("dpbusd", "u8", "i8", 4), ("dpwssd", "i16", "i16", 2))


def _meaning(left: str, right: str, total: str, steps: int) -> Expr:
    """acc + the sum of `steps` products, each exact in the sum's dtype."""
    a, b = short("a", left), short("b", right)
    return operand("acc", total) + reduce("sum", steps, lambda t: cast(a[t], total) * cast(b[t], total))


def integer_dots() -> Iterator[Dot]:
    """AVX512_VNNI."""
    for name, left, right, steps in _VNNI:
        yield Dot(f"vp{name}", 16, _meaning(left, right, "i32", steps), f"_mm512_{name}_epi32({{acc}}, {{a}}, {{b}})")


def float_dots() -> Iterator[Dot]:
    """AVX512_BF16."""
    template = "_mm512_dpbf16_ps({acc}, (__m512bh)({a}), (__m512bh)({b}))"
    yield Dot("vdpbf16ps", 16, _meaning("bf16", "bf16", "f32", 2), template)


@lru_cache(maxsize=8)
def with_dots(isa: VectorIsa, features: frozenset[str]) -> VectorIsa:
    """The instruction set with those that a CPU of these features has besides."""
    dots, flags = list(isa.dots), list(isa.flags)
    for feature, flag, found in (
        ("avx512_vnni", "-mavx512vnni", integer_dots),
        ("avx512_bf16", "-mavx512bf16", float_dots),
    ):
        if feature in features:
            dots += found()
            flags.append(flag)
    return replace(isa, dots=tuple(dots), flags=tuple(flags))
