"""Vector C for every operator with the compilers' own vector types, where the ISA has no instruction for it.

gcc and clang agree on `__attribute__((vector_size(N)))` types: operators work by lane, comparisons give signed lanes
of all ones or zeros, `__builtin_convertvector` converts by lane.  Signed arithmetic is done unsigned, so that it wraps.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore.cgen.names import ctype, literal
from accelcore.cgen.scalars import INFIX
from accelcore.cgen.unit import Unit
from accelcore.ir.dtypes import DTYPES

ARITHMETIC = frozenset({"add", "sub", "mul", "div", "and", "or", "xor"})
COMPARE = frozenset({"lt", "le", "eq", "ne"})


def generic(unit: Unit, dtype: str, lanes: int) -> str:
    """The compiler's vector type with as many lanes as the ISA's type has room for."""
    return unit.generic(dtype, unit.isa.container(dtype, lanes))


def opened(unit: Unit, text: str, dtype: str, lanes: int) -> str:
    """A value of the ISA's type as a value of the compiler's type."""
    own, plain = unit.vector(dtype, lanes), generic(unit, dtype, lanes)
    return text if own == plain else f"({plain}){text}"


def closed(unit: Unit, text: str, dtype: str, lanes: int) -> str:
    """A value of a compiler's type of the same size as a value of the ISA's type."""
    return f"({unit.vector(dtype, lanes)}){text}"


def infix(unit: Unit, op: str, dtype: str, lanes: int, texts: Sequence[str]) -> str:
    """add, sub, mul, div (floats), and, or, xor."""
    facts = DTYPES[dtype]
    if facts.kind == "int" and op in ("add", "sub", "mul"):
        unsigned = generic(unit, f"u{facts.bits}", unit.isa.container(dtype, lanes))
        a, b = (f"({unsigned}){text}" for text in texts)
        return closed(unit, f"({a} {INFIX[op]} {b})", dtype, lanes)
    a, b = (opened(unit, text, dtype, lanes) for text in texts)
    text = f"({a} {INFIX[op]} {b})"
    return text if unit.vector(dtype, lanes) == generic(unit, dtype, lanes) else closed(unit, text, dtype, lanes)


def compare(unit: Unit, op: str, dtype: str, lanes: int, texts: Sequence[str]) -> str:
    """A lane-wide mask, as wide as the operands' lanes."""
    a, b = (opened(unit, text, dtype, lanes) for text in texts)
    mask = unit.generic(f"i{DTYPES[dtype].bits}", unit.isa.container(dtype, lanes))
    return f"({mask})({a} {INFIX[op]} {b})"


def negate(unit: Unit, dtype: str, lanes: int, text: str) -> str:
    """-a; integers wrap."""
    facts = DTYPES[dtype]
    if facts.is_float:
        inside = f"(-{opened(unit, text, dtype, lanes)})"
        same = unit.vector(dtype, lanes) == generic(unit, dtype, lanes)
        return inside if same else closed(unit, inside, dtype, lanes)
    unsigned = generic(unit, f"u{facts.bits}", unit.isa.container(dtype, lanes))
    return closed(unit, f"(-({unsigned}){text})", dtype, lanes)


def invert(unit: Unit, dtype: str, lanes: int, text: str) -> str:
    """Bitwise complement."""
    return closed(unit, f"(~{opened(unit, text, dtype, lanes)})", dtype, lanes)


def shift(unit: Unit, op: str, dtype: str, lanes: int, text: str, amount: int) -> str:
    """A shift by a constant that is smaller than the width; right shifts of signed lanes are arithmetic."""
    facts = DTYPES[dtype]
    if op == "shl" and facts.kind == "int":
        unsigned = generic(unit, f"u{facts.bits}", unit.isa.container(dtype, lanes))
        return closed(unit, f"(({unsigned}){text} << {amount})", dtype, lanes)
    sign = "<<" if op == "shl" else ">>"
    return closed(unit, f"({opened(unit, text, dtype, lanes)} {sign} {amount})", dtype, lanes)


