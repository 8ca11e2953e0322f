"""Varying operators that no instruction of the ISA covers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from accelcore.cgen import scalable, scalars, signs, vectors
from accelcore.cgen.frame import Value
from accelcore.cgen.names import ctype, literal
from accelcore.cgen.unit import NotVectorizable
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr, binary, call, cast, const, select, unary

if TYPE_CHECKING:
    from accelcore.cgen.expressions import Expressions


def varying(at: Expressions, e: Expr) -> Value:
    """The vectors of a varying operator, by the compiler's vector extensions or, failing these, lane by lane."""
    if e.op == "param":
        return _iterator(at)
    if e.dtype == "bool" and e.args[0].dtype == "bool":
        return _logical(at, e)
    if e.op in vectors.COMPARE:
        return _compare(at, e)
    other = rewritten(e)
    if other is not None:
        return at.value(other)
    if e.op == "cast":
        return _cast(at, e)
    if e.op == "call" and e.name == "bitcast":
        return _bitcast(at, e)
    if e.op in vectors.ARITHMETIC and e.dtype not in ("bf16", "bool"):
        return _each(at, e, lambda texts: vectors.infix(at.unit, e.op, e.dtype, at.count, texts))
    if e.op == "neg":
        return _each(at, e, lambda texts: vectors.negate(at.unit, e.dtype, at.count, texts[0]))
    if e.op == "not":
        return _each(at, e, lambda texts: vectors.invert(at.unit, e.dtype, at.count, texts[0]))
    if e.op in ("shl", "shr") and e.args[1].op == "const" and 0 <= e.args[1].value < (DTYPES[e.dtype].bits or 64):
        amount = int(e.args[1].value)
        texts = at.vector(e.args[0])
        shifted = (vectors.shift(at.unit, e.op, e.dtype, at.count, text, amount) for text in texts)
        return Value(e.dtype, tuple(shifted), varying=True)
    if e.op == "tdiv" and e.args[1].op == "const" and e.args[1].value > 0:
        return _constant_division(at, e)
    own = at.unit.isa.move(e.op, e.dtype, at.count)
    if own is not None:
        return _each(at, e, lambda texts: at.expand(own, a=texts[0], b=texts[1]))
    return by_lane(at, e)


def _each(at: Expressions, e: Expr, text: object) -> Value:
    operands = [at.vector(a) for a in e.args]
    assert callable(text)
    return Value(e.dtype, tuple(text(list(column)) for column in zip(*operands, strict=True)), varying=True)


def rewritten(e: Expr) -> Expr | None:
    """The same value in operators that have vector forms; None when `e` has one itself."""
    a, *rest = e.args or (e,)
    match e.op:
        case "cast":
            return _rewritten_cast(e)
        case "call":
            return _rewritten_call(e)
        case "min":
            return select(binary("lt", a, rest[0]), a, rest[0])
        case "max":
            return select(binary("lt", rest[0], a), a, rest[0])
        case "abs" if DTYPES[e.dtype].is_float:
            return _float_abs(a)
        case "abs":
            zero = const(0, e.dtype)
            return a if DTYPES[e.dtype].kind == "uint" else select(binary("lt", a, zero), unary("neg", a), a)
        case "fdiv" | "fmod" if not DTYPES[e.dtype].is_float:
            return _floor_division(e)
        case "trem" if not DTYPES[e.dtype].is_float and rest[0].op == "const":
            return binary("sub", a, binary("mul", binary("tdiv", a, rest[0]), rest[0]))
    return None


def _float_abs(a: Expr) -> Expr:
    """Clears the sign bit."""
    bits = f"i{DTYPES[a.dtype].bits}"
    mask = const((1 << ((DTYPES[a.dtype].bits or 64) - 1)) - 1, bits)
    return call("bitcast", binary("and", call("bitcast", a, dtype=bits), mask), dtype=a.dtype)


def _floor_division(e: Expr) -> Expr:
    """Floor division from truncating division; shifts and masks for powers of two."""
    a, b = e.args
    power = int(b.value).bit_length() - 1 if b.op == "const" and b.value > 0 else -1
    if power >= 0 and b.value == 1 << power:
        if e.op == "fdiv":
            return binary("shr", a, const(power, e.dtype))
        return binary("and", a, const(int(b.value) - 1, e.dtype))
    quotient = binary("tdiv", a, b)
    rest = binary("sub", a, binary("mul", quotient, b))
    if DTYPES[e.dtype].kind == "uint":
        return quotient if e.op == "fdiv" else rest
    zero, one = const(0, e.dtype), const(1, e.dtype)
    apart = binary("lt", binary("xor", rest, b), zero)
    off = binary("land", binary("ne", rest, zero), apart)
    if e.op == "fdiv":
        return binary("sub", quotient, select(off, one, zero))
    return binary("add", rest, select(off, b, zero))


