"""Conversions between widths and kinds.  Casts that are known to fit match any of them (see `unify`)."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, operand
from accelcore.ir.expr import call, cast
from accelcore_rvv.tables.registers import (
    BITS,
    FLOATS,
    INTEGERS,
    exists,
    mask,
    other,
    reinterpreted,
    shapes,
    suffix,
)


def instructions() -> Iterator[Instruction]:
    """All of them."""
    for source, lanes in shapes(INTEGERS):
        for target in INTEGERS:
            if source != target and exists(target, lanes):
                yield from _between_integers(source, target, lanes)
        for target in FLOATS:
            if exists(target, lanes) and BITS[source] <= 2 * BITS[target]:
                text = _to_float(source, target, lanes)
                yield Instruction("to_float", lanes, cast(operand("a", source), target), text)
    for source, lanes in shapes(FLOATS):
        for target in ("i32", "u32", "i64", "u64"):
            if exists(target, lanes):
                yield from _to_integer(source, target, lanes)
        yield from _between_floats(source, lanes)
        yield from _bits(source, lanes)


def widened(text: str, source: str, target: str, lanes: int) -> str:
    """C text of an integer vector extended to a wider dtype by the source's sign."""
    factor = BITS[target] // BITS[source]
    if factor == 1:
        return reinterpreted(text, source, target, lanes)
    same = other(source, factor)
    stem = "vzext" if source[0] == "u" else "vsext"
    return reinterpreted(f"__riscv_{stem}_vf{factor}_{suffix(same, lanes)}({text}, ac_vl)", same, target, lanes)


def narrowed(text: str, source: str, target: str, lanes: int) -> str:
    """C text of the low bits of an integer vector."""
    sign = target[0]
    text, bits = reinterpreted(text, source, f"{sign}{BITS[source]}", lanes), BITS[source]
    while bits > BITS[target]:
        bits //= 2
        text = f"__riscv_vncvt_x_x_w_{suffix(f'{sign}{bits}', lanes)}({text}, ac_vl)"
    return text


def clipped(text: str, source: str, target: str, lanes: int, shift: str = "0") -> str:
    """C text of an integer vector shifted right and clamped to a narrower dtype of its own sign, or to an unsigned one.

    The shift rounds down; only the first step of several shifts.
    """
    bits, sign = BITS[source], target[0]
    if source[0] == "i" and sign == "u":
        text = reinterpreted(f"__riscv_vmax_vx_{suffix(source, lanes)}({text}, 0, ac_vl)", source, f"u{bits}", lanes)
    stem = "vnclipu" if sign == "u" else "vnclip"
    while bits > BITS[target]:
        bits //= 2
        inside = f"{text}, {shift}, __RISCV_VXRM_RDN, ac_vl"
        text, shift = f"__riscv_{stem}_wx_{suffix(f'{sign}{bits}', lanes)}({inside})", "0"
    return text


def _between_integers(source: str, target: str, lanes: int) -> Iterator[Instruction]:
    a = operand("a", source)
    longer = BITS[target] - BITS[source]
    fits = longer > 0 and (source[0] == "u" or target[0] == "i")
    for rounding in ("nearest", "trunc"):
        if longer >= 0:
            for mode in ("wrap", "saturate") if fits else ("wrap",):
                text = widened("{a}", source, target, lanes)
                yield Instruction("extend", lanes, cast(a, target, rounding, mode), text)
            continue
        steps = (BITS[source] // BITS[target]).bit_length() - 1
        text = narrowed("{a}", source, target, lanes)
        yield Instruction("vncvt", lanes, cast(a, target, rounding, "wrap"), text, steps)
        if source[0] == target[0] or source[0] == "i":
            meaning = cast(a, target, rounding, "saturate")
            yield Instruction("vnclip", lanes, meaning, clipped("{a}", source, target, lanes), steps + 0.1)


def _to_float(source: str, target: str, lanes: int) -> str:
    """Through the narrowest conversion that there is; 8 bits are extended first."""
    text, s = "{a}", suffix(target, lanes)
    if 2 * BITS[source] < BITS[target]:
        half = other(source, BITS[target] // BITS[source] // 2)
        text, source = widened(text, source, half, lanes), half
    letter = "xu" if source[0] == "u" else "x"
    if BITS[source] < BITS[target]:
        return f"__riscv_vfwcvt_f_{letter}_v_{s}({text}, ac_vl)"
    if BITS[source] == BITS[target]:
        return f"__riscv_vfcvt_f_{letter}_v_{s}({text}, ac_vl)"
    return f"__riscv_vfncvt_f_{letter}_w_{s}({text}, ac_vl)"


def _to_integer(source: str, target: str, lanes: int) -> Iterator[Instruction]:
    """Conversions saturate; a NaN becomes 0 where saturation is asked for."""
    a, s = operand("a", source), suffix(target, lanes)
    nan = f"__riscv_vmfne_vv_{suffix(source, lanes)}_{mask(lanes)}({{a}}, {{a}}, ac_vl)"
    for rounding in ("trunc", "nearest"):
        text = _truncated(source, target, lanes) if rounding == "trunc" else _converted(source, target, lanes)
        yield Instruction(f"vfcvt_{rounding}", lanes, cast(a, target, rounding, "exact"), text)
        guarded = f"__riscv_vmerge_vxm_{s}({text}, 0, {nan}, ac_vl)"
        yield Instruction(f"vfcvt_{rounding}_sat", lanes, cast(a, target, rounding, "saturate"), guarded, 3)


def _converted(source: str, target: str, lanes: int, mode: str = "") -> str:
    """C text of a float vector as integers, rounded as the mode says, or to nearest."""
    letter = "xu" if target[0] == "u" else "x"
    kind = {-1: "vfncvt", 0: "vfcvt", 1: "vfwcvt"}[(BITS[target] > BITS[source]) - (BITS[target] < BITS[source])]
    form, chosen = ("_rm", f"__RISCV_FRM_{mode}, ") if mode else ("", "")
    name = f"__riscv_{kind}_{letter}_f_{'w' if kind == 'vfncvt' else 'v'}_{suffix(target, lanes)}{form}"
    return f"{name}({{a}}, {chosen}ac_vl)"


def _truncated(source: str, target: str, lanes: int) -> str:
    """With the mode for it set meanwhile: qemu 7.2 stops with an assertion at the instruction that needs none."""
    return _converted(source, target, lanes, "RTZ")


def _between_floats(source: str, lanes: int) -> Iterator[Instruction]:
    target = "f64" if source == "f32" else "f32"
    if exists(target, lanes):
        stem = "vfwcvt_f_f_v" if target == "f64" else "vfncvt_f_f_w"
        text = f"__riscv_{stem}_{suffix(target, lanes)}({{a}}, ac_vl)"
        yield Instruction(stem, lanes, cast(operand("a", source), target), text)


def _bits(dtype: str, lanes: int) -> Iterator[Instruction]:
    """The same bits as an integer, and back."""
    for sign in "iu":
        integer = f"{sign}{BITS[dtype]}"
        for one, two in ((dtype, integer), (integer, dtype)):
            text = reinterpreted("{a}", one, two, lanes)
            yield Instruction("vreinterpret", lanes, call("bitcast", operand("a", one), dtype=two), text, 0)
