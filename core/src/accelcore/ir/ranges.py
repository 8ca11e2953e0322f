"""Interval analysis: which values an expression can take.

Used to choose machine types for exact integers (u8 blends in 16-bit lanes), to discharge the obligations of "exact"
casts, and to see that indices stay inside.  An interval is a pair (low, high) of integers or floats, infinite where
nothing is known; it is sound: every value that exists lies in it.  Float endpoints are rounded outwards.

Facts map names (of sizes, scalar parameters and arrays: then of every element), numbers of free variables, and
sub-expressions to intervals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from accelcore.ir import vertices
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import BINDERS, COMPARE, Expr, parts, spine, walk
from accelcore.values import Param

Number = int | float
Interval = tuple[Number, Number]
Facts = Mapping["str | int | Expr", Interval]

ANY: Interval = (-math.inf, math.inf)
SIZE_LIMIT = 1 << 40
"""Largest extent that is assumed of a size about which nothing is required: an array of a tebibyte of bytes."""

_MACHINE = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64")


def natural(dtype: str) -> Interval:
    """All values of a dtype; floats include infinities."""
    facts = DTYPES[dtype]
    if facts.is_float or facts.low is None or facts.high is None:
        return ANY
    return facts.low, facts.high


def facts_of(params: Iterable[Param] = (), requires: Iterable[Expr] = ()) -> dict[str | int | Expr, Interval]:
    """What dtypes and preconditions say about sizes, scalars and elements.

    Understood preconditions: comparisons of a name, an element or an expression with a constant, conjunctions, and
    `all(k < n: ...)` of them; others add nothing.
    """
    params = tuple(params)
    known: dict[str | int | Expr, Interval] = {}
    for param in params:
        known[param.name] = (0, SIZE_LIMIT) if param.role == "size" else natural(param.dtype)
        for extent in param.shape:
            if extent.op == "size":
                known.setdefault(extent.name, (0, SIZE_LIMIT))
    shapes = {param.name: param.shape for param in params}
    for condition in requires:
        for key, limits in assumed(condition, known).items():
            name = _named(key, _ranges_of(condition), shapes)
            if name is not None:
                known[name] = meet(known.get(name, ANY), limits)
    return known


def _ranges_of(condition: Expr) -> dict[int, Expr]:
    """The ranges over which a precondition is stated: all(i < m: all(j < n: ...))."""
    ranges: dict[int, Expr] = {}
    while condition.op == "reduce" and condition.kind == "all":
        ranges[condition.number] = condition.args[0]
        condition = condition.args[1]
    return ranges


def _named(key: Expr, ranges: Mapping[int, Expr], shapes: Mapping[str, tuple[Expr, ...]]) -> str | Expr | None:
    """What a fact about `key` is a fact about: a name, when it covers all of it; None when it says too little.

    A fact about x[i, j] is one about all elements of x when i and j run over its whole shape.
    """
    while key.op == "cast" and DTYPES[key.dtype].bits is None:
        key = key.args[0]
    if key.op in ("size", "param"):
        return key.name
    if key.op == "get" and key.args[0].op == "input":
        indices = key.args[1:]
        whole = len({i.number for i in indices if i.op == "var"}) == len(indices)
        extents = tuple(ranges.get(i.number) for i in indices if i.op == "var")
        if whole and extents == shapes.get(key.args[0].name):
            return key.args[0].name
    return None if key.free else key


def interval(e: Expr, facts: Facts | None = None) -> Interval:
    """An interval that contains every value that the scalar `e` can take under the facts."""
    return _Analysis(facts or {}).of(e)


def fits(e: Expr, dtype: str, facts: Facts | None = None) -> bool:
    """Whether every value of an integer expression is one of the dtype's."""
    low, high = interval(e, facts)
    least, most = natural(dtype)
    return least <= low and high <= most


def narrowest(expressions: Iterable[Expr], facts: Facts | None = None, among: Iterable[str] = _MACHINE) -> str | None:
    """The first of the dtypes, in that order, that holds the values of all the expressions; None when none does."""
    analysis = _Analysis(facts or {})
    limits = [analysis.of(e) for e in expressions]
    for dtype in among:
        least, most = natural(dtype)
        if all(least <= low and high <= most for low, high in limits):
            return dtype
    return None


def working_type(e: Expr, facts: Facts | None = None, among: Iterable[str] = ("i16", "i32", "i64")) -> str | None:
    """The first dtype in which all the unbounded integer arithmetic inside `e` can be done without overflow."""
    inside = [n for n in walk(e) if n.dtype == "int" and n.rank == 0 and not n.free]
    return narrowest(inside or [e], facts, among)


def meet(a: Interval, b: Interval) -> Interval:
    """The intersection; when the facts contradict each other, the first."""
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else a


