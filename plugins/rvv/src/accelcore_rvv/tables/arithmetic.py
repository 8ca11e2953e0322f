"""Arithmetic, comparison, shifts and choices of lanes of one width."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, operand
from accelcore.ir.expr import Expr, binary, call, select, unary
from accelcore_rvv.tables.registers import BITS, FLOATS, INTEGERS, group, mask, reinterpreted, shapes, suffix

_SWAPPED = {"lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}


def instructions() -> Iterator[Instruction]:
    """All of them."""
    for dtype, lanes in shapes(FLOATS):
        yield from _floats(dtype, lanes)
        yield from _fused(dtype, lanes)
        yield from _comparisons(dtype, lanes, "mf", "vf")
        yield _choice(dtype, lanes, f"__riscv_vfmerge_vfm_{suffix(dtype, lanes)}")
    for dtype, lanes in shapes(INTEGERS):
        yield from _integers(dtype, lanes)
        yield from _multiply_add(dtype, lanes)
        yield from _shifts(dtype, lanes)
        yield from _comparisons(dtype, lanes, "ms", "vx")
        yield _choice(dtype, lanes, f"__riscv_vmerge_vxm_{suffix(dtype, lanes)}")


def _binary(
    name: str, lanes: int, meaning: Expr, s: str, stem: str, form: str, backwards: str = "", cost: float = 1
) -> Instruction:
    """A two-operand instruction with its form for a scalar second operand, and for a scalar first one."""
    scalars = {"b": f"__riscv_{stem}_{form}_{s}({{a}}, {{b}}, ac_vl)"}
    if backwards:
        scalars["a"] = f"__riscv_{backwards}_{form}_{s}({{b}}, {{a}}, ac_vl)"
    return Instruction(name, lanes, meaning, f"__riscv_{stem}_vv_{s}({{a}}, {{b}}, ac_vl)", cost, scalars=scalars)


def _floats(dtype: str, lanes: int) -> Iterator[Instruction]:
    """vfmin and vfmax give the other operand where one is a NaN, so they stand for min and max, not for selects."""
    s, a, b = suffix(dtype, lanes), operand("a", dtype), operand("b", dtype)
    backwards = {"add": "vfadd", "sub": "vfrsub", "mul": "vfmul", "div": "vfrdiv", "min": "vfmin", "max": "vfmax"}
    for op, reverse in backwards.items():
        cost = 8.0 if op == "div" else 1.0
        yield _binary(f"vf{op}", lanes, binary(op, a, b), s, f"vf{op}", "vf", reverse, cost)
    for name, meaning in (("neg", unary("neg", a)), ("abs", unary("abs", a)), ("sqrt", call("sqrt", a))):
        yield Instruction(f"vf{name}", lanes, meaning, f"__riscv_vf{name}_v_{s}({{a}}, ac_vl)")


def _fused(dtype: str, lanes: int) -> Iterator[Instruction]:
    s = suffix(dtype, lanes)
    a, b, c = (operand(x, dtype) for x in "abc")
    for name, meaning in (
        ("vfmacc", a * b + c), ("vfmsac", a * b - c), ("vfnmsac", c - a * b), ("vfnmacc", -(a * b) - c),
    ):  # fmt: skip
        scalars = {x: f"__riscv_{name}_vf_{s}({{c}}, {{{x}}}, {{{y}}}, ac_vl)" for x, y in ("ab", "ba")}
        text = f"__riscv_{name}_vv_{s}({{c}}, {{a}}, {{b}}, ac_vl)"
        yield Instruction(name, lanes, meaning, text, contracts=True, scalars=scalars)


def _integers(dtype: str, lanes: int) -> Iterator[Instruction]:
    s, a, b = suffix(dtype, lanes), operand("a", dtype), operand("b", dtype)
    sign = "u" if dtype[0] == "u" else ""
    names = {
        "add": ("vadd", "vadd"), "sub": ("vsub", "vrsub"), "mul": ("vmul", "vmul"), "and": ("vand", "vand"),
        "or": ("vor", "vor"), "xor": ("vxor", "vxor"), "min": (f"vmin{sign}",) * 2, "max": (f"vmax{sign}",) * 2,
    }  # fmt: skip
    for op, (stem, reverse) in names.items():
        yield _binary(stem, lanes, binary(op, a, b), s, stem, "vx", reverse)
    for stem, less in ((f"vmin{sign}", binary("lt", a, b)), (f"vmax{sign}", binary("lt", b, a))):
        yield _binary(stem, lanes, select(less, a, b), s, stem, "vx", stem)
    negated = f"__riscv_vrsub_vx_{s}({{a}}, 0, ac_vl)"
    yield Instruction("vneg", lanes, unary("neg", a), negated)
    yield Instruction("vnot", lanes, unary("not", a), f"__riscv_vnot_v_{s}({{a}}, ac_vl)")
    if not sign:
        template = f"__riscv_vmax_vv_{s}({{a}}, {negated}, ac_vl)"
        yield Instruction("vabs", lanes, unary("abs", a), template, 2)


def _multiply_add(dtype: str, lanes: int) -> Iterator[Instruction]:
    s = suffix(dtype, lanes)
    a, b, c = (operand(x, dtype) for x in "abc")
    for name, meaning in (("vmacc", a * b + c), ("vnmsac", c - a * b)):
        scalars = {x: f"__riscv_{name}_vx_{s}({{c}}, {{{x}}}, {{{y}}}, ac_vl)" for x, y in ("ab", "ba")}
        yield Instruction(name, lanes, meaning, f"__riscv_{name}_vv_{s}({{c}}, {{a}}, {{b}}, ac_vl)", scalars=scalars)


def _shifts(dtype: str, lanes: int) -> Iterator[Instruction]:
    """RVV takes the amount modulo the width; `shl` and `shr` by too much give 0 or the sign."""
    s, bits = suffix(dtype, lanes), BITS[dtype]
    unsigned, right = f"u{bits}", "vsrl" if dtype[0] == "u" else "vsra"
    u, a, b, imm = suffix(unsigned, lanes), operand("a", dtype), operand("b", dtype), operand("imm", dtype)
    for op, stem in (("shl", "vsll"), ("shr", right)):
        yield Instruction(f"{stem}_i", lanes, binary(op, a, imm), f"__riscv_{stem}_vx_{s}({{a}}, {{imm}}, ac_vl)", 0.5)
    amount = reinterpreted("{b}", dtype, unsigned, lanes)
    least = f"__riscv_vminu_vx_{u}({amount}, {bits - 1}, ac_vl)"
    large = f"__riscv_vmsgtu_vx_{u}_{mask(lanes)}({amount}, {bits - 1}, ac_vl)"
    for op, stem in (("shl", "vsll"), ("shr", right)):
        plain = f"__riscv_{stem}_vv_{s}({{a}}, {least}, ac_vl)"
        if stem != "vsra":
            plain = f"__riscv_vmerge_vxm_{s}({plain}, 0, {large}, ac_vl)"
        yield Instruction(stem, lanes, binary(op, a, b), plain, 3)


def _comparisons(dtype: str, lanes: int, stem: str, form: str) -> Iterator[Instruction]:
    s, a, b = suffix(dtype, lanes), operand("a", dtype), operand("b", dtype)
    for op, swapped in _SWAPPED.items():
        sign = "u" if dtype[0] == "u" and op in ("lt", "le") else ""
        end = f"{s}_{mask(lanes)}"
        scalars = {
            "b": f"__riscv_v{stem}{op}{sign}_{form}_{end}({{a}}, {{b}}, ac_vl)",
            "a": f"__riscv_v{stem}{swapped}{sign}_{form}_{end}({{b}}, {{a}}, ac_vl)",
        }
        text = f"__riscv_v{stem}{op}{sign}_vv_{end}({{a}}, {{b}}, ac_vl)"
        yield Instruction(f"v{stem}{op}", lanes, binary(op, a, b), text, scalars=scalars)


def _choice(dtype: str, lanes: int, with_scalar: str) -> Instruction:
    """A select; the scalar form has its scalar where the condition holds."""
    meaning = select(operand("m", "bool"), operand("a", dtype), operand("b", dtype))
    template = f"__riscv_vmerge_vvm_{dtype}{group(dtype, lanes)}({{b}}, {{a}}, {{m}}, ac_vl)"
    return Instruction("vmerge", lanes, meaning, template, scalars={"a": f"{with_scalar}({{b}}, {{a}}, {{m}}, ac_vl)"})