def _constant_division(at: Expressions, e: Expr) -> Value:
    """By a high multiplication where the ISA has one; else the compiler makes multiplications and shifts of it."""
    multiplied = _by_high_product(e)
    if multiplied is not None and at.unit.isa.match(multiplied.args[0], at.count, contract=False) is not None:
        return at.value(multiplied)
    own = at.unit.isa.move("tdiv", e.dtype, at.count)
    if own is not None:
        return _each(at, e, lambda texts: at.expand(own, a=texts[0], b=texts[1]))
    divisor = literal(e.args[1].value, e.dtype)
    texts = []
    for text in at.vector(e.args[0]):
        inside = vectors.opened(at.unit, text, e.dtype, at.count)
        texts.append(vectors.closed(at.unit, f"({inside} / {divisor})", e.dtype, at.count))
    return Value(e.dtype, tuple(texts), varying=True)


def exposed(at: Expressions, e: Expr) -> Expr:
    """A quotient as the product and shift that it is where a conversion follows: one instruction may do both.

    Products with powers of two are shifts, which no machine does more slowly.
    """
    if not at.unit.isa.scalable:
        return e
    if e.op in ("mul", "tdiv"):
        return _shifted(e) or e
    if e.op in ("add", "sub"):
        return signs.apart(e)
    if e.op == "cast" and (inside := _narrow_index(e) or _clamped(e)) is not None:
        return inside
    if e.op != "cast" or e.args[0].op != "tdiv" or e.args[0].args[1].op != "const":
        return e
    shown = _shifted(e.args[0]) or (_by_high_product(e.args[0]) if e.args[0].args[1].value > 0 else None)
    return e if shown is None else cast(shown, e.dtype, str(e.attrs[0]), str(e.attrs[1]))


_INVERSE = {"lt": "le", "le": "lt", "eq": "ne", "ne": "eq"}


def turned_choice(at: Expressions, e: Expr) -> Expr:
    """c ? x : f(x) as !c ? f(x) : x on a scalable ISA, whose compilers make one masked instruction of that."""
    condition, a, b = e.args
    if not at.unit.isa.scalable or a not in b.args or condition.op not in _INVERSE or b.op in ("get", "select"):
        return e
    left, right = condition.args
    if not DTYPES[left.dtype].is_integer and condition.op in ("lt", "le"):
        return e  # a comparison with a NaN is false either way
    if condition.op in ("lt", "le"):
        left, right = right, left
    return select(binary(_INVERSE[condition.op], left, right), b, a)


def is_iterator(at: Expressions, e: Expr) -> bool:
    """Whether it is the vector loop's iterator as another integer, which a scalable ISA counts in that dtype."""
    lanes, scalable_ = at.frame.lanes, at.unit.isa.scalable
    if lanes is None or not scalable_ or e.op != "cast" or not DTYPES[e.dtype].is_integer:
        return False
    return e.args[0].op == "param" and e.args[0].name == lanes.iterator and e.attrs[1] != "saturate"


def _narrow_index(e: Expr) -> Expr | None:
    """Low bits of an index's sums and products are those of its parts: lanes of 64 bits are not needed."""
    inner, bits = e.args[0], DTYPES[e.dtype].bits
    if not DTYPES[e.dtype].is_integer or bits is None or bits >= 64 or inner.dtype != INDEX:
        return None
    if inner.op not in ("add", "sub", "mul") or e.attrs[1] == "saturate":
        return None
    return binary(inner.op, *(cast(a, e.dtype, "nearest", "wrap") for a in inner.args))


