"""From Python's numbers to a machine's: "real" becomes one float dtype, "int" the smallest sufficient machine integer.

Invariant: `Realizer.integer(e, dtype, fact)` returns an expression of exactly `dtype` that is congruent to `e` modulo
2**bits, given that the value of `e` lies in the interval `fact`.  Whoever asks chooses a dtype that holds the value or
only needs it modulo 2**bits, so the answer is the value itself wherever it counts.  Sums, products and bitwise
operators are rings modulo 2**bits: they are computed in the narrower of the asked dtype and the one that holds their
interval.  Everything else (division, comparison, minimum) is computed where intervals prove that nothing wraps; where
no machine integer is proved to suffice, `UnsupportedLowering` is raised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import BINDERS, COMPARE, Expr, call, cast, const, fresh, get, rebuild
from accelcore.ir.ranges import ANY, Facts, Interval, join, natural
from accelcore.ir.ranges import interval as interval_under

_CANDIDATES = ("u8", "i8", "u16", "i16", "i32", "u32", "i64", "u64")
_RING = frozenset({"add", "sub", "mul", "neg", "and", "or", "xor", "not"})


def smallest(value: Interval) -> str | None:
    """The narrowest machine integer that holds an interval; signed first from 32 bits on; None when none does."""
    for name in _CANDIDATES:
        facts = DTYPES[name]
        assert facts.low is not None and facts.high is not None
        if facts.low <= value[0] and value[1] <= facts.high:
            return name
    return None


@dataclass
class Realizer:
    """Realizes expressions.

    real: the float dtype in which reals are computed.  facts: what is known of sizes, scalars and elements.
    ranges: of the variables of open binders, by number.
    """

    real: str
    facts: Facts = field(default_factory=dict)
    ranges: dict[int, Interval] = field(default_factory=dict)
    _memo: dict[Expr, Expr] = field(default_factory=dict)

    def value(self, e: Expr) -> Expr:
        """`e` over machine dtypes: of its own dtype, `real` for a real, the smallest sufficient for an integer."""
        found = self._memo.get(e)
        if found is None:
            found = self._memo[e] = self._value(e)
        return found

    def _value(self, e: Expr) -> Expr:
        if e.rank and e.op in ("input", "get"):
            return self._get(e) if e.op == "get" else e
        if e.dtype == "int" and not e.rank:
            within = self.interval(e)
            dtype = smallest(within)
            if dtype is None:
                return self._unbounded(e)
            return self.integer(e, dtype, within)
        if e.op in BINDERS:
            return self._binder(e, None)
        if e.op == "cast":
            return self._cast(e)
        if e.op == "get":
            return self._get(e)
        if e.dtype == "real":
            return self._real(e)
        if e.op in COMPARE and e.args[0].dtype == "int":
            return self._together(e)
        return rebuild(e, tuple(self.value(a) for a in e.args))

    def _unbounded(self, e: Expr) -> Expr:
        """An integer without a proved bound is refused, unless a binder inside finds one for itself."""
        if e.op == "fold":
            return self._binder(e, None)
        raise UnsupportedLowering(
            f"an integer may leave 64 bits: {e!r}",
            hint="annotate the storage dtypes, or state a bound with an assertion",
        )

    def interval(self, e: Expr, more: Mapping[int, Interval] | None = None) -> Interval:
        """Interval of an integer expression under the open binders, and `more` variables."""
        variables = {**self.ranges, **(more or {})}
        known: dict[str | int | Expr, Interval] = {**self.facts}
        for number in variables:
            known[number] = variables[number]
        return interval_under(e, known)

    # Reals.

    def _real(self, e: Expr) -> Expr:
        if e.op == "const":
            return const(float(e.value), self.real)
        if e.op == "select":
            return rebuild_typed(e, (self.value(e.args[0]), *map(self.value, e.args[1:])), self.real)
        args = tuple(self._as_real(self.value(a)) for a in e.args)
        if e.op in ("fdiv", "fmod", "tdiv", "trem"):
            return self._real_division(e.op, *args)
        if e.op == "pow":
            return _power(args[0], args[1])
        return rebuild_typed(e, args, self.real)

    def _as_real(self, e: Expr) -> Expr:
        return cast(e, self.real)

    def _real_division(self, op: str, a: Expr, b: Expr) -> Expr:
        whole = call("floor" if op in ("fdiv", "fmod") else "trunc", a / b)
        return whole if op in ("fdiv", "tdiv") else a - whole * b

    # Casts and reads.

    def _cast(self, e: Expr) -> Expr:
        inner = e.args[0]
        rounding, mode = str(e.attrs[0]), str(e.attrs[1])
        if e.rank:
            return cast(self.value(inner), self._storage(e.dtype), rounding, mode)
        if e.dtype == "real":
            return cast(self.value(inner), self.real)
        target = DTYPES[e.dtype]
        if inner.dtype == "int" and target.is_integer and mode in ("exact", "wrap"):
            return self.integer(inner, e.dtype, natural(e.dtype) if mode == "exact" else ANY)
        return cast(self.value(inner), e.dtype, rounding, mode)

    def _storage(self, dtype: str) -> str:
        if dtype == "int":
            raise UnsupportedLowering("a tensor of unbounded integers", hint="annotate the storage dtype")
        return self.real if dtype == "real" else dtype

    def _get(self, e: Expr) -> Expr:
        tensor = self.value(e.args[0])
        where = tuple(self.index(a) for a in e.args[1:])
        if tensor.op == "cast":
            inside = tensor.args[0]
            return cast(get(inside, *where), tensor.dtype, str(tensor.attrs[0]), str(tensor.attrs[1]))
        return get(tensor, *where)

    def index(self, e: Expr) -> Expr:
        """An index: it is inside its array, hence it fits."""
        return self.integer(e, INDEX, (0, 2**62)) if e.dtype == "int" else cast(self.value(e), INDEX)

    # Integers.

    def integer(self, e: Expr, dtype: str, fact: Interval = ANY) -> Expr:
        """`e` in `dtype`, modulo 2**bits; the value of e is known to lie in `fact`."""
        if e.dtype != "int":
            return cast(self.value(e), dtype)
        if e.op == "const":
            return const(_wrapped(int(e.value), dtype), dtype)
        own = self.interval(e)
        within = max(own[0], fact[0]), min(own[1], fact[1])
        narrow = smallest(own)
        if narrow is not None and _bits(narrow) < _bits(dtype):
            return cast(self._at(e, narrow, within), dtype)
        return self._at(e, dtype, within)

    def _at(self, e: Expr, dtype: str, within: Interval) -> Expr:
        """`e` computed modulo 2**bits of dtype where its operator allows that, else exactly and then converted."""
        if e.op in _RING:
            facts = self._operand_facts(e, within)
            return rebuild_typed(e, tuple(self.integer(a, dtype, f) for a, f in zip(e.args, facts, strict=True)), dtype)
        if e.op == "select":
            branches = tuple(self.integer(a, dtype, within) for a in e.args[1:])
            return rebuild_typed(e, (self.value(e.args[0]), *branches), dtype)
        if e.op == "cast":
            return self._to_integer(e, dtype, within)
        if e.op == "shl" and e.args[1].op == "const":
            factor = const(_wrapped(1 << int(e.args[1].value), dtype), dtype)
            return self.integer(e.args[0], dtype) * factor
        if e.op in BINDERS:
            return cast(self._binder(e, dtype), dtype)
        if e.op == "get":
            return cast(self._get(e), dtype)
        if e.op == "var":
            raise UnsupportedLowering("an unbounded accumulator outside its fold")
        if e.op == "pow" and e.args[1].op == "const" and 0 <= e.args[1].value <= 8:
            return self.integer(_power(e.args[0], e.args[1]), dtype, within)
        return cast(self._together(e), dtype)

    def _operand_facts(self, e: Expr, within: Interval) -> tuple[Interval, ...]:
        """What is known of the operands when the result is known: subtraction undoes addition."""
        if e.op == "neg":
            return ((-within[1], -within[0]),)
        if e.op not in ("add", "sub"):
            return (ANY,) * len(e.args)
        a, b = (self.interval(x) for x in e.args)
        if e.op == "add":
            return (within[0] - b[1], within[1] - b[0]), (within[0] - a[1], within[1] - a[0])
        return (within[0] + b[0], within[1] + b[1]), (a[0] - within[1], a[1] - within[0])

    def _to_integer(self, e: Expr, dtype: str, within: Interval) -> Expr:
        inner = self.value(e.args[0])
        if not DTYPES[inner.dtype].is_float:
            return cast(inner, dtype)
        holds = smallest(within)
        if holds is None:
            return self._unbounded(e)
        exact = dtype if _inside(within, natural(dtype)) else holds
        return cast(cast(inner, exact, str(e.attrs[0]), "exact"), dtype)

    def _together(self, e: Expr) -> Expr:
        """All integer operands, and the result, in one dtype that holds each of them exactly."""
        whole = ANY if not e.args else self.interval(e.args[0])
        for a in e.args[1:]:
            whole = join(whole, self.interval(a))
        if e.dtype == "int":
            whole = join(whole, self.interval(e))
        dtype = smallest(whole)
        if dtype is None:
            return self._unbounded(e)
        return rebuild_typed(e, tuple(self.integer(a, dtype) for a in e.args), dtype if e.dtype == "int" else e.dtype)

    # Binders.

    def _binder(self, e: Expr, demand: str | None) -> Expr:
        from accelcore.loops.realize_binders import realize_binder

        return realize_binder(self, e, demand)

    def opened(self, e: Expr) -> tuple[Expr, Mapping[int, Expr]]:
        """A fresh variable for the binder's own, with its range noted."""
        extent = e.args[0] if e.op != "scatter" else e.args[e.rank]
        variable = fresh()
        self.ranges[variable.number] = (0, max(self.interval(extent)[1] - 1, 0))
        return variable, {e.number: variable}


