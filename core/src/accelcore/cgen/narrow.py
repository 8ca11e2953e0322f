"""Integers in the narrowest lanes that hold them: an overlay of bytes runs in sixteen bits instead of thirty-two.

Lowering gives every integer expression one machine dtype that is wide enough whatever branch is taken.  Here each
operator inside a vector loop is redone in the narrowest dtype that holds its operands and its result *where it is
used*: inside a branch of a select, the condition is known.  In lanes that take the other branch a narrower computation
may wrap; what it gives there is not chosen.

Invariant: `Narrowing.of(e)` equals `e` wherever `e` is used, and has its dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from accelcore.cgen.rewriting import Block
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import COMPARE, Expr, cast, const, rebuild
from accelcore.ir.ranges import Interval, assumed, interval, natural
from accelcore.loops.nodes import Accumulate, For, If, Kind, Program, Statement, Store

_ORDER = ("u8", "i8", "u16", "i16", "u32", "i32")
# Bytes have no product, quotient or shift of their own on most machines.
_AT_LEAST = {"mul": 16, "tdiv": 16, "trem": 16, "fdiv": 16, "fmod": 16, "shl": 16, "shr": 16}
_NARROWED = frozenset({"add", "sub", "mul", "tdiv", "trem", "fdiv", "fmod", "min", "max", "shr", "abs", "neg"})
_FLOORED = {"fdiv": "tdiv", "fmod": "trem"}

Facts = Mapping["str | int | Expr", Interval]


def narrowed(program: Program, *, widens: bool = False) -> Program:
    """The program with narrower integers in its vector loops, and C's division where nothing is negative.

    widens: whether instructions widen their operands themselves (and bytes have products and shifts): then nothing is
    computed in more bits than it needs.
    """
    return program.with_body(tuple(_statement(s, inside=False, widens=widens) for s in program.body))


def _statement(s: Statement, *, inside: bool, widens: bool) -> Statement:
    match s:
        case For():
            within = inside or s.kind in (Kind.VECTOR, Kind.SCAN)
            return replace(s, body=_block(s.body, inside=within, widens=widens))
        case If():
            condition = Narrowing({}, vector=inside, widens=widens).of(s.condition)
            then, otherwise = (_block(b, inside=inside, widens=widens) for b in (s.then, s.otherwise))
            return If(condition, then, otherwise)
        case Store() | Accumulate():
            return replace(s, value=Narrowing({}, vector=inside, widens=widens).of(s.value))
    return s


def _block(block: Block, *, inside: bool, widens: bool) -> Block:
    return tuple(_statement(s, inside=inside, widens=widens) for s in block)


class Narrowing:
    """Rewrites expressions under facts: intervals of sub-expressions that hold where the expression is used."""

    def __init__(self, facts: Facts, *, vector: bool, widens: bool = False) -> None:
        self.facts, self.vector, self.widens = facts, vector, widens
        self._memo: dict[Expr, Expr] = {}

    def of(self, e: Expr) -> Expr:
        """The narrowed expression, of the same dtype."""
        if e.op in ("const", "size", "param", "input", "get"):
            return e
        found = self._memo.get(e)
        if found is None:
            found = self._memo[e] = self._select(e) if e.op == "select" else self._plain(e)
        return found

    def _select(self, e: Expr) -> Expr:
        """Each branch under what its choice says; both in the dtype in which they are at hand."""
        condition, *branches = e.args
        inside = [self._assuming(condition, holds) for holds in (True, False)]
        done = [n.of(branch) for n, branch in zip(inside, branches, strict=True)]
        if not (self.vector and _integer(e)):
            return rebuild(e, (self.of(condition), *done))
        pairs = list(zip(inside, done, strict=True))
        limits = [interval(_core(b, n.facts), n.facts) for n, b in pairs]
        target = _smallest(limits, max(n._width(b) for n, b in pairs))
        if target is None:
            return rebuild(e, (self.of(condition), *done))
        small = Expr("select", (self.of(condition), *(n._to(b, target) for n, b in pairs)), (), target)
        return _widened(small, e.dtype)

    def _assuming(self, condition: Expr, holds: bool) -> Narrowing:
        inside: dict[str | int | Expr, Interval] = {**self.facts}
        facts: Mapping[Expr, Interval] = assumed(condition, self.facts, holds)
        inside.update(dict(facts.items()))
        return Narrowing(inside, vector=self.vector, widens=self.widens)

    def _width(self, e: Expr) -> int:
        """Bits in which `e` is computed, conversions that keep its value aside; constants take any."""
        core = _core(e, self.facts)
        return 8 if core.op == "const" else _bits(core.dtype) if _integer(core) else 8

    def _plain(self, e: Expr) -> Expr:
        args = tuple(self.of(a) for a in e.args)
        new = rebuild(e, args)
        if e.op in COMPARE and _integer(e.args[0]):
            return self._compare(e, args)
        if e.op in _NARROWED and _integer(e):
            return self._operator(e, new)
        if e.op == "cast" and _integer(e) and _integer(e.args[0]):
            return self._cast(e, args[0], new)
        return new

    def _operator(self, e: Expr, new: Expr) -> Expr:
        limits = [interval(a, self.facts) for a in e.args]
        if e.op in _FLOORED and min(low for low, _ in limits) >= 0:
            new = Expr(_FLOORED[e.op], new.args, (), e.dtype)
        if not self.vector:
            return new
        least = max(8 if self.widens else _AT_LEAST.get(e.op, 8), *map(self._width, new.args))
        target = _smallest([*limits, _exact(e, self.facts)], least)
        if target is None or overflows(e, self.facts):
            return new
        small = Expr(new.op, tuple(self._to(a, target) for a in new.args), (), target)
        if self.widens and e.op in ("tdiv", "shr"):  # shifts narrow their results on the way
            small = self._to(small, _smallest([_exact(e, self.facts)], 8) or target)
        return _widened(small, e.dtype)

    def _compare(self, e: Expr, args: tuple[Expr, ...]) -> Expr:
        new = rebuild(e, args)
        target = _smallest([interval(a, self.facts) for a in e.args], max(map(self._width, args)))
        if not self.vector or target is None:
            return new
        return Expr(e.op, tuple(self._to(a, target) for a in args), (), "bool")

    def _cast(self, e: Expr, arg: Expr, new: Expr) -> Expr:
        """A conversion of a value that was widened before, from where it was narrow."""
        low, high = interval(e.args[0], self.facts)
        least, most = natural(e.dtype)
        if not (least <= low and high <= most):
            return new
        # A widening waits: the operator above may want another width.
        return self._to(arg, e.dtype, again=_bits(arg.dtype) > _bits(e.dtype))

    def _to(self, e: Expr, dtype: str, *, again: bool = True) -> Expr:
        """`e`, whose value fits, in this dtype: from before it was widened, where it was.

        again: what was computed in fewer bits and is needed in more is computed in more from the start, because the
        lanes are there, and its operands are likely to be needed widened as well.
        """
        if e.op == "const":
            return const(int(e.value), dtype)
        core = _core(e, self.facts)
        if core is not e and (again or self.widens or _bits(core.dtype) <= _bits(dtype)):
            return self._to(core, dtype, again=again)
        if e.dtype == dtype:
            return e
        again = again and self.vector and not self.widens
        if again and _integer(e) and _bits(e.dtype) < _bits(dtype) and _keeps(e.dtype, dtype):
            if e.op == "select":
                return Expr("select", (e.args[0], *(self._to(a, dtype) for a in e.args[1:])), (), dtype)
            if e.op in _NARROWED and not overflows(e, self.facts):
                return Expr(e.op, tuple(self._to(a, dtype) for a in e.args), (), dtype)
        return cast(e, dtype, "nearest", "wrap")


def _exact(e: Expr, facts: Facts) -> Interval:
    """The interval of the operator's exact result, before any wrapping."""
    wide = tuple(cast(a, "int") for a in e.args)
    return interval(Expr(e.op, wide, e.attrs, "int"), facts)