def _clamped(e: Expr) -> Expr | None:
    """A conversion of what is kept within the dtype's limits, as the saturating conversion that it is."""
    inner, facts = e.args[0], DTYPES[e.dtype]
    if not facts.is_integer or not DTYPES[inner.dtype].is_integer or facts.low is None or facts.high is None:
        return None
    least, most = DTYPES[inner.dtype].low, DTYPES[inner.dtype].high
    limits = {"max": facts.low, "min": facts.high}
    met: set[str] = set()
    while inner.op in limits and inner.op not in met:
        bound = next((a for a in inner.args if a.op == "const" and a.value == limits[inner.op]), None)
        if bound is None:
            return None
        met.add(inner.op)
        inner = inner.args[0] if inner.args[1] is bound else inner.args[1]
    low = "max" in met or (least is not None and least >= facts.low)
    high = "min" in met or (most is not None and most <= facts.high)
    return cast(inner, e.dtype, "nearest", "saturate") if met and low and high else None


def _shifted(e: Expr) -> Expr | None:
    """A product with a power of two, or an unsigned quotient by one, as a shift.  Widening products stay."""
    a, b = e.args if e.op == "tdiv" or e.args[1].op == "const" else e.args[::-1]
    if b.op != "const" or not DTYPES[e.dtype].is_integer or e.dtype == INDEX or a.op == "cast":
        return None
    value = int(b.value)
    if value < 2 or value & (value - 1) or (e.op == "tdiv" and DTYPES[e.dtype].kind != "uint"):
        return None
    return binary("shl" if e.op == "mul" else "shr", a, const(value.bit_length() - 1, e.dtype))


