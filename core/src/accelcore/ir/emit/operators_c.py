"""Scalar operators, casts and constants as C expressions, with the helpers that they call.

Signed machine arithmetic is done on the unsigned type of its width, where it wraps; C leaves signed overflow undefined.
"""

from __future__ import annotations

import math

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, walk

Text = tuple[str, tuple[str, ...]]
"""C text, and the names of the helpers in it."""

_HELPER_TEXT = """
int64_t ac_fdiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
int64_t ac_fmod(int64_t a, int64_t b) { int64_t r = a % b; return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
int64_t ac_ipow(int64_t a, int64_t n) { int64_t r = 1; while (n-- > 0) r *= a; return r; }
int64_t ac_imin(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t ac_imax(int64_t a, int64_t b) { return a > b ? a : b; }
int64_t ac_iabs(int64_t a) { return a < 0 ? -a : a; }
uint64_t ac_umin(uint64_t a, uint64_t b) { return a < b ? a : b; }
uint64_t ac_umax(uint64_t a, uint64_t b) { return a > b ? a : b; }
int64_t ac_clamp(int64_t a, int64_t low, int64_t high) { return a < low ? low : a > high ? high : a; }
double ac_sign(double a) { return (a > 0) - (a < 0); }
double ac_ffmod(double a, double b) { double r = fmod(a, b); return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
double ac_real_max(double a, double b) { return a > b ? a : b; }
double ac_real_min(double a, double b) { return a < b ? a : b; }
"""
HELPERS = {line.split("(")[0].split()[1]: f"static {line}\n" for line in _HELPER_TEXT.strip().splitlines()}
"""Definitions of the helpers by name, in the order in which they are written."""