def join(a: Interval, b: Interval) -> Interval:
    """The hull."""
    return min(a[0], b[0]), max(a[1], b[1])


def assumed(condition: Expr, facts: Facts, holds: bool = True) -> dict[Expr, Interval]:
    """Intervals of sub-expressions that follow when the condition holds (or, with False, does not)."""
    if condition.op == "lnot":
        return assumed(condition.args[0], facts, not holds)
    if condition.op == ("land" if holds else "lor"):
        left = assumed(condition.args[0], facts, holds)
        for key, limits in assumed(condition.args[1], facts, holds).items():
            left[key] = meet(left.get(key, ANY), limits)
        return left
    if condition.op == "reduce" and condition.kind == "all" and holds:
        return assumed(condition.args[1], facts, holds)
    if condition.op not in COMPARE or condition.op == ("ne" if holds else "eq"):
        return {}
    op = condition.op if holds else {"lt": "ge", "le": "gt", "ne": "eq"}[condition.op]
    a, b = condition.args
    step = 0 if DTYPES[a.dtype].is_float else 1
    analysis = _Analysis(facts)
    x, y = analysis.of(a), analysis.of(b)
    found = {
        "lt": ((-math.inf, y[1] - step), (x[0] + step, math.inf)),
        "le": ((-math.inf, y[1]), (x[0], math.inf)),
        "gt": ((y[0] + step, math.inf), (-math.inf, x[1] - step)),
        "ge": ((y[0], math.inf), (-math.inf, x[1])),
        "eq": (y, x),
    }[op]
    known = {}
    for side, limits in zip((a, b), found, strict=True):
        for node in _widened_from(side):
            known[node] = limits
    return known


def _widened_from(e: Expr) -> list[Expr]:
    """The expression and what it widens exactly: facts about int(x) are facts about x."""
    chain = [] if e.op == "const" else [e]
    while e.op == "cast" and DTYPES[e.dtype].bits is None and not DTYPES[e.args[0].dtype].is_float:
        e = e.args[0]
        chain.append(e)
    return chain