def overflows(e: Expr, facts: Facts | None = None) -> bool:
    """Whether add, sub, mul or neg of machine integers may leave its dtype."""
    low, high = _exact(e, facts or {})
    least, most = natural(e.dtype)
    return not (least <= low and high <= most)


def _integer(e: Expr) -> bool:
    return DTYPES[e.dtype].is_integer and e.dtype != INDEX and DTYPES[e.dtype].bits is not None


def _bits(dtype: str) -> int:
    return DTYPES[dtype].bits or 64


def _smallest(limits: list[Interval], least_bits: int) -> str | None:
    for dtype in _ORDER:
        low, high = natural(dtype)
        if _bits(dtype) >= least_bits and all(low <= a and b <= high for a, b in limits):
            return dtype
    return None


def _core(e: Expr, facts: Facts) -> Expr:
    """`e` without conversions that keep its value."""
    while e.op == "cast" and _integer(e) and _integer(e.args[0]):
        inner = e.args[0]
        if not (_bits(inner.dtype) < _bits(e.dtype) and _keeps(inner.dtype, e.dtype)):
            low, high = interval(inner, facts)
            least, most = natural(e.dtype)
            if not (least <= low and high <= most):
                break
        e = inner
    return e


def _keeps(inner: str, outer: str) -> bool:
    """Whether widening keeps every value: not from negative ones to unsigned dtypes."""
    return DTYPES[inner].kind == "uint" or DTYPES[outer].kind == "int"


def _widened(e: Expr, dtype: str) -> Expr:
    return cast(e, dtype, "nearest", "wrap")