def rebuild_typed(e: Expr, args: tuple[Expr, ...], dtype: str) -> Expr:
    """The same operator over realized arguments, with its realized dtype."""
    return Expr(e.op, args, e.attrs, dtype, e.rank)


def _power(base: Expr, exponent: Expr) -> Expr:
    """base ** exponent; small whole exponents by multiplication."""
    if exponent.op == "const" and exponent.value == int(exponent.value) and 1 <= exponent.value <= 8:
        count = int(exponent.value)
        half = _power(base, const(count // 2, exponent.dtype)) if count > 1 else base
        square = half * half if count > 1 else base
        return square * base if count % 2 and count > 1 else square
    if exponent.op == "const" and exponent.value == 0:
        return const(1, base.dtype)
    return Expr("pow", (base, exponent), (), base.dtype)


def _inside(value: Interval, box: Interval) -> bool:
    return box[0] <= value[0] and value[1] <= box[1]


def _bits(dtype: str) -> int:
    return DTYPES[dtype].bits or 64


def _wrapped(value: int, dtype: str) -> int:
    """value modulo 2**bits, in the range of dtype."""
    bits = _bits(dtype)
    rest = value % (1 << bits)
    return rest - (1 << bits) if DTYPES[dtype].kind == "int" and rest >> (bits - 1) else rest
