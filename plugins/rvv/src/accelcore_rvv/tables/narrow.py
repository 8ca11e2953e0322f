"""What RVV has for fixed-point arithmetic: saturating sums, averages, high products, shifts that narrow."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, operand
from accelcore.ir.expr import Expr, binary, cast, const, select
from accelcore_rvv.tables.conversions import clipped
from accelcore_rvv.tables.registers import BITS, INTEGERS, exists, other, reinterpreted, shapes, suffix


def instructions() -> Iterator[Instruction]:
    """All of them."""
    for dtype, lanes in shapes(("i8", "u8", "i16", "u16", "i32", "u32")):
        yield from _saturating(dtype, lanes)
        yield from _high_product(dtype, lanes)
    for source, lanes in shapes(INTEGERS):
        for target in INTEGERS:
            if 2 * BITS[target] == BITS[source] and exists(target, lanes):
                yield from _shifted(source, target, lanes)


def _pair(
    name: str, stem: str, lanes: int, meaning: Expr, s: str, mode: str = "", *, swaps: bool = True
) -> Instruction:
    """Two operands, the second (and where the order does not matter, either) possibly a scalar."""
    end = f"{mode}ac_vl)"
    scalars = {"b": f"__riscv_{stem}_vx_{s}({{a}}, {{b}}, {end}"}
    if swaps:
        scalars["a"] = f"__riscv_{stem}_vx_{s}({{b}}, {{a}}, {end}"
    return Instruction(name, lanes, meaning, f"__riscv_{stem}_vv_{s}({{a}}, {{b}}, {end}", scalars=scalars)


def _saturating(dtype: str, lanes: int) -> Iterator[Instruction]:
    s, sign = suffix(dtype, lanes), "u" if dtype[0] == "u" else ""
    a, b, wide = operand("a", dtype), operand("b", dtype), other(dtype, 2)
    for width in dict.fromkeys((wide, wide.replace("u", "i"), "i32" if BITS[dtype] < 32 else "i64")):
        total, gap = cast(a, width) + cast(b, width), cast(a, width) - cast(b, width)
        yield _pair("vsadd", f"vsadd{sign}", lanes, cast(total, dtype, "nearest", "saturate"), s)
        if width[0] == "i":
            meaning = cast(gap, dtype, "nearest", "saturate")
            yield _pair("vssub", f"vssub{sign}", lanes, meaning, s, swaps=False)
    if sign:
        total = cast(a, wide) + cast(b, wide)
        half = cast(binary("shr", total, const(1, wide)), dtype)
        up = cast(binary("shr", total + const(1, wide), const(1, wide)), dtype)
        yield _pair("vaaddu", "vaaddu", lanes, half, s, "__RISCV_VXRM_RDN, ")
        yield _pair("vaaddu", "vaaddu", lanes, up, s, "__RISCV_VXRM_RNU, ")
        floor = select(binary("lt", a, b), const(0, dtype), a - b)
        yield _pair("vssubu", "vssubu", lanes, floor, s, swaps=False)


def _high_product(dtype: str, lanes: int) -> Iterator[Instruction]:
    s, wide, bits = suffix(dtype, lanes), other(dtype, 2), BITS[dtype]
    product = cast(operand("a", dtype), wide) * cast(operand("b", dtype), wide)
    high = cast(binary("shr", product, const(bits, wide)), dtype)
    yield _pair("vmulh", "vmulhu" if dtype[0] == "u" else "vmulh", lanes, high, s)


def _shifted(source: str, target: str, lanes: int) -> Iterator[Instruction]:
    """Shift right and keep the low half, or clamp."""
    a, imm = operand("a", source), operand("imm", source)
    shifted, same = binary("shr", a, imm), other(target, 1, source[0])
    stem = "vnsrl" if source[0] == "u" else "vnsra"
    text = f"__riscv_{stem}_wx_{suffix(same, lanes)}({{a}}, {{imm}}, ac_vl)"
    low = reinterpreted(text, same, target, lanes)
    yield Instruction(stem, lanes, cast(shifted, target, "nearest", "wrap"), low)
    if source[0] == target[0]:
        meaning = cast(shifted, target, "nearest", "saturate")
        yield Instruction("vnclip_i", lanes, meaning, clipped("{a}", source, target, lanes, "{imm}"))
