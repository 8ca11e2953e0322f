"""Sums and products that are wider than their operands.

Products of 8 bits are exact in 16, so a sum of them in 32 bits is one widening product and one widening addition.
"""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, operand
from accelcore.ir.expr import Expr, cast
from accelcore_rvv.tables.conversions import widened
from accelcore_rvv.tables.registers import BITS, exists, other, reinterpreted, shapes, suffix

_NARROW = ("i8", "u8", "i16", "u16", "i32", "u32")


def instructions() -> Iterator[Instruction]:
    """All of them."""
    for dtype, lanes in shapes(_NARROW):
        for target in (other(dtype, 2, "i"), other(dtype, 2, "u")):
            if exists(target, lanes) and (dtype[0] == "u" or target[0] == "i"):
                yield from _sums(dtype, target, lanes)
        for second in (other(dtype, 1, "i"), other(dtype, 1, "u")):
            yield from _products(dtype, second, lanes)
        if BITS[dtype] > 8:
            for narrow in (f"i{BITS[dtype] // 2}", f"u{BITS[dtype] // 2}"):
                yield from _mixed(dtype, narrow, lanes)
    for lanes in (1, 2, 4, 8):
        yield from _floats(lanes)


def _sums(dtype: str, target: str, lanes: int) -> Iterator[Instruction]:
    """Wide and narrow operands added or subtracted."""
    same, u = other(dtype, 2), "u" if dtype[0] == "u" else ""
    s, a, b, c = suffix(same, lanes), operand("a", dtype), operand("b", dtype), operand("c", target)
    wide = reinterpreted("{c}", target, same, lanes)
    for op in ("add", "sub"):
        for form, left, text in (("v", cast(a, target), "{a}"), ("w", c, wide)):
            meaning = left + cast(b, target) if op == "add" else left - cast(b, target)
            stem = f"__riscv_vw{op}{u}_{form}"
            scalars = {"b": reinterpreted(f"{stem}x_{s}({text}, {{b}}, ac_vl)", same, target, lanes)}
            template = reinterpreted(f"{stem}v_{s}({text}, {{b}}, ac_vl)", same, target, lanes)
            yield Instruction(f"vw{op}_{form}", lanes, meaning, template, scalars=scalars)


def _product(first: str, second: str) -> tuple[str, str]:
    """(suffix of the widening multiplication, dtype of the exact product) of two dtypes of one width."""
    if first[0] == second[0]:
        return ("u" if first[0] == "u" else ""), other(first, 2)
    return "su", other(first, 2, "i")


def _multiplied(first: str, second: str, lanes: int, form: str, *, acc: str = "") -> str:
    """C text of the exact product of {a} and {b}, added to `acc` if given; form: vv, or vx with {b} as the scalar."""
    stem, exact = _product(first, second)
    a, b = ("{a}", "{b}")
    if stem == "su" and first[0] == "u":
        a, b = b, a  # vwmulsu takes the signed operand first
    s = suffix(exact, lanes)
    if acc:
        inside = f"{acc}, {b}, {a}" if form == "vx" else f"{acc}, {a}, {b}"
        return f"__riscv_vwmacc{stem}_{form}_{s}({inside}, ac_vl)"
    return f"__riscv_vwmul{stem}_{form}_{s}({a}, {b}, ac_vl)"


def _scalar_forms(first: str, second: str) -> tuple[str, ...]:
    """Operands that may be scalars: with mixed signs only the second of the instruction's."""
    if first[0] == second[0]:
        return ("a", "b")
    return ("a",) if first[0] == "u" else ("b",)


def _products(first: str, second: str, lanes: int) -> Iterator[Instruction]:
    _, exact = _product(first, second)
    if not exists(exact, lanes):
        return
    for factor in (2, 4):
        for sign in "iu":
            target = other(first, factor, sign)
            if BITS[first] * factor > 64 or not exists(target, lanes) or (sign == "u" and exact[0] == "i"):
                continue
            yield from _product_as(first, second, exact, target, lanes)