class _Analysis:
    """One environment of facts, with the intervals found under it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._memo: dict[Expr, Interval] = {}

    def of(self, e: Expr) -> Interval:
        """The interval of a scalar, or of the elements of a tensor."""
        if e not in self._memo:
            for node in reversed(spine(e, self._memo.__contains__)):
                self._memo[node] = self._limited(node)
        return self._memo[e]

    def _limited(self, e: Expr) -> Interval:
        """The computed interval, narrowed by facts and by what the dtype can hold."""
        found = self._rounded(self._compute(e), e)
        if e in self._facts:
            found = meet(found, self._facts[e])
        if any(math.isnan(v) for v in found):
            found = ANY
        if DTYPES[e.dtype].bits is not None and not DTYPES[e.dtype].is_float and e.op not in ("size", "var"):
            least, most = natural(e.dtype)
            wraps = e.dtype != INDEX and (found[0] < least or found[1] > most)
            found = (least, most) if wraps else (max(found[0], least), min(found[1], most))
        return found

    def _rounded(self, found: Interval, e: Expr) -> Interval:
        """With the roundings of a machine float: one unit in the last place for each step."""
        facts = DTYPES[e.dtype]
        if not facts.is_float or facts.low is None or facts.high is None or e.op in _EXACT:
            return found
        steps = max(1, self.of(e.args[0])[1]) if e.op in BINDERS else 1
        grown, least = steps * 2 * facts.roundoff, 2.0 ** (2 - facts.max_exponent - facts.digits)
        if not grown < 1:
            return (0 if found[0] >= 0 else -math.inf), (0 if found[1] <= 0 else math.inf)
        low, high = found[0] - abs(found[0]) * grown - least, found[1] + abs(found[1]) * grown + least
        return (low if low >= facts.low else -math.inf), (high if high <= facts.high else math.inf)

    def _with(self, more: Mapping[int, Interval] | Mapping[Expr, Interval]) -> _Analysis:
        combined: dict[str | int | Expr, Interval] = dict(self._facts)
        for key, limits in more.items():
            combined[key] = meet(combined[key], limits) if isinstance(key, Expr) and key in combined else limits
        return _Analysis(combined)

    def _compute(self, e: Expr) -> Interval:
        match e.op:
            case "const":
                return (0, 1) if e.dtype == "bool" else (e.value, e.value)
            case "size":
                return self._facts.get(e.name, (0, SIZE_LIMIT))
            case "param" | "input":
                return self._facts.get(e.name, natural(e.dtype))
            case "var":
                return self._facts.get(e.number, (0, SIZE_LIMIT) if e.dtype == INDEX else natural(e.dtype))
            case "get":
                return self.of(e.args[0])
            case "select":
                return self._select(e)
            case "cast":
                return _cast(self.of(e.args[0]), e)
            case "call":
                return _call(e.name, [self.of(a) for a in e.args])
        if e.dtype == "bool":
            return 0, 1
        if e.op in BINDERS or e.op == "length":
            return self._binder(e)
        limits = [self.of(a) for a in e.args]
        found = arithmetic(e.op, limits[0], limits[-1], not DTYPES[e.dtype].is_float)
        exact = vertices.bounds(e, self.of) if e.dtype == "int" else None
        return found if exact is None else meet(found, exact)

    def _select(self, e: Expr) -> Interval:
        condition, then, other = e.args
        return join(
            self._with(assumed(condition, self._facts)).of(then),
            self._with(assumed(condition, self._facts, False)).of(other),
        )

    def _binder(self, e: Expr) -> Interval:
        if e.op == "length":
            return 0, max(0, self.of(e.args[0].args[0])[1])
        before, inside, after = parts(e)
        extent = self.of(before[-1] if e.op == "scatter" else before[0])
        if e.op == "fold":
            return natural(e.dtype)
        if e.op == "reduce" and e.kind in ("argmax", "argmin"):
            return 0, max(0, extent[1] - 1)
        inner = self._with({e.number: (0, max(0, extent[1] - 1))})
        body = inner.of(inside[-1])
        if e.op == "scatter":
            return _scattered(str(e.attrs[1]), body, self.of(after[0]), max(0, extent[1]))
        if e.op in ("comp", "filter"):
            return body
        fewest = 1 if e.op == "scan" else max(0, extent[0])
        found = _repeated(e.kind, body, (fewest, max(0, extent[1])))
        return (
            arithmetic({"sum": "add", "prod": "mul"}.get(e.kind, e.kind), self.of(after[0]), found) if after else found
        )


def _repeated(kind: str, body: Interval, count: Interval) -> Interval:
    """sum, prod, max or min of that many terms."""
    low, high = body
    if kind == "sum":
        corners = [_times(n, v) for n in count for v in body]
        return min(corners), max(corners)
    if kind == "prod":
        if low >= 0 and high <= 1:
            return 0, 1
        if count[1] > 256 or math.inf in (abs(low), abs(high)):
            return (0, math.inf) if low >= 0 else ANY
        top = max(abs(low), abs(high), 1) ** int(count[1])
        return (0 if low >= 0 else -top), top
    return body


def _scattered(combine: str, body: Interval, init: Interval, count: Number) -> Interval:
    if combine == "add":
        many = _repeated("sum", body, (0, count))
        return arithmetic("add", init, many)
    return ANY if combine == "mul" else join(init, body)


def _times(a: Number, b: Number) -> Number:
    """A product in which 0 times infinity is 0: no terms."""
    return 0 if a == 0 or b == 0 else a * b


def arithmetic(op: str, a: Interval, b: Interval = (0, 0), whole: bool = True) -> Interval:
    """The interval of an operator over intervals.  whole: on integers; floats are rounded outwards."""
    found = _arithmetic(op, a, b, whole)
    if whole or op in ("neg", "abs", "min", "max"):
        return found
    low, high = found
    return math.nextafter(low, -math.inf), math.nextafter(high, math.inf)


def _arithmetic(op: str, a: Interval, b: Interval, whole: bool) -> Interval:
    (al, ah), (bl, bh) = a, b
    most = max(abs(al), abs(ah))
    match op:
        case "add":
            return al + bl, ah + bh
        case "sub":
            return al - bh, ah - bl
        case "neg":
            return -ah, -al
        case "abs":
            return (0 if al <= 0 <= ah else min(abs(al), abs(ah))), most
        case "not":
            return -1 - ah, -1 - al
        case "mul":
            corners = [_times(x, y) for x in a for y in b]
            return min(corners), max(corners)
        case "min":
            return min(al, bl), min(ah, bh)
        case "max":
            return max(al, bl), max(ah, bh)
        case "div":
            return _quotient(a, b)
        case "fdiv" | "tdiv":
            return _whole_quotient(op, a, b)
        case "fmod":
            return (max(min(bl, 0), -math.inf), 0) if bh <= 0 else (_least_rest(a, bl), _greatest_rest(a, bh))
        case "trem":
            top = min(most, max(abs(bl), abs(bh)))
            return (-top if al < 0 else 0), (top if ah > 0 else 0)
    return _bitwise(op, a, b) if whole else ANY


def _least_rest(a: Interval, bl: Number) -> Number:
    return min(bl, 0)


def _greatest_rest(a: Interval, bh: Number) -> Number:
    """fmod by at most bh: below bh, and no more than a non-negative dividend."""
    rest = bh - 1 if isinstance(bh, int) else bh
    return min(rest, a[1]) if a[0] >= 0 else rest


def _quotient(a: Interval, b: Interval) -> Interval:
    if b[0] <= 0 <= b[1] or math.inf in (abs(a[0]), abs(a[1])):
        return ANY
    corners = [x / y if math.isfinite(y) else 0.0 for x in a for y in b]
    return min(corners), max(corners)


def _whole_quotient(op: str, a: Interval, b: Interval) -> Interval:
    """fdiv and tdiv, for divisors that are not 0."""
    if b[0] <= 0 <= b[1]:  # the quotient is largest for divisors of 1 and -1
        most = max(abs(a[0]), abs(a[1]))
        return (0 if a[0] >= 0 and b[0] >= 0 else -most), most
    corners: list[Number] = []
    for x in a:
        for y in b:
            if math.isinf(x):
                corners.append(x if y > 0 else -x)
            elif math.isinf(y):
                corners.append(-1 if op == "fdiv" and (x < 0) != (y < 0) and x != 0 else 0)
            else:
                quotient = abs(x) // abs(y)
                exact = x // y
                corners.append(exact if op == "fdiv" else (quotient if (x < 0) == (y < 0) else -quotient))
    return min(corners), max(corners)


def _bitwise(op: str, a: Interval, b: Interval) -> Interval:
    (al, ah), (bl, bh) = a, b
    ends = (al, ah, bl, bh)
    if any(not isinstance(v, int) for v in ends):
        return ANY
    if op in ("and", "or", "xor"):
        if op == "and" and (al >= 0 or bl >= 0):  # a mask that is not negative bounds the result
            return 0, min(v for v, least in ((ah, al), (bh, bl)) if least >= 0)
        bits = max(int(v).bit_length() for v in ends)
        return (0 if min(al, bl) >= 0 else -(1 << bits)), (1 << bits) - 1
    if op == "shr" and bl >= 0:
        corners = [int(x) >> int(y) for x in a for y in b]
        return min(corners), max(corners)
    if op == "shl" and bl >= 0 and bh <= 256:
        corners = [int(x) << int(y) for x in a for y in b]
        return min(corners), max(corners)
    if op == "pow" and bl >= 0 and bh <= 64:
        top = max(abs(al), abs(ah), 1) ** int(bh)
        return (0 if al >= 0 else -top), top
    return ANY


def _cast(a: Interval, e: Expr) -> Interval:
    source, target = DTYPES[e.args[0].dtype], DTYPES[e.dtype]
    rounding, mode = e.attrs
    low, high = a
    if target.kind == "bool":
        return 0, 1
    if target.is_float:
        return (low, high) if target.bits is None else arithmetic("add", a, (-1e-300, 1e-300), whole=False)
    if source.is_float:
        low = math.floor(low) if math.isfinite(low) else low
        high = math.ceil(high) if math.isfinite(high) else high
        if rounding == "trunc":
            low, high = (max(low, 0) if a[0] >= 0 else low), (min(high, 0) if a[1] <= 0 else high)
    least, most = natural(e.dtype)
    if least <= low and high <= most:
        return low, high
    if mode == "wrap":
        return least, most
    return min(max(low, least), most), max(min(high, most), least)


_RANGES: dict[str, Interval] = {
    "sin": (-1.0, 1.0), "cos": (-1.0, 1.0), "tanh": (-1.0, 1.0), "erf": (-1.0, 1.0), "sigmoid": (0.0, 1.0),
    "erfc": (0.0, 2.0), "exp": (0.0, math.inf), "exp2": (0.0, math.inf), "sqrt": (0.0, math.inf), "sign": (-1, 1),
    "rsqrt": (0.0, math.inf), "cosh": (1.0, math.inf), "hypot": (0.0, math.inf), "expm1": (-1.0, math.inf),
    "atan": (-1.5708, 1.5708), "asin": (-1.5708, 1.5708), "acos": (0.0, 3.1416), "atan2": (-3.1416, 3.1416),
}  # fmt: skip
_MONOTONE: dict[str, Callable[[float], Number]] = {
    "exp": math.exp,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "round": round,
}


_EXACT = frozenset({"const", "param", "input", "get", "select", "neg", "abs", "min", "max", "comp", "filter", "length"})
"""Operators whose result is one of their operands, up to its sign."""


def _call(name: str, args: list[Interval]) -> Interval:
    found = _RANGES.get(name, ANY)
    function = _MONOTONE.get(name)
    if function is None or not args:
        return found
    ends: list[Number] = []
    for v, limit in zip(args[0], found, strict=True):
        try:
            ends.append(function(v) if math.isfinite(v) else limit)
        except (OverflowError, ValueError):
            ends.append(limit)
    low, high = ends
    if name in ("exp", "sqrt"):
        low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    return meet((low, high), found)
