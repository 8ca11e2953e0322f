"""AVX2 and FMA as data: instructions at 128 and 256 bits; masks are lanes of all ones or zeros.

Meanings and names are from Intel's intrinsics guide.  Values narrower than a 128-bit register have the compilers' own
vector types, so every type here is a whole register.
"""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, VectorIsa, operand
from accelcore.ir.expr import Expr, binary, call, cast, const, select, unary
from accelcore_avx.widths import BITS, FLOATS, INTEGERS, SIZES, epi, register, shapes, signed, types

MOST = 256
FLAGS = ("-mavx2", "-mfma", "-mbmi2", "-mf16c", "-mno-avx512f")


def _full(dtypes: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """(dtype, lanes) of whole registers."""
    return ((d, lanes) for d, lanes in shapes(dtypes, MOST) if lanes * BITS[d] >= 128)


def floats() -> Iterator[Instruction]:
    """Arithmetic and rounding of f32 and f64."""
    for dtype, lanes in _full(tuple(FLOATS)):
        p, s = register(dtype, lanes).prefix, FLOATS[dtype]
        a, b, c = (operand(x, dtype) for x in "abc")
        for op in ("add", "sub", "mul", "div"):
            cost = 5 if op == "div" else 1
            yield Instruction(op, lanes, binary(op, a, b), f"{p}_{op}_{s}({{a}}, {{b}})", cost)
        for name, meaning in (
            ("fmadd", a * b + c), ("fmsub", a * b - c), ("fnmadd", c - a * b), ("fnmsub", -(a * b) - c),
        ):  # fmt: skip
            yield Instruction(name, lanes, meaning, f"{p}_{name}_{s}({{a}}, {{b}}, {{c}})", contracts=True)
        for name, less in (("min", binary("lt", a, b)), ("max", binary("lt", b, a))):
            yield Instruction(name, lanes, select(less, a, b), f"{p}_{name}_{s}({{a}}, {{b}})")
            yield Instruction(name, lanes, binary(name, a, b), f"{p}_{name}_{s}({{a}}, {{b}})")
        yield Instruction("sqrt", lanes, call("sqrt", a), f"{p}_sqrt_{s}({{a}})", 6)
        for name, mode in (("round", 8), ("floor", 9), ("ceil", 10), ("trunc", 11)):
            yield Instruction(name, lanes, call(name, a), f"{p}_round_{s}({{a}}, {mode})", 2)
        minus_zero = f"{p}_set1_{s}(-0.0{'f' if s == 'ps' else ''})"
        yield Instruction("abs", lanes, unary("abs", a), f"{p}_andnot_{s}({minus_zero}, {{a}})")


def integers() -> Iterator[Instruction]:
    """Arithmetic, bits and shifts of integers, as far as AVX2 has them."""
    for dtype, lanes in _full(INTEGERS):
        width, e, x = register(dtype, lanes), epi(dtype), signed(dtype)
        p, bits = width.prefix, BITS[dtype]
        a, b = operand("a", dtype), operand("b", dtype)
        for op in ("add", "sub"):
            yield Instruction(op, lanes, binary(op, a, b), f"{p}_{op}_{e}({{a}}, {{b}})")
        for op in ("and", "or", "xor"):
            yield Instruction(op, lanes, binary(op, a, b), f"{p}_{op}_{width.whole}({{a}}, {{b}})")
        if bits in (16, 32):
            yield Instruction("mullo", lanes, a * b, f"{p}_mullo_{e}({{a}}, {{b}})", bits // 16)
        if bits < 64:
            for op, less in (("min", binary("lt", a, b)), ("max", binary("lt", b, a))):
                yield Instruction(op, lanes, binary(op, a, b), f"{p}_{op}_{x}({{a}}, {{b}})")
                yield Instruction(op, lanes, select(less, a, b), f"{p}_{op}_{x}({{a}}, {{b}})")
            if dtype[0] == "i":
                yield Instruction("abs", lanes, unary("abs", a), f"{p}_abs_{e}({{a}})")
        yield from _shifts(p, e, lanes, dtype, a, b)


def _shifts(p: str, e: str, lanes: int, dtype: str, a: Expr, b: Expr) -> Iterator[Instruction]:
    """AVX2 shifts no bytes, and no signed 64-bit lanes to the right; by lane it shifts 32 and 64 bits."""
    bits, imm = BITS[dtype], operand("imm", dtype)
    if bits == 8:
        return
    yield Instruction("slli", lanes, binary("shl", a, imm), f"{p}_slli_{e}({{a}}, {{imm}})", 0.5)
    if bits >= 32:
        yield Instruction("sllv", lanes, binary("shl", a, b), f"{p}_sllv_{e}({{a}}, {{b}})")
    if dtype[0] == "u" or bits < 64:
        right = "srl" if dtype[0] == "u" else "sra"
        yield Instruction(f"{right}i", lanes, binary("shr", a, imm), f"{p}_{right}i_{e}({{a}}, {{imm}})", 0.5)
        if bits >= 32:
            yield Instruction(f"{right}v", lanes, binary("shr", a, b), f"{p}_{right}v_{e}({{a}}, {{b}})")


def narrow_tricks() -> Iterator[Instruction]:
    """High halves of products, saturating sums, averages."""
    for dtype, wide in (("u8", "u16"), ("i8", "i16"), ("u16", "u32"), ("i16", "i32")):
        for _, lanes in _full((dtype,)):
            p, x = register(dtype, lanes).prefix, signed(dtype)
            a, b = operand("a", dtype), operand("b", dtype)
            total, gap = cast(a, wide) + cast(b, wide), cast(a, "i32") - cast(b, "i32")
            yield Instruction("adds", lanes, cast(total, dtype, "nearest", "saturate"), f"{p}_adds_{x}({{a}}, {{b}})")
            yield Instruction("subs", lanes, cast(gap, dtype, "nearest", "saturate"), f"{p}_subs_{x}({{a}}, {{b}})")
            if dtype[0] == "u":
                half = binary("shr", total + const(1, wide), const(1, wide))
                yield Instruction("avg", lanes, cast(half, dtype), f"{p}_avg_{x}({{a}}, {{b}})")
            if wide.endswith("32"):
                high = binary("shr", cast(a, wide) * cast(b, wide), const(16, wide))
                yield Instruction("mulhi", lanes, cast(high, dtype), f"{p}_mulhi_{x}({{a}}, {{b}})")


def conversions() -> Iterator[Instruction]:
    """What converts whole registers; the rest is left to the compiler."""
    for source, target, lanes in (("8", "16", 16), ("16", "32", 8), ("32", "64", 4)):
        for sign in "ui":
            a = operand("a", f"{sign}{source}")
            for to in (f"i{target}", *((f"u{target}",) if sign == "u" else ())):
                template = f"_mm256_cvt{signed(sign + source)}_epi{target}({{a}})"
                yield Instruction("widen", lanes, cast(a, to), template)
    for one, other in (("i", "u"), ("u", "i")):
        for bits in ("8", "16", "32", "64"):
            for _, lanes in _full((f"{one}{bits}",)):
                yield Instruction("same", lanes, cast(operand("a", f"{one}{bits}"), f"{other}{bits}"), "{a}", 0)
    for lanes, p in ((8, "_mm256"), (4, "_mm")):
        i, f = operand("a", "i32"), operand("a", "f32")
        yield Instruction("to_float", lanes, cast(i, "f32"), f"{p}_cvtepi32_ps({{a}})")
        yield Instruction("truncate", lanes, cast(f, "i32", "trunc", "exact"), f"{p}_cvttps_epi32({{a}})")
        yield Instruction("nearest", lanes, cast(f, "i32", "nearest", "exact"), f"{p}_cvtps_epi32({{a}})")
    yield Instruction("cvtps_pd", 4, cast(operand("a", "f32"), "f64"), "_mm256_cvtps_pd({a})")
    yield Instruction("cvtpd_ps", 4, cast(operand("a", "f64"), "f32"), "_mm256_cvtpd_ps({a})")


def moves() -> dict[tuple[str, str, int], str]:
    """Loads, stores, blends, splats; masked and non-temporal ones where AVX2 has them."""
    table: dict[tuple[str, str, int], str] = {}
    for dtype, lanes in _full((*FLOATS, *INTEGERS)):
        width, floating = register(dtype, lanes), dtype in FLOATS
        p = width.prefix
        s = FLOATS[dtype] if floating else width.whole
        pointer = "{p}" if floating else f"({width.integer} *)({{p}})"
        reading = "{p}" if floating else f"(const {width.integer} *)({{p}})"
        table["load", dtype, lanes] = f"{p}_loadu_{s}({reading})"
        table["store", dtype, lanes] = f"{p}_storeu_{s}({pointer}, {{v}})"
        blended = s if floating else "epi8"
        mask = f"(__m{width.bits}{'d' if s == 'pd' else '' if s == 'ps' else 'i'}){{m}}"
        table["blend", dtype, lanes] = f"{p}_blendv_{blended}({{b}}, {{a}}, {mask})"
        suffix = FLOATS.get(dtype, "epi64x" if epi(dtype) == "epi64" else epi(dtype))
        table["splat", dtype, lanes] = f"{p}_set1_{suffix}({{x}})"
        if BITS[dtype] >= 32:
            _masked(table, dtype, lanes)
        if p == "_mm256":
            table["stream", dtype, lanes] = f"ac_stream256_{s}({{p}}, {{v}})"
    return table


def _masked(table: dict[tuple[str, str, int], str], dtype: str, lanes: int) -> None:
    width = register(dtype, lanes)
    s = FLOATS.get(dtype, epi(dtype))
    cast_to = "" if dtype in FLOATS else "(long long *)" if BITS[dtype] == 64 else "(int *)"
    const_to = cast_to.replace("(", "(const ", 1)
    mask = f"({width.integer}){{m}}"
    table["maskload", dtype, lanes] = f"{width.prefix}_maskload_{s}({const_to}({{p}}), {mask})"
    table["maskstore", dtype, lanes] = f"{width.prefix}_maskstore_{s}({cast_to}({{p}}), {mask}, {{v}})"


def _stream(suffix: str, pointer: str, vector: str, target: str = "p") -> str:
    """A non-temporal store needs an aligned address, which callers need not give."""
    return (
        f"static inline void ac_stream256_{suffix}({pointer}p, {vector} v) {{ if ((uintptr_t)p % 32 == 0) "
        f"_mm256_stream_{suffix}({target}, v); else _mm256_storeu_{suffix}({target}, v); }}"
    )


HELPERS = {
    "ac_stream256_ps": _stream("ps", "float *", "__m256"),
    "ac_stream256_pd": _stream("pd", "double *", "__m256d"),
    "ac_stream256_si256": _stream("si256", "void *", "__m256i", "(__m256i *)p"),
}

AVX2 = VectorIsa(
    name="avx2",
    bits=MOST,
    masks="lanes",
    registers=16,
    headers=("immintrin.h",),
    flags=FLAGS,
    types={key: name for key, name in types(MOST).items() if key[0] in BITS and key[1] * BITS[key[0]] >= 128},
    sizes=SIZES,
    moves=moves(),
    helpers=HELPERS,
    instructions=(*floats(), *integers(), *narrow_tricks(), *conversions()),
)