_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "land": "&&",
    "lor": "||", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>", "tdiv": "/", "trem": "%",
}  # fmt: skip
_MATH = {"round": "nearbyint", "atan2": "atan2", "hypot": "hypot"}
_HERE = frozenset(
    {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos"}
    | {"atan", "sinh", "cosh", "tanh", "erf", "erfc", "floor", "ceil", "trunc", "round", "isnan", "isinf", "atan2"}
    | {"hypot"}
)


def literal(e: Expr) -> str:
    """A constant."""
    value = e.value
    if e.dtype == "bool":
        return "1" if value else "0"
    if DTYPES[e.dtype].is_float:
        if value != value:
            return "NAN"
        text = repr(float(value)) if math.isfinite(value) else "INFINITY"
        text = text if value >= 0 or math.isfinite(value) else f"-{text}"
        return f"({text})" if text.startswith("-") else text
    if value == -(1 << 63):
        return "INT64_MIN"
    suffix = "ULL" if value > (1 << 63) - 1 else "LL" if abs(value) > (1 << 31) - 1 else ""
    return f"({value}{suffix})" if value < 0 else f"{value}{suffix}"


def operator_text(e: Expr, operands: list[str]) -> Text:
    """An operator, select or call over C operands."""
    if e.op == "select":
        return f"({operands[0]} ? {operands[1]} : {operands[2]})", ()
    if e.op == "call":
        return _call(e, operands)
    facts = DTYPES[e.args[0].dtype]
    if e.op == "lnot":
        return f"(!{operands[0]})", ()
    if e.op in ("lt", "le", "eq", "ne", "land", "lor"):
        return f"({operands[0]} {_SIGNS[e.op]} {operands[1]})", ()
    if facts.kind == "bool":
        sign = {"and": "&&", "or": "||", "xor": "!="}[e.op]
        return f"({operands[0]} {sign} {operands[1]})", ()
    if facts.is_float:
        text, helpers = _float(e, operands)
        narrow = {"f32": "float", "f16": "_Float16"}.get(e.dtype)
        return (f"({narrow}){text}" if narrow else text), helpers
    text, helpers = _integer(e, operands)
    return (text if _is_index(e) else _wrapped(text, e.dtype)), helpers


def _is_index(e: Expr) -> bool:
    """Arithmetic on sizes and loop variables only: it never wraps."""
    return e.dtype == INDEX and all(n.op in _INDEX_NODES for n in walk(e))


_INDEX_NODES = frozenset(
    {"size", "var", "const", "add", "sub", "mul", "neg", "min", "max", "tdiv", "trem", "fdiv", "fmod"}
)


def _float(e: Expr, operands: list[str]) -> Text:
    if e.op in ("neg", "abs"):
        return (f"(-{operands[0]})" if e.op == "neg" else f"fabs({operands[0]})"), ()
    a, b = operands
    match e.op:
        case "min" | "max":
            return f"ac_real_{e.op}({a}, {b})", (f"ac_real_{e.op}",)
        case "pow":
            return f"pow({a}, {b})", ()
        case "fdiv" | "tdiv":
            return f"{'floor' if e.op == 'fdiv' else 'trunc'}({a} / {b})", ()
        case "trem":
            return f"fmod({a}, {b})", ()
        case "fmod":
            return f"ac_ffmod({a}, {b})", ("ac_ffmod",)
    return f"({a} {_SIGNS[e.op]} {b})", ()


def _integer(e: Expr, operands: list[str]) -> Text:
    unsigned = DTYPES[e.dtype].kind == "uint"
    wraps = DTYPES[e.dtype].bits is not None and not _is_index(e)
    if len(operands) == 1:
        a = operands[0]
        forms = {"not": (f"(~{a})", ()), "abs": (a, ()) if unsigned else (f"ac_iabs({a})", ("ac_iabs",))}
        return forms.get(e.op, (f"(0 - (uint64_t){a})" if wraps else f"(-{a})", ()))
    a, b = operands
    if e.op in ("add", "sub", "mul", "shl") and wraps:
        return f"((uint64_t){a} {_SIGNS[e.op]} (uint64_t){b})", ()
    if e.op in ("min", "max"):
        name = f"ac_{'u' if unsigned else 'i'}{e.op}"
        return f"{name}({a}, {b})", (name,)
    if e.op in ("fdiv", "fmod", "pow") and not (unsigned and e.op != "pow"):
        name = "ac_ipow" if e.op == "pow" else f"ac_{e.op}"
        return f"{name}({a}, {b})", (name,)
    sign = {"fdiv": "/", "fmod": "%"}.get(e.op) or _SIGNS[e.op]
    return f"({a} {sign} {b})", ()


def _wrapped(text: str, dtype: str) -> str:
    return text if DTYPES[dtype].bits is None else f"({DTYPES[dtype].c_name}){text}"


def _call(e: Expr, operands: list[str]) -> Text:
    if e.name == "rsqrt":
        return f"(1.0 / sqrt({operands[0]}))", ()
    if e.name == "sigmoid":
        return f"(1.0 / (1.0 + exp(-({operands[0]}))))", ()
    if e.name == "sign":
        return f"ac_sign({operands[0]})", ("ac_sign",)
    if e.name not in _HERE:
        raise UnsupportedLowering(f"{e.name} is an uninterpreted function: C does not know it", where="emit c")
    text = f"{_MATH.get(e.name, e.name)}({', '.join(operands)})"
    return (f"(!!{text})" if e.dtype == "bool" else f"(float){text}" if e.dtype == "f32" else text), ()


def cast_text(e: Expr, operand: str) -> Text:
    """A conversion."""
    source, target = DTYPES[e.args[0].dtype], DTYPES[e.dtype]
    rounding, mode = (str(a) for a in e.attrs)
    if target.name == "bf16":
        raise UnsupportedLowering("bf16 has no C type", where="emit c", hint="use f32 storage")
    if target.kind == "bool":
        return f"({operand} != 0)", ()
    if target.is_float:
        if mode == "saturate" and target.high is not None:
            operand = f"fmax(fmin({operand}, {target.high!r}), {-target.high!r})"
        kind = "double" if target.bits is None else target.c_name
        return f"({kind}){_operand(operand)}", ()
    helpers: tuple[str, ...] = ()
    if source.is_float:
        rounded = {"nearest": "nearbyint", "trunc": "trunc", "floor": "floor", "ceil": "ceil"}[rounding]
        operand = f"(int64_t){rounded}({operand})"
    if mode == "saturate" and target.bits is not None and target.bits < 64:
        operand, helpers = f"ac_clamp({operand}, {target.low}, {target.high})", ("ac_clamp",)
    return f"({'int64_t' if target.bits is None else target.c_name}){_operand(operand)}", helpers


def _operand(text: str) -> str:
    """The operand of a cast: a name, a read or a group as it is."""
    simple = text.isidentifier() or is_group(text) or (text.endswith("]") and " " not in text.split("[")[0])
    return text if simple else f"({text})"


def is_group(text: str) -> bool:
    """Whether one pair of parentheses encloses the whole text."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at == len(text) - 1
    return False


def bare(text: str) -> str:
    """The text without parentheses around all of it, for places where nothing follows."""
    while is_group(text):
        text = text[1:-1]
    return text