def _by_high_product(e: Expr) -> Expr | None:
    """x / d as (x * m >> w) >> s for unsigned x of w bits, with m the least that makes it exact for all x.

    m = ceil(2**(w + s) / d) is exact when m d - 2**(w + s) <= 2**s (T. Granlund, P. Montgomery, 1994).
    """
    divisor, width = int(e.args[1].value), DTYPES[e.dtype].bits or 64
    if DTYPES[e.dtype].kind != "uint" or width > 32 or divisor == 1:
        return None
    wide = f"u{2 * width}"
    for s in range(width):
        m = -(-(1 << (width + s)) // divisor)
        if m < 1 << width and m * divisor - (1 << (width + s)) <= 1 << s:
            product = binary("mul", cast(e.args[0], wide), cast(const(m, e.dtype), wide))
            high = cast(binary("shr", product, const(width, wide)), e.dtype)
            return binary("shr", high, const(s, e.dtype))
    return None


def _iterator(at: Expressions) -> Value:
    """The vector loop's iterator as a value: its first lane plus 0, 1, 2, ..."""
    return iterator_as(at, INDEX)


def iterator_as(at: Expressions, dtype: str) -> Value:
    """The iterator, converted by wrapping to an integer dtype before the lanes are added."""
    assert at.frame.lanes is not None
    first = at.frame.names[at.frame.lanes.iterator]
    own = at.unit.isa.move("iota", dtype, at.count)
    if own is not None:
        return scalable.counted(at, dtype, f"({ctype(dtype)}){first}", own)
    lanes = vectors.iota(at.unit, dtype, at.count)
    texts = []
    for group in range(at.groups):
        start = f"({ctype(dtype)})({first} + {group * at.count})" if group else f"({ctype(dtype)}){first}"
        base = at.spread(Value(dtype, (start,))).texts[0]
        texts.append(vectors.infix(at.unit, "add", dtype, at.count, [base, lanes]))
    return Value(dtype, tuple(texts), varying=True)


def _logical(at: Expressions, e: Expr) -> Value:
    if e.op in ("land", "lor"):
        first = at.spread(at.value(e.args[0]))
        return at.masks.combine(e.op, first, at.masked(e.args[1], first, inverted=e.op == "lor"))
    operands = [at.spread(at.value(a)) for a in e.args]
    if e.op in ("lnot", "not"):
        return at.masks.inverted(operands[0])
    if e.op == "cast":
        return operands[0]
    if e.op in ("lt", "le"):  # False < True
        low, high = at.masks.inverted(operands[0]), operands[1]
        return at.masks.combine("land" if e.op == "lt" else "lor", low, high)
    same = {"min": "land", "mul": "land", "max": "lor", "add": "lor"}
    return at.masks.combine(same.get(e.op, e.op), operands[0], operands[1])


def _compare(at: Expressions, e: Expr) -> Value:
    dtype = e.args[0].dtype
    if at.masks.whole:
        return by_lane(at, e)
    operands = [at.vector(a) for a in e.args]
    texts = tuple(vectors.compare(at.unit, e.op, dtype, at.count, list(pair)) for pair in zip(*operands, strict=True))
    return Value("bool", texts, varying=True, mask=DTYPES[dtype].bits or 0)


# Conversions.


def _rewritten_cast(e: Expr) -> Expr | None:
    source = e.args[0]
    if source.dtype == "bool":
        return select(source, const(1, e.dtype), const(0, e.dtype))
    if e.dtype == "bool":
        return binary("ne", source, const(0, source.dtype))
    if "bf16" in (source.dtype, e.dtype):
        return _bf16(e)
    return _prepared(e)


def _cast(at: Expressions, e: Expr) -> Value:
    """A plain conversion of lanes."""
    source = e.args[0]
    if (
        source.op == "param"
        and at.frame.lanes
        and source.name == at.frame.lanes.iterator
        and DTYPES[e.dtype].is_integer
    ):
        return iterator_as(at, e.dtype)
    if not _convertible(at, source.dtype, e.dtype):
        return by_lane(at, e)
    kind = vectors.generic(at.unit, e.dtype, at.count)
    texts = []
    for text in at.vector(source):
        inside = vectors.opened(at.unit, text, source.dtype, at.count)
        texts.append(vectors.closed(at.unit, f"__builtin_convertvector({inside}, {kind})", e.dtype, at.count))
    return Value(e.dtype, tuple(texts), varying=True)


def _convertible(at: Expressions, source: str, target: str) -> bool:
    isa = at.unit.isa
    return isa.container(source, at.count) == isa.container(target, at.count) == at.count


def _prepared(e: Expr) -> Expr | None:
    """A cast as a plain one over an operand that was rounded or clamped before; None when it is plain."""
    source, rounding, mode = e.args[0], str(e.attrs[0]), str(e.attrs[1])
    a, b = DTYPES[source.dtype], DTYPES[e.dtype]
    if a.is_float and b.is_integer:
        return _prepared_float(e, rounding, mode)
    if a.is_integer and b.is_float and (a.bits or 64) < 32:
        return cast(cast(source, "i32"), e.dtype)
    if mode == "saturate" and a.is_integer and b.is_integer:
        assert a.low is not None and a.high is not None and b.low is not None and b.high is not None
        inner = source
        if a.low < b.low:
            inner = binary("max", inner, const(int(b.low), source.dtype))
        if a.high > b.high:
            inner = binary("min", inner, const(int(b.high), source.dtype))
        return cast(inner, e.dtype, "nearest", "wrap")
    return None


def _prepared_float(e: Expr, rounding: str, mode: str) -> Expr | None:
    """A float rounded, clamped, and then truncated to an integer of at least 32 bits."""
    source = e.args[0]
    a, b = DTYPES[source.dtype], DTYPES[e.dtype]
    if rounding == "trunc" and mode != "saturate" and (b.bits or 64) >= 32:
        return None
    inner = source
    if rounding != "trunc":
        inner = call("round" if rounding == "nearest" else rounding, inner)
    if mode == "saturate":
        if (b.bits or 64) > a.digits:
            return None  # the largest integer is no float of this dtype: clamped lane by lane
        assert b.low is not None and b.high is not None
        inner = select(binary("ne", inner, inner), const(0.0, source.dtype), inner)
        inner = binary("min", binary("max", inner, const(float(b.low), a.name)), const(float(b.high), a.name))
    if (b.bits or 64) < 32:
        return cast(cast(inner, "i32", "trunc", "exact"), e.dtype, "nearest", "wrap")
    return cast(inner, e.dtype, "trunc", "exact")


def _bf16(e: Expr) -> Expr:
    """bf16 is the upper half of an f32: widening shifts; narrowing rounds to nearest even and keeps NaN a NaN."""
    source = e.args[0]
    if source.dtype == "bf16":
        raw = call("bitcast", source, dtype="u16")
        wide = call("bitcast", binary("shl", cast(raw, "u32"), const(16, "u32")), dtype="f32")
        return wide if e.dtype == "f32" else cast(wide, e.dtype)
    single = cast(source, "f32")
    raw = call("bitcast", single, dtype="u32")
    odd = binary("and", binary("shr", raw, const(16, "u32")), const(1, "u32"))
    rounded = binary("add", binary("add", raw, const(0x7FFF, "u32")), odd)
    quiet = binary("or", raw, const(0x400000, "u32"))
    high = binary("shr", select(binary("ne", single, single), quiet, rounded), const(16, "u32"))
    return call("bitcast", cast(high, "u16"), dtype="bf16")


# Functions.


def _rewritten_call(e: Expr) -> Expr | None:
    from accelcore.cgen.vecmath import expand

    if e.name == "isnan":
        return binary("ne", e.args[0], e.args[0])
    if e.name == "isinf":
        return binary("eq", unary("abs", e.args[0]), const(float("inf"), e.args[0].dtype))
    return expand(e)


def _bitcast(at: Expressions, e: Expr) -> Value:
    texts = tuple(vectors.bitcast(at.unit, e.dtype, at.count, text) for text in at.vector(e.args[0]))
    return Value(e.dtype, texts, varying=True)


# Lane by lane.


def spilled(at: Expressions, value: Value) -> list[str]:
    """C expressions of one lane `l` by group: the value stored to an array, or a bit of a mask."""
    if at.unit.isa.scalable:
        raise NotVectorizable("an operation that has no vector instruction")
    spread = at.spread(value)
    if spread.dtype == "bool" and at.masks.bits:
        names = at.bound("bool", at.masks.ctype(spread), spread.texts, keep=True)
        return [f"({name} >> l & 1)" for name in names]
    element = ctype(spread.dtype) if spread.dtype != "bool" else f"int{spread.mask}_t"
    kind = at.masks.ctype(spread) if spread.dtype == "bool" else at.unit.vector(spread.dtype, at.count)
    found = []
    for text in at.bound(spread.dtype, kind, spread.texts, keep=True):
        array = at.writer.temporary()
        at.writer.line(f"{element} {array}[sizeof({kind}) / sizeof({element})];")
        at.writer.line(f"__builtin_memcpy({array}, &{text}, sizeof({kind}));")
        found.append(f"{array}[l]")
    return found


def gathered(at: Expressions, dtype: str, per_lane: Sequence[str]) -> Value:
    """A value from C expressions of lane `l`, one per group."""
    if dtype == "bool":
        return _gathered_mask(at, per_lane)
    kind, element, texts = at.unit.vector(dtype, at.count), ctype(dtype), []
    for text in per_lane:
        array, name = at.writer.temporary(), at.writer.temporary()
        at.writer.line(f"{element} {array}[sizeof({kind}) / sizeof({element})] = {{0}};")
        at.writer.line(f"for (int l = 0; l < {at.count}; ++l) {array}[l] = {text};")
        at.writer.line(f"{kind} {name};")
        at.writer.line(f"__builtin_memcpy(&{name}, {array}, sizeof {name});")
        texts.append(name)
    return Value(dtype, tuple(texts), varying=True)


def _gathered_mask(at: Expressions, per_lane: Sequence[str]) -> Value:
    if not at.masks.bits:
        truth = gathered(at, "i8", [f"-({text})" for text in per_lane])
        opened = tuple(vectors.opened(at.unit, text, "i8", at.count) for text in truth.texts)
        return Value("bool", opened, varying=True, mask=8)
    kind, texts = at.unit.vector("bool", at.count), []
    for text in per_lane:
        name = at.writer.temporary()
        at.writer.line(f"{kind} {name} = 0;")
        at.writer.line(f"for (int l = 0; l < {at.count}; ++l) {name} |= ({kind})((uint64_t)({text}) << l);")
        texts.append(name)
    return Value("bool", tuple(texts), varying=True)


def by_lane(at: Expressions, e: Expr) -> Value:
    """Any operator by its scalar code, one lane after the other."""
    columns = [spilled(at, at.value(a)) for a in e.args]
    texts = []
    for group in range(at.groups):
        operands = [column[group] for column in columns]
        texts.append(_scalar_text(at, e, operands))
    return gathered(at, e.dtype, texts)


def _scalar_text(at: Expressions, e: Expr, operands: list[str]) -> str:
    if e.op == "call":
        if e.name in ("isnan", "isinf"):
            return scalars.test(e.name, operands[0])
        return scalars.call(at.unit, e.name, e.dtype, operands)
    if e.op == "cast":
        return scalars.convert(at.unit, operands[0], e.args[0].dtype, e.dtype, str(e.attrs[0]), str(e.attrs[1]))
    return scalars.apply(at.unit, e.op, e.dtype, operands, operand=e.args[0].dtype)
