"""Intrinsics that treat each element by itself: what one element is, as a C expression of the operands' elements.

The meanings are those of the RISC-V vector specification 1.0, chapters 11 to 13 and 15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accelcore_rvv.intrinsics.shapes import Shape


@dataclass(frozen=True)
class Operand:
    """A parameter: a vector of that shape, or a scalar of its elements' type.  name: in the expression."""

    shape: Shape
    vector: bool = True
    name: str = "a"


@dataclass(frozen=True)
class Lanewise:
    """An intrinsic: the shape of its result (a mask where `mask`), its operands, one element of it.

    destination: whether the first operand is the old value of the result too.  mode: whether a rounding mode is given
    in front of the vector length.
    """

    result: Shape
    operands: tuple[Operand, ...]
    text: str
    mask: bool = False
    destination: bool = False
    mode: bool = False


_INFIX = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^"}
_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
# Saturating, high products and averages: in twice the width.
_WIDE = {
    "sadd": "AC_CLAMP(E, (W)a + (W)b)", "ssub": "AC_CLAMP(E, (W)a - (W)b)", "mulh": "((W)a * (W)b) >> BITS",
    "aadd": "ac_round_shift((W)a + (W)b, 1, mode)", "asub": "ac_round_shift((W)a - (W)b, 1, mode)",
}  # fmt: skip
_FLOATS = {"add": "a + b", "sub": "a - b", "rsub": "b - a", "mul": "a * b", "div": "a / b", "rdiv": "b / a",
           "min": "AC_F(fmin)(a, b)", "max": "AC_F(fmax)(a, b)", "sgnj": "AC_F(copysign)(a, b)"}  # fmt: skip
_FUSED = {"macc": ("a, b, d", ""), "msac": ("a, b, -d", ""), "nmsac": ("-a, b, d", ""), "nmacc": ("-a, b, -d", ""),
          "madd": ("d, a, b", ""), "nmsub": ("-d, a, b", "")}  # fmt: skip
_MODES = {"x": "i", "xu": "u"}


def lanewise(stem: str, form: str, shapes: Sequence[str]) -> Lanewise | None:
    """The intrinsic `__riscv_v<stem>_<form>_<shapes>`, or None when it is no such one."""
    if not shapes:
        return None
    try:
        result = Shape.parse(shapes[0])
    except ValueError:
        return None
    for family in _FAMILIES:
        found = family(stem, form, result)
        if found is not None:
            return found
    return None


def _pair(result: Shape, first: Shape, second: Shape, form: str, text: str, *, mode: bool = False) -> Lanewise:
    operands = (Operand(first), Operand(second, form[-1] == "v", "b"))
    return Lanewise(result, operands, text, mode=mode)


def _integers(stem: str, form: str, s: Shape) -> Lanewise | None:
    if form not in ("vv", "vx") or s.kind == "f":
        return None
    plain = stem.removesuffix("u") if stem not in ("mulhsu",) else stem
    if plain in _INFIX:
        return _pair(s, s, s, form, f"(UE)a {_INFIX[plain]} (UE)b")
    if plain in ("min", "max"):
        return _pair(s, s, s, form, f"a {'<' if plain == 'min' else '>'} b ? a : b")
    if plain in _WIDE:
        return _pair(s, s, s, form, _WIDE[plain], mode=plain in ("aadd", "asub"))
    texts = {
        "rsub": "(UE)b - (UE)a", "sll": "(UE)a << (b & (BITS - 1))", "srl": "(UE)a >> (b & (BITS - 1))",
        "sra": "a >> (b & (BITS - 1))", "div": "b == 0 ? (E)-1 : (b == (E)-1 && a < 0) ? (E)(0 - (UE)a) : a / b",
        "rem": "b == 0 ? a : b == (E)-1 && a < 0 ? 0 : a % b",
    }  # fmt: skip
    if stem in ("divu", "remu"):
        return _pair(s, s, s, form, "b ? a / b : (E)-1" if stem == "divu" else "b ? a % b : a")
    if plain not in texts:
        return None
    amount = s.of("u") if plain in ("sll", "srl", "sra") else s
    return _pair(s, s, amount, form, texts[plain])


def _floats(stem: str, form: str, s: Shape) -> Lanewise | None:
    if s.kind != "f" or not stem.startswith("f"):
        return None
    if form in ("vv", "vf") and stem[1:] in _FLOATS:
        return _pair(s, s, s, form, _FLOATS[stem[1:]])
    one = {"fneg": "-a", "fabs": "AC_F(fabs)(a)", "fsqrt": "AC_F(sqrt)(a)"}
    return Lanewise(s, (Operand(s),), one[stem]) if form == "v" and stem in one else None


