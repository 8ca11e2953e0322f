"""AVX-512 (F, BW, VL, DQ) as data: every instruction once, at 128, 256 and 512 bits.

Meanings and names are from Intel's intrinsics guide and the architecture manual, volume 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from accelcore.cgen import Instruction, VectorIsa, operand
from accelcore.ir.expr import Expr, binary, call, cast, const, select, unary
from accelcore_avx.widths import BITS, FLOATS, HALVES, INTEGERS, SIZES, Width, epi, register, shapes, signed, types

MOST = 512
FLAGS = ("-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx2", "-mfma", "-mbmi2", "-mf16c")

_COMPARE = {"lt": "LT", "le": "LE", "eq": "EQ", "ne": "NE"}


def _at(
    name: str, lanes: int, meaning: Expr, template: str, *, cost: float = 1.0, contracts: bool = False
) -> Instruction:
    return Instruction(name, lanes, meaning, template, cost, contracts)


def floats() -> Iterator[Instruction]:
    """Arithmetic, rounding, comparison of f32 and f64."""
    for dtype, lanes in shapes(tuple(FLOATS), MOST):
        if lanes * BITS[dtype] < 128:
            continue
        p, s = register(dtype, lanes).prefix, FLOATS[dtype]
        a, b, c = (operand(x, dtype) for x in "abc")
        for op in ("add", "sub", "mul", "div"):
            yield _at(op, lanes, binary(op, a, b), f"{p}_{op}_{s}({{a}}, {{b}})", cost=8 if op == "div" else 1)
        yield from _fused(p, s, lanes, a, b, c)
        yield from _extremes(p, s, lanes, a, b)
        yield _at("sqrt", lanes, call("sqrt", a), f"{p}_sqrt_{s}({{a}})", cost=12)
        for name, mode in (("round", 8), ("floor", 9), ("ceil", 10), ("trunc", 11)):
            yield _at(name, lanes, call(name, a), f"{p}_roundscale_{s}({{a}}, {mode})", cost=2)
        yield _at("scalef", lanes, call("scalb", a, b), f"{p}_scalef_{s}({{a}}, {{b}})")
        yield _at("abs", lanes, unary("abs", a), _absolute(p, s))
        for op, word in _COMPARE.items():
            predicate = "_CMP_NEQ_UQ" if op == "ne" else f"_CMP_{word}_OQ"
            yield _at(f"cmp_{op}", lanes, binary(op, a, b), f"{p}_cmp_{s}_mask({{a}}, {{b}}, {predicate})")


def _absolute(p: str, s: str) -> str:
    if p == "_mm512":
        return f"{p}_abs_{s}({{a}})"
    return f"{p}_andnot_{s}({p}_set1_{s}(-0.0{'f' if s == 'ps' else ''}), {{a}})"


def _fused(p: str, s: str, lanes: int, a: Expr, b: Expr, c: Expr) -> Iterator[Instruction]:
    """One rounding for a product and a sum."""
    for name, meaning in (
        ("fmadd", a * b + c),
        ("fmsub", a * b - c),
        ("fnmadd", c - a * b),
        ("fnmsub", -(a * b) - c),
    ):
        yield _at(name, lanes, meaning, f"{p}_{name}_{s}({{a}}, {{b}}, {{c}})", contracts=True)


def _extremes(p: str, s: str, lanes: int, a: Expr, b: Expr) -> Iterator[Instruction]:
    """minps gives its second operand unless the first is smaller: that of a NaN, too."""
    for name, less in (("min", binary("lt", a, b)), ("max", binary("lt", b, a))):
        template = f"{p}_{name}_{s}({{a}}, {{b}})"
        yield _at(name, lanes, select(less, a, b), template)
        yield _at(name, lanes, binary(name, a, b), template)


def integers() -> Iterator[Instruction]:
    """Arithmetic, bits, shifts, comparison of integers."""
    for dtype, lanes in shapes(INTEGERS, MOST):
        width, e, x = register(dtype, lanes), epi(dtype), signed(dtype)
        p = width.prefix
        a, b = operand("a", dtype), operand("b", dtype)
        for op in ("add", "sub"):
            yield _at(op, lanes, binary(op, a, b), f"{p}_{op}_{e}({{a}}, {{b}})")
        if BITS[dtype] > 8:
            cost = {16: 1, 32: 2, 64: 3}[BITS[dtype]]
            yield _at("mullo", lanes, a * b, f"{p}_mullo_{e}({{a}}, {{b}})", cost=cost)
            yield from _shifts(p, e, lanes, dtype, a, b)
        for op in ("and", "or", "xor"):
            yield _at(op, lanes, binary(op, a, b), f"{p}_{op}_{width.whole}({{a}}, {{b}})")
        for op, less in (("min", binary("lt", a, b)), ("max", binary("lt", b, a))):
            yield _at(op, lanes, binary(op, a, b), f"{p}_{op}_{x}({{a}}, {{b}})")
            yield _at(op, lanes, select(less, a, b), f"{p}_{op}_{x}({{a}}, {{b}})")
        if dtype[0] == "i":
            yield _at("abs", lanes, unary("abs", a), f"{p}_abs_{e}({{a}})")
        for op, word in _COMPARE.items():
            template = f"(__mmask{max(8, lanes)}){p}_cmp_{x}_mask({{a}}, {{b}}, _MM_CMPINT_{word})"
            yield _at(f"cmp_{op}", lanes, binary(op, a, b), template)


def _shifts(p: str, e: str, lanes: int, dtype: str, a: Expr, b: Expr) -> Iterator[Instruction]:
    """By an immediate, or by lane; beyond the width they give 0 or the sign, as `shl` and `shr` mean."""
    right = "sra" if dtype[0] == "i" else "srl"
    imm = operand("imm", dtype)
    for op, name in (("shl", "sll"), ("shr", right)):
        yield _at(f"{name}i", lanes, binary(op, a, imm), f"{p}_{name}i_{e}({{a}}, {{imm}})", cost=0.5)
        yield _at(f"{name}v", lanes, binary(op, a, b), f"{p}_{name}v_{e}({{a}}, {{b}})")


def narrow_tricks() -> Iterator[Instruction]:
    """High halves of products, saturating sums, averages: what 8 and 16 bits have beyond C."""
    for dtype, wide in (("u16", "u32"), ("i16", "i32")):
        for lanes in _lanes(dtype):
            p = register(dtype, lanes).prefix
            a, b = operand("a", dtype), operand("b", dtype)
            product = cast(a, wide) * cast(b, wide)
            high = cast(binary("shr", product, const(16, wide)), dtype)
            yield _at("mulhi", lanes, high, f"{p}_mulhi_{signed(dtype)}({{a}}, {{b}})")
    for dtype, wide in (("u8", "u16"), ("i8", "i16"), ("u16", "u32"), ("i16", "i32")):
        for lanes in _lanes(dtype):
            yield from _saturating(dtype, wide, lanes)


def _lanes(dtype: str) -> list[int]:
    return [lanes for name, lanes in shapes((dtype,), MOST) if name == dtype]


def _saturating(dtype: str, wide: str, lanes: int) -> Iterator[Instruction]:
    p, x = register(dtype, lanes).prefix, signed(dtype)
    a, b = operand("a", dtype), operand("b", dtype)
    for width in (wide, wide.replace("u", "i"), "i32"):
        total = cast(a, width) + cast(b, width)
        yield _at("adds", lanes, cast(total, dtype, "nearest", "saturate"), f"{p}_adds_{x}({{a}}, {{b}})")
        if width[0] == "i":
            gap = cast(a, width) - cast(b, width)
            yield _at("subs", lanes, cast(gap, dtype, "nearest", "saturate"), f"{p}_subs_{x}({{a}}, {{b}})")
    if dtype[0] == "u":
        rounded = cast(a, wide) + cast(b, wide) + const(1, wide)
        half = cast(binary("shr", rounded, const(1, wide)), dtype)
        yield _at("avg", lanes, half, f"{p}_avg_{x}({{a}}, {{b}})")
        floor = select(binary("lt", a, b), const(0, dtype), a - b)
        yield _at("subs", lanes, floor, f"{p}_subs_{x}({{a}}, {{b}})")


def conversions() -> Iterator[Instruction]:
    """Between integers of all widths, integers and floats, f32, f64 and f16."""
    for source in INTEGERS:
        for target in INTEGERS:
            for lanes in _common(source, target):
                yield from _between_integers(source, target, lanes)
    for integer in ("i32", "u32", "i64", "u64"):
        for real, s in FLOATS.items():
            for lanes in _common(integer, real):
                if lanes * BITS[real] >= 128:
                    yield from _with_floats(integer, real, s, lanes)
    for lanes in (2, 4, 8):
        wide = Width(lanes * 64)
        if lanes > 2:
            yield _at("cvtps_pd", lanes, cast(operand("a", "f32"), "f64"), f"{wide.prefix}_cvtps_pd({{a}})")
            yield _at("cvtpd_ps", lanes, cast(operand("a", "f64"), "f32"), f"{wide.prefix}_cvtpd_ps({{a}})")
    for lanes in (4, 8, 16):
        p = Width(lanes * 32).prefix
        yield _at("cvtph_ps", lanes, cast(operand("a", "f16"), "f32"), f"{p}_cvtph_ps({{a}})")
        yield _at("cvtps_ph", lanes, cast(operand("a", "f32"), "f16"), f"{p}_cvtps_ph({{a}}, 8)")


def _common(source: str, target: str) -> list[int]:
    """Lane counts that both dtypes have registers (or parts) for."""
    there = {lanes for _, lanes in shapes((target,), MOST)}
    return [lanes for _, lanes in shapes((source,), MOST) if lanes in there]


def _between_integers(source: str, target: str, lanes: int) -> Iterator[Instruction]:
    a = operand("a", source)
    if BITS[target] > BITS[source]:
        p = register(target, lanes).prefix
        template = f"{p}_cvt{signed(source)}_{epi(target)}({{a}})"
        for mode in ("wrap", "saturate") if (source[0] == "u" or target[0] == "i") else ("wrap",):
            yield _at("widen", lanes, cast(a, target, "nearest", mode), template)
    elif BITS[target] < BITS[source]:
        p = register(source, lanes).prefix
        plain = f"{p}_cvt{epi(source)}_{epi(target)}({{a}})"
        for rounding in ("nearest", "trunc"):
            yield _at("narrow", lanes, cast(a, target, rounding, "wrap"), plain, cost=2)
        if source[0] == target[0]:
            kind = "us" if source[0] == "u" else "s"
            template = f"{p}_cvt{kind}{epi(source)}_{epi(target)}({{a}})"
            yield _at("narrow_sat", lanes, cast(a, target, "nearest", "saturate"), template, cost=2)
    elif source != target:
        yield _at("same", lanes, cast(a, target, "nearest", "wrap"), "{a}", cost=0)


def _with_floats(integer: str, real: str, s: str, lanes: int) -> Iterator[Instruction]:
    p = Width(max(128, lanes * max(BITS[integer], BITS[real]))).prefix
    x, a, f = signed(integer), operand("a", integer), operand("a", real)
    yield _at("to_float", lanes, cast(a, real), f"{p}_cvt{x}_{s}({{a}})")
    yield _at("truncate", lanes, cast(f, integer, "trunc", "exact"), f"{p}_cvtt{s}_{x}({{a}})")
    yield _at("nearest", lanes, cast(f, integer, "nearest", "exact"), f"{p}_cvt{s}_{x}({{a}})")


def moves() -> dict[tuple[str, str, int], str]:
    """Loads, stores, masks, blends, splats, reductions, gathers."""
    table: dict[tuple[str, str, int], str] = {}
    for lanes in (2, 4, 8, 16, 32, 64):
        table["first", "bool", lanes] = f"(__mmask{max(8, lanes)})ac_first({{n}}, {lanes})"
    for dtype, lanes in shapes((*FLOATS, *INTEGERS, *HALVES), MOST):
        if dtype in FLOATS:
            if lanes * BITS[dtype] >= 128:
                _float_moves(table, dtype, lanes)
        else:
            _integer_moves(table, dtype, lanes)
    return table


def _float_moves(table: dict[tuple[str, str, int], str], dtype: str, lanes: int) -> None:
    p, s = register(dtype, lanes).prefix, FLOATS[dtype]
    table["load", dtype, lanes] = f"{p}_loadu_{s}({{p}})"
    table["store", dtype, lanes] = f"{p}_storeu_{s}({{p}}, {{v}})"
    table["maskload", dtype, lanes] = f"{p}_maskz_loadu_{s}({{m}}, {{p}})"
    table["maskstore", dtype, lanes] = f"{p}_mask_storeu_{s}({{p}}, {{m}}, {{v}})"
    table["compress", dtype, lanes] = f"{p}_maskz_compress_{s}({{m}}, {{v}})"
    table["splat", dtype, lanes] = f"{p}_set1_{s}({{x}})"
    table["blend", dtype, lanes] = f"{p}_mask_blend_{s}({{m}}, {{b}}, {{a}})"
    if p == "_mm512":
        table["stream", dtype, lanes] = f"ac_stream_{s}({{p}}, {{v}})"
        for op in ("add", "mul", "min", "max"):
            table[f"reduce_{op}", dtype, lanes] = f"{p}_reduce_{op}_{s}({{v}})"
    _gathers(table, dtype, lanes, p, s)


def _gathers(table: dict[tuple[str, str, int], str], dtype: str, lanes: int, p: str, s: str) -> None:
    size = BITS[dtype] // 8
    if p == "_mm512":
        table["gather", dtype, lanes] = f"{p}_i32gather_{s}({{i}}, {{p}}, {size})"
        zero = f"{p}_setzero_{s if s in ('ps', 'pd') else 'si512'}()"
        table["maskgather", dtype, lanes] = f"{p}_mask_i32gather_{s}({zero}, {{m}}, {{i}}, {{p}}, {size})"


def _integer_moves(table: dict[tuple[str, str, int], str], dtype: str, lanes: int) -> None:
    width, e = register(dtype, lanes), epi(dtype)
    p, whole = width.prefix, width.whole
    part = lanes * (BITS.get(dtype) or HALVES[dtype]) < 128
    few = f" & {(1 << lanes) - 1:#x}" if part else ""  # a mask register may hold more bits than there are lanes
    table["maskload", dtype, lanes] = f"{p}_maskz_loadu_{e}({{m}}{few}, {{p}})"
    table["maskstore", dtype, lanes] = f"{p}_mask_storeu_{e}({{p}}, {{m}}{few}, {{v}})"
    if part:
        all_lanes = f"{(1 << lanes) - 1:#x}"
        table["load", dtype, lanes] = f"{p}_maskz_loadu_{e}({all_lanes}, {{p}})"
        table["store", dtype, lanes] = f"{p}_mask_storeu_{e}({{p}}, {all_lanes}, {{v}})"
    else:
        table["load", dtype, lanes] = f"{p}_loadu_{whole}((const {width.integer} *)({{p}}))"
        table["store", dtype, lanes] = f"{p}_storeu_{whole}(({width.integer} *)({{p}}), {{v}})"
    table["blend", dtype, lanes] = f"{p}_mask_blend_{e}({{m}}, {{b}}, {{a}})"
    if dtype in HALVES:
        return
    suffix = "epi64x" if e == "epi64" and p != "_mm512" else e
    table["splat", dtype, lanes] = f"{p}_set1_{suffix}({{x}})"
    if not part and p != "_mm":
        table["stream", dtype, lanes] = f"ac_stream_{whole}({{p}}, {{v}})"
    if BITS[dtype] >= 32 and not part:
        table["compress", dtype, lanes] = f"{p}_maskz_compress_{e}({{m}}, {{v}})"
    if p == "_mm512":
        if BITS[dtype] >= 32:
            _gathers(table, dtype, lanes, p, e)
            _integer_reductions(table, dtype, lanes, p)


def _integer_reductions(table: dict[tuple[str, str, int], str], dtype: str, lanes: int, p: str) -> None:
    for op in ("add", "mul", "and", "or"):
        table[f"reduce_{op}", dtype, lanes] = f"{p}_reduce_{op}_{epi(dtype)}({{v}})"
    for op in ("min", "max"):
        table[f"reduce_{op}", dtype, lanes] = f"{p}_reduce_{op}_{signed(dtype)}({{v}})"


def _stream(suffix: str, pointer: str, vector: str, prefix: str = "_mm512", size: int = 64) -> str:
    """A non-temporal store needs an aligned address, which callers need not give."""
    plain = f"{prefix}_storeu_{suffix}(p, v)"
    return (
        f"static inline void ac_stream_{suffix}({pointer}p, {vector} v) {{ "
        f"if ((uintptr_t)p % {size} == 0) {prefix}_stream_{suffix}(p, v); else {plain}; }}"
    )


HELPERS = {
    "ac_first": "static inline uint64_t ac_first(int64_t n, int lanes) "
    "{ return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }",
    "ac_stream_ps": _stream("ps", "float *", "__m512"),
    "ac_stream_pd": _stream("pd", "double *", "__m512d"),
    "ac_stream_si512": _stream("si512", "void *", "__m512i"),
    "ac_stream_si256": _stream("si256", "void *", "__m256i", "_mm256", 32),
}


def _tables() -> tuple[Instruction, ...]:
    parts: tuple[Callable[[], Iterator[Instruction]], ...] = (floats, integers, narrow_tricks, conversions)
    return tuple(one for part in parts for one in part())


def _masks() -> dict[tuple[str, int], str]:
    return {("bool", lanes): f"__mmask{max(8, lanes)}" for lanes in (2, 4, 8, 16, 32, 64)}


AVX512 = VectorIsa(
    name="avx512",
    bits=MOST,
    masks="bits",
    registers=32,
    headers=("immintrin.h",),
    flags=FLAGS,
    types={**types(MOST), **_masks()},
    sizes=SIZES,
    moves=moves(),
    helpers=HELPERS,
    instructions=_tables(),
)
