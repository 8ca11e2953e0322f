"""Scalar C for every operator, without undefined behaviour.

Signed arithmetic wraps (it is done unsigned), shifts by too much give what a shift by one at a time would give, and
divisions round as asked.  A division by zero is only kept from trapping: its value is never used.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore.cgen.names import ctype, literal
from accelcore.cgen.unit import Unit
from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "and": "&", "or": "|", "xor": "^",
         "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "land": "&&", "lor": "||"}  # fmt: skip

_LIBM_WORDS = """
    exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan asin acos atan sinh cosh tanh erf erfc floor ceil
    trunc atan2 hypot pow ldexp
"""
_LIBM = frozenset(_LIBM_WORDS.split())


def apply(unit: Unit, op: str, dtype: str, texts: Sequence[str], *, operand: str, plain: bool = False) -> str:
    """C text of `op` over scalar operands.

    dtype: of the result; operand: of the operands (they differ for comparisons).  plain: overflow is excluded (sizes
    and iterators), so signed operators stand as they are.
    """
    kind = DTYPES[operand].kind
    if operand == "bf16":
        raise UnsupportedLowering("arithmetic on bf16; cast its operands to f32 first")
    if op in ("land", "lor", "lt", "le", "eq", "ne", "div") or (kind == "float" and op in INFIX):
        return f"({texts[0]} {INFIX[op]} {texts[1]})"
    if op in ("neg", "abs", "not", "lnot"):
        return _unary(unit, op, dtype, texts[0], plain)
    if op in ("min", "max"):
        sign = "<" if op == "min" else ">"
        return f"{_helper(unit, op, dtype, f'return b {sign} a ? b : a;')}({texts[0]}, {texts[1]})"
    if op == "pow":
        return call(unit, "pow", dtype, texts)
    if kind == "float":
        return _float_division(unit, op, dtype, texts)
    if op in ("tdiv", "trem", "fdiv", "fmod"):
        return f"{_division(unit, op, dtype)}({texts[0]}, {texts[1]})"
    if op in ("shl", "shr"):
        return f"{_shift(unit, op, dtype)}({texts[0]}, {texts[1]})"
    return _ring(op, dtype, texts, plain)


def _ring(op: str, dtype: str, texts: Sequence[str], plain: bool) -> str:
    """add, sub, mul, and, or, xor on integers and bools, modulo 2**bits."""
    kind, bits = DTYPES[dtype].kind, DTYPES[dtype].bits or 64
    text = f"({texts[0]} {INFIX[op]} {texts[1]})"
    if plain or kind == "bool" or (op in ("and", "or", "xor") and bits >= 32) or (kind == "uint" and bits >= 32):
        return text
    if bits < 32:
        wide = f"((uint32_t){texts[0]} * (uint32_t){texts[1]})" if op == "mul" and bits == 16 else text
        return f"({ctype(dtype)}){wide}"
    unsigned = f"uint{bits}_t"
    return f"({ctype(dtype)})(({unsigned}){texts[0]} {INFIX[op]} ({unsigned}){texts[1]})"


def _unary(unit: Unit, op: str, dtype: str, text: str, plain: bool) -> str:
    facts, name = DTYPES[dtype], ctype(dtype)
    if op == "lnot":
        return f"(!{text})"
    if op == "not":
        return f"({name})(~{text})"
    if facts.is_float:
        return f"(-{text})" if op == "neg" else f"{'fabs' if dtype == 'f64' else 'fabsf'}({text})"
    if facts.kind == "uint" and op == "abs":
        return text
    negated = f"-{text}" if plain else f"({name})(0u - (uint{max(facts.bits or 64, 32)}_t){text})"
    if op == "neg":
        return f"({negated})" if plain else negated
    inside = f"return a < 0 ? ({name})(0u - (uint{max(facts.bits or 64, 32)}_t)a) : a;"
    return f"{_helper(unit, 'abs', dtype, inside, 1)}({text})"


def _float_division(unit: Unit, op: str, dtype: str, texts: Sequence[str]) -> str:
    """Division of floats with an integral quotient, and its remainder."""
    whole = call(unit, "trunc" if op in ("tdiv", "trem") else "floor", dtype, ["a / b"])
    if op in ("tdiv", "fdiv"):
        body = f"return {whole};"
    elif op == "trem":
        body = f"return {'fmod' if dtype == 'f64' else 'fmodf'}(a, b);"
    elif op == "fmod":
        rest = f"{ctype(dtype)} r = {'fmod' if dtype == 'f64' else 'fmodf'}(a, b);"
        body = f"{rest} return r != 0 && (r < 0) != (b < 0) ? r + b : r;"
    else:
        raise UnsupportedLowering(f"{op} on {dtype}")
    return f"{_helper(unit, op, dtype, body)}({texts[0]}, {texts[1]})"


def _division(unit: Unit, op: str, dtype: str) -> str:
    """Helper for integer division: b == 0 gives 0, the smallest value divided by -1 wraps."""
    name = ctype(dtype)
    if DTYPES[dtype].kind == "uint":
        return _helper(unit, op, dtype, f"return b ? a {'/' if op in ('tdiv', 'fdiv') else '%'} b : 0;")
    unsigned = f"uint{max(DTYPES[dtype].bits or 64, 32)}_t"
    guard = "if (b == 0) return 0; "
    if op in ("tdiv", "fdiv"):
        guard += f"if (b == -1) return ({name})(0u - ({unsigned})a); "
    else:
        guard += "if (b == -1) return 0; "
    body = {
        "tdiv": "return a / b;",
        "trem": "return a % b;",
        "fdiv": "return a / b - (a % b != 0 && (a % b < 0) != (b < 0));",
        "fmod": f"{name} r = a % b; return r != 0 && (r < 0) != (b < 0) ? r + b : r;",
    }[op]
    return _helper(unit, op, dtype, guard + body)


def _shift(unit: Unit, op: str, dtype: str) -> str:
    """Helper for shifts: by the width or more, all bits are gone (arithmetic right shifts leave the sign)."""
    facts, name = DTYPES[dtype], ctype(dtype)
    bits = facts.bits or 64
    if op == "shl":
        body = f"return (uint64_t)b < {bits} ? ({name})((uint{max(bits, 32)}_t)a << b) : 0;"
    elif facts.kind == "uint":
        body = f"return (uint64_t)b < {bits} ? ({name})(a >> b) : 0;"
    else:
        body = f"return ({name})(a >> ((uint64_t)b < {bits} ? b : {bits - 1}));"
    return _helper(unit, op, dtype, body)


def _helper(unit: Unit, op: str, dtype: str, body: str, arity: int = 2) -> str:
    """A static inline function of operands a, b over one dtype."""
    name, c = f"ac_{op}_{dtype}", ctype(dtype)
    arguments = ", ".join(f"{c} {x}" for x in "ab"[:arity])
    return unit.helper(name, f"static inline {c} {name}({arguments}) {{ {body} }}")


def call(unit: Unit, function: str, dtype: str, texts: Sequence[str]) -> str:
    """A named function over scalar floats; f16 goes through f32.

    Raises UnsupportedLowering for a name that the C library has no function for.
    """
    if not DTYPES[dtype].is_float:
        raise UnsupportedLowering(f"{function} on {dtype}; cast its operand to a float first")
    special = _SPECIAL.get(function)
    if special is not None:
        name = f"ac_{function}_{dtype}"
        c, suffix = ctype(dtype), "" if dtype == "f64" else "f"
        body = special.replace("@", suffix).replace("ONE", literal(1, dtype)).replace("ZERO", literal(0, dtype))
        return f"{unit.helper(name, f'static inline {c} {name}({c} a) {{ return {body}; }}')}({texts[0]})"
    if function == "round":
        return f"{'rint' if dtype == 'f64' else 'rintf'}({texts[0]})"
    if function not in _LIBM:
        raise UnsupportedLowering(f"the function {function!r} has no C code", hint="see accelcore.ir.expr.FUNCTIONS")
    return f"{function}{'' if dtype == 'f64' else 'f'}({', '.join(texts)})"


# Over the argument a; "@" is the suffix of the C library's functions.
_SPECIAL: dict[str, str] = {
    "sigmoid": "ONE / (ONE + exp@(-a))",
    "rsqrt": "ONE / sqrt@(a)",
    "sign": "a > ZERO ? ONE : a < ZERO ? -ONE : a",
}


def test(function: str, text: str) -> str:
    """isnan and isinf."""
    return f"({text} != {text})" if function == "isnan" else f"(fabs({text}) == INFINITY)"


def convert(unit: Unit, text: str, source: str, target: str, rounding: str, mode: str) -> str:
    """A cast between scalars.

    Floats to integers round as `rounding` says; mode "saturate" clamps (NaN gives 0), "wrap" goes through i64,
    "exact" states that the value fits.
    """
    a, b = DTYPES[source], DTYPES[target]
    if "bf16" in (source, target):
        return _bf16(unit, text, source, target)
    if b.kind == "bool":
        return f"({text} != 0)"
    if a.is_float and b.is_integer:
        return _float_to_integer(unit, text, source, target, rounding, mode)
    if a.is_float and b.is_float:
        return f"({ctype(target)}){text}"
    if mode == "saturate" and b.is_integer and a.kind != "bool":
        return _clamped(unit, text, source, target)
    if b.kind == "int" and b.bits == 32 and (a.bits or 64) < 32:
        return text  # C promotes it
    return f"({ctype(target)}){text}"


def _float_to_integer(unit: Unit, text: str, source: str, target: str, rounding: str, mode: str) -> str:
    suffix = "" if source == "f64" else "f"
    rounder = {"nearest": f"rint{suffix}(a)", "floor": f"floor{suffix}(a)", "ceil": f"ceil{suffix}(a)"}
    rounded = rounder.get(rounding, "a")
    to, facts = ctype(target), DTYPES[target]
    c = ctype(source)
    if mode == "saturate":
        low, high = literal(facts.low or 0, target), literal(facts.high or 0, target)
        # 2**bits is exact in every float dtype that reaches it, the largest integer may not be.
        top = literal(float((facts.high or 0) + 1), source)
        body = f"{c} r = {rounded}; return r >= {top} ? {high} : r > {literal(float(facts.low or 0), source)} ? "
        body += f"({to})r : r != r ? 0 : {low};"
    elif mode == "wrap" and (facts.bits or 64) < 64:
        body = f"return ({to})(int64_t){rounded};"
    else:
        body = f"return ({to}){rounded};"
    name = f"ac_{target}_{rounding}_{mode}_{source}"
    unit.helper(name, f"static inline {to} {name}({c} a) {{ {body} }}")
    return f"{name}({text})"


def _clamped(unit: Unit, text: str, source: str, target: str) -> str:
    """An integer clamped to a narrower range."""
    a, b = DTYPES[source], DTYPES[target]
    low, high = b.low or 0, b.high or 0
    body = ""
    if (a.low or 0) < low:
        body += f"if (a < {literal(low, source)}) return {literal(low, target)}; "
    if (a.high or 0) > high:
        body += f"if (a > {literal(high, source)}) return {literal(high, target)}; "
    name = f"ac_sat_{target}_{source}"
    unit.helper(name, f"static inline {ctype(target)} {name}({ctype(source)} a) {{ {body}return ({ctype(target)})a; }}")
    return f"{name}({text})"


def _bf16(unit: Unit, text: str, source: str, target: str) -> str:
    """bf16 is the upper half of an f32; narrowing rounds to nearest even and keeps NaN a NaN."""
    if source == "bf16":
        body = "uint32_t u = (uint32_t)a << 16; float f; __builtin_memcpy(&f, &u, 4); return f;"
        unit.helper("ac_f32_bf16", f"static inline float ac_f32_bf16(uint16_t a) {{ {body} }}")
        widened = f"ac_f32_bf16({text})"
        return widened if target == "f32" else convert(unit, widened, "f32", target, "nearest", "wrap")
    narrow = text if source == "f32" else convert(unit, text, source, "f32", "nearest", "wrap")
    body = (
        "uint32_t u; __builtin_memcpy(&u, &a, 4); if (a != a) return (uint16_t)(u >> 16 | 0x40); "
        "return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);"
    )
    unit.helper("ac_bf16_f32", f"static inline uint16_t ac_bf16_f32(float a) {{ {body} }}")
    return f"ac_bf16_f32({narrow})"