def blend(unit: Unit, dtype: str, lanes: int, mask: str, texts: Sequence[str]) -> str:
    """texts[0] where the lane-wide mask (of this dtype's width) is set, else texts[1]."""
    bits = unit.generic(f"i{DTYPES[dtype].bits}", unit.isa.container(dtype, lanes))
    name, kind = f"ac_blend_{dtype}x{lanes}", unit.vector(dtype, lanes)
    body = f"return ({kind})((m & ({bits})a) | (~m & ({bits})b));"
    unit.helper(name, f"static inline {kind} {name}({bits} m, {kind} a, {kind} b) {{ {body} }}")
    return f"{name}({mask}, {texts[0]}, {texts[1]})"


def splat(unit: Unit, dtype: str, lanes: int, text: str) -> str:
    """All lanes `text`."""
    name, kind = f"ac_splat_{dtype}x{lanes}", unit.vector(dtype, lanes)
    inside = ", ".join("x" * unit.isa.container(dtype, lanes))
    body = f"return ({kind})({generic(unit, dtype, lanes)}){{{inside}}};"
    unit.helper(name, f"static inline {kind} {name}({ctype(dtype)} x) {{ {body} }}")
    return f"{name}({text})"


def iota(unit: Unit, dtype: str, lanes: int) -> str:
    """0, 1, 2, ... by lane."""
    inside = ", ".join(literal(at, dtype) for at in range(unit.isa.container(dtype, lanes)))
    return closed(unit, f"(({generic(unit, dtype, lanes)}){{{inside}}})", dtype, lanes)


def bitcast(unit: Unit, dtype: str, lanes: int, text: str) -> str:
    """The same bits as another dtype of the same width."""
    return closed(unit, text, dtype, lanes)


def load(unit: Unit, dtype: str, lanes: int, pointer: str) -> str:
    """A contiguous load of exactly `lanes` elements, aligned to the element only."""
    name, kind = f"ac_load_{dtype}x{lanes}", unit.vector(dtype, lanes)
    size = lanes * (DTYPES[dtype].bits or 0) // 8
    zero = "" if unit.isa.container(dtype, lanes) == lanes else " = {0}"
    body = f"{kind} v{zero}; __builtin_memcpy(&v, p, {size}); return v;"
    unit.helper(name, f"static inline {kind} {name}(const {ctype(dtype)} *p) {{ {body} }}")
    return f"{name}({pointer})"


def store(unit: Unit, dtype: str, lanes: int, pointer: str, value: str) -> str:
    """A contiguous store of exactly `lanes` elements."""
    name, kind = f"ac_store_{dtype}x{lanes}", unit.vector(dtype, lanes)
    size = lanes * (DTYPES[dtype].bits or 0) // 8
    body = f"__builtin_memcpy(p, &v, {size});"
    unit.helper(name, f"static inline void {name}({ctype(dtype)} *p, {kind} v) {{ {body} }}")
    return f"{name}({pointer}, {value})"


def reduce(unit: Unit, op: str, dtype: str, lanes: int, value: str) -> str:
    """One scalar from all lanes, by halving."""
    from accelcore.cgen.scalars import apply

    name, kind, c = f"ac_reduce_{op}_{dtype}x{lanes}", unit.vector(dtype, lanes), ctype(dtype)
    room = unit.isa.container(dtype, lanes)
    step = apply(unit, op, dtype, ["a[l]", "a[l + w]"], operand=dtype)
    body = (
        f"{c} a[{room}]; __builtin_memcpy(a, &v, sizeof v); "
        f"for (int w = {lanes // 2}; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = {step}; return a[0];"
    )
    unit.helper(name, f"static inline {c} {name}({kind} v) {{ {body} }}")
    return f"{name}({value})"