def _unary(stem: str, form: str, s: Shape) -> Lanewise | None:
    if (stem, form) == ("not", "v"):
        return Lanewise(s, (Operand(s),), "~a")
    if (stem, form) == ("neg", "v"):
        return Lanewise(s, (Operand(s),), "0 - (UE)a")
    if stem in ("zext", "sext") and form[:2] == "vf":
        return Lanewise(
            s, (Operand(Shape(s.kind, s.bits // int(form[2]), s.group - int(form[2]).bit_length() + 1)),), "a"
        )
    return None


def _fused(stem: str, form: str, s: Shape) -> Lanewise | None:
    name = stem.removeprefix("f")
    if name not in _FUSED or form not in ("vv", "vx", "vf"):
        return None
    operands = (Operand(s, name="d"), Operand(s, form == "vv"), Operand(s, name="b"))
    if s.kind == "f":
        return Lanewise(s, operands, f"AC_F(fma)({_FUSED[name][0]})", destination=True)
    texts = {"macc": "(UE)d + (UE)a * (UE)b", "nmsac": "(UE)d - (UE)a * (UE)b", "madd": "(UE)a * (UE)d + (UE)b"}
    return Lanewise(s, operands, texts[name], destination=True) if name in texts else None


def _widening(stem: str, form: str, s: Shape) -> Lanewise | None:
    """vw*: the result's elements are twice as wide as the operands'."""
    match = re.fullmatch(r"(f?)w(add|sub|mul|macc)(u|su|us)?", stem)
    if match is None or s.bits < 16 or form not in ("vv", "vx", "vf", "wv", "wx", "wf"):
        return None
    name, sign, narrow = match[2], match[3] or "", s.scaled(0.5)
    first, second = narrow, narrow
    if sign == "su":  # the signed operand first, also of vwmaccsu
        first, second = narrow.of("i"), narrow.of("u")
    if sign == "us":
        first, second = narrow.of("u"), narrow.of("i")
    if form[0] == "w":
        return _pair(s, s, second, form, f"(UE)a {_INFIX[name]} (UE)(E)b" if s.kind != "f" else f"a {_INFIX[name]} b")
    if name == "macc":
        operands = (Operand(s, name="d"), Operand(first, form == "vv"), Operand(second, name="b"))
        text = "AC_F(fma)((E)a, (E)b, d)" if s.kind == "f" else "(UE)d + (UE)(E)a * (UE)(E)b"
        return Lanewise(s, operands, text, destination=True)
    text = f"(E)a {_INFIX[name]} (E)b" if s.kind == "f" else f"(UE)(E)a {_INFIX[name]} (UE)(E)b"
    return _pair(s, first, second, form, text)


def _narrowing(stem: str, form: str, s: Shape) -> Lanewise | None:
    if s.bits > 32 or s.kind == "f" or stem not in ("nsrl", "nsra", "nclip", "nclipu", "ncvt"):
        return None
    wide = s.scaled(2)
    if stem == "ncvt":
        return Lanewise(s, (Operand(wide),), "a") if form == "x_x_w" else None
    amount = "(b & (2 * BITS - 1))"
    operands = (Operand(wide), Operand(s.of("u"), form == "wv", "b"))
    if stem in ("nsrl", "nsra"):
        return Lanewise(s, operands, f"a >> {amount}")
    return Lanewise(s, operands, f"AC_CLAMP(E, ac_round_shift(a, {amount}, mode))", mode=True)


def _conversions(stem: str, form: str, s: Shape) -> Lanewise | None:
    """vfcvt, vfwcvt, vfncvt: between floats and integers of the same, twice and half the width."""
    match = re.fullmatch(r"f([wn]?)cvt(_rtz|_rod)?", stem)
    factor = {"": 1, "w": 0.5, "n": 2}[match[1]] if match else 0
    parts = re.fullmatch(r"(rtz_)?(f|xu?)_(f|xu?)_[vw]", form)
    if match is None or parts is None or s.bits * factor < 8:
        return None
    source = s.scaled(factor, "f" if parts[3] == "f" else _MODES[parts[3]])
    if parts[2] == "f":
        return Lanewise(s, (Operand(source),), "a")
    mode = "1" if parts[1] else "mode"
    low, high = ("0.0", "AC_MOST(E)") if s.kind == "u" else ("AC_LEAST(E)", "AC_MOST(E)")
    text = f"AC_TO_INTEGER(E, ac_rounded((double)a, {mode}), (double)a, {low}, {high})"
    return Lanewise(s, (Operand(source),), text)


def _comparisons(stem: str, form: str, s: Shape) -> Lanewise | None:
    match = re.fullmatch(r"m[sf](eq|ne|lt|le|gt|ge)u?", stem)
    if match is None or form not in ("vv", "vx", "vf"):
        return None
    operands = (Operand(s), Operand(s, form == "vv", "b"))
    return Lanewise(s, operands, f"a {_COMPARE[match[1]]} b", mask=True)


_FAMILIES: tuple[Callable[[str, str, Shape], Lanewise | None], ...] = (
    _comparisons, _conversions, _narrowing, _widening, _fused, _floats, _integers, _unary,
)  # fmt: skip