def _mixed(first: str, narrow: str, lanes: int) -> Iterator[Instruction]:
    """Products with a factor of half the width: it is widened first, or as a scalar taken as it is."""
    second = first if narrow[0] == "u" else f"i{BITS[first]}"
    _, exact = _product(first, second)
    if not (exists(narrow, lanes) and exists(exact, lanes)):
        return
    product = cast(operand("a", first), exact) * cast(operand("b", narrow), exact)
    wide = widened("{b}", narrow, second, lanes)
    scalar_b = "b" in _scalar_forms(first, second)
    for name, meaning, acc, cost in (("vwmul", product, "", 2), ("vwmacc", operand("c", exact) + product, "{c}", 2)):
        text = _multiplied(first, second, lanes, "vv", acc=acc).replace("{b}", wide)
        scalars = {"b": _scalar_product(first, second, lanes, "b", acc=acc)} if scalar_b else {}
        yield Instruction(f"{name}_mixed", lanes, meaning, text, cost, scalars=scalars)


def _product_as(first: str, second: str, exact: str, target: str, lanes: int) -> Iterator[Instruction]:
    product = cast(operand("a", first), target) * cast(operand("b", second), target)
    forms = _scalar_forms(first, second)
    template = widened(_multiplied(first, second, lanes, "vv"), exact, target, lanes)
    one_scalar = {x: widened(_scalar_product(first, second, lanes, x), exact, target, lanes) for x in forms}
    yield Instruction("vwmul", lanes, product, template, scalars=one_scalar)
    total: Expr = operand("c", target) + product
    if BITS[target] == BITS[exact]:
        acc = reinterpreted("{c}", target, exact, lanes)
        text = reinterpreted(_multiplied(first, second, lanes, "vv", acc=acc), exact, target, lanes)
        scalars = {
            x: reinterpreted(_scalar_product(first, second, lanes, x, acc=acc), exact, target, lanes) for x in forms
        }
        yield Instruction("vwmacc", lanes, total, text, scalars=scalars)
        return
    scalars = {x: _added(_scalar_product(first, second, lanes, x), exact, target, lanes) for x in forms}
    text = _added(_multiplied(first, second, lanes, "vv"), exact, target, lanes)
    yield Instruction("vwmul_vwadd", lanes, total, text, 2, scalars=scalars)


def _scalar_product(first: str, second: str, lanes: int, scalar: str, *, acc: str = "") -> str:
    """The product with one operand as a scalar."""
    stem, exact = _product(first, second)
    s, vector = suffix(exact, lanes), "{b}" if scalar == "a" else "{a}"
    one = f"{{{scalar}}}"
    if acc:
        # vwmaccsu has a signed scalar, vwmaccus an unsigned one.
        name = "us" if stem == "su" else stem
        return f"__riscv_vwmacc{name}_vx_{s}({acc}, {one}, {vector}, ac_vl)"
    return f"__riscv_vwmul{stem}_vx_{s}({vector}, {one}, ac_vl)"


def _added(product: str, exact: str, target: str, lanes: int) -> str:
    """{c} plus a product half as wide."""
    same, u = other(exact, 2), "u" if exact[0] == "u" else ""
    c = reinterpreted("{c}", target, same, lanes)
    return reinterpreted(f"__riscv_vwadd{u}_wv_{suffix(same, lanes)}({c}, {product}, ac_vl)", same, target, lanes)


def _floats(lanes: int) -> Iterator[Instruction]:
    """f32 into f64."""
    s, a, b, c = suffix("f64", lanes), operand("a", "f32"), operand("b", "f32"), operand("c", "f64")
    product = cast(a, "f64") * cast(b, "f64")
    scalars = {x: f"__riscv_vfwmul_vf_{s}({{{y}}}, {{{x}}}, ac_vl)" for x, y in ("ab", "ba")}
    yield Instruction("vfwmul", lanes, product, f"__riscv_vfwmul_vv_{s}({{a}}, {{b}}, ac_vl)", scalars=scalars)
    scalars = {x: f"__riscv_vfwmacc_vf_{s}({{c}}, {{{x}}}, {{{y}}}, ac_vl)" for x, y in ("ab", "ba")}
    text = f"__riscv_vfwmacc_vv_{s}({{c}}, {{a}}, {{b}}, ac_vl)"
    yield Instruction("vfwmacc", lanes, product + c, text, scalars=scalars)
    for name, meaning in (("vfwadd", c + cast(a, "f64")), ("vfwsub", c - cast(a, "f64"))):
        yield Instruction(name, lanes, meaning, f"__riscv_{name}_wv_{s}({{c}}, {{a}}, ac_vl)")
