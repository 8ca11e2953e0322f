"""Sound simplification: the result equals the expression wherever the expression has a value.

Every rule is local and makes the expression smaller or brings it closer to a normal form; `simplify` applies them
bottom-up until nothing changes, which it does because the number of nodes never grows (index arithmetic is replaced by
its polynomial only when that is no larger).  Rules that would be wrong for floats (x * 0, reassociation, folding an
inexact sum) apply only to the integers and the reals; a rule never removes a division by zero or a read that is out of
range from a place where it would be reached, except in terms that are multiplied by zero.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.interpret import interpret
from accelcore.ir.polynomial import add, constant_of, expression, multiply, polynomial

_ROUNDS = 8
_FOLDABLE = E.BINARY | E.UNARY | {"cast"}


def simplify(e: E.Expr, *, hoist: bool = False) -> E.Expr:
    """The simplified expression.  hoist: also move factors out of sums that do not depend on their index."""
    for _ in range(_ROUNDS):
        new = E.transform(e, _hoisting if hoist else _rules)
        if new is e:
            return e
        e = new
    return e


def _rules(e: E.Expr) -> E.Expr | None:
    """The first rule that changes a node."""
    for rule in (_fold, _TABLE.get(e.op), _index_arithmetic):
        if rule is not None:
            new = rule(e)
            if new is not None and new is not e and new.dtype == e.dtype:
                return new
    return None


def _hoisting(e: E.Expr) -> E.Expr | None:
    return _rules(e) or (_hoist(e) if e.op == "reduce" else None)


def _is(e: E.Expr, value: int) -> bool:
    return e.op == "const" and e.dtype != "bool" and e.value == value


def _fold(e: E.Expr) -> E.Expr | None:
    """Operators on constants: exactly, or with the rounding that their dtype says."""
    if e.op not in _FOLDABLE or any(a.op != "const" for a in e.args):
        return None
    try:
        value = interpret(e, {}, {})
    except IrError:
        return None  # it has no value: keep it where it is
    if isinstance(value, Fraction):
        return E.const(float(value), e.dtype) if Fraction(float(value)) == value else None
    return E.const(value, e.dtype)


def _exact(e: E.Expr) -> bool:
    return e.dtype in ("int", "real", INDEX)


def _add(e: E.Expr) -> E.Expr | None:
    a, b = e.args
    if not DTYPES[e.dtype].is_float or e.dtype == "real":  # in floats, -0.0 + 0.0 is 0.0
        if _is(a, 0):
            return b
        if _is(b, 0):
            return a
    return None


def _sub(e: E.Expr) -> E.Expr | None:
    a, b = e.args
    if _is(b, 0):
        return a
    if a is b and not _may_fail(a) and (not DTYPES[e.dtype].is_float or e.dtype == "real"):
        return E.const(0, e.dtype)
    return -b if _is(a, 0) and _exact(e) else None


def _mul(e: E.Expr) -> E.Expr | None:
    a, b = e.args
    for x, y in ((a, b), (b, a)):
        if _is(x, 1):
            return y
        if _is(x, 0) and (not DTYPES[e.dtype].is_float or e.dtype == "real"):
            return x
        if _is(x, -1) and DTYPES[e.dtype].kind != "uint":
            return -y
    return None


def _div(e: E.Expr) -> E.Expr | None:
    return e.args[0] if _is(e.args[1], 1) else None


def _whole_div(e: E.Expr) -> E.Expr | None:
    return e.args[0] if _is(e.args[1], 1) and not DTYPES[e.dtype].is_float else None


def _rest(e: E.Expr) -> E.Expr | None:
    return E.const(0, e.dtype) if _is(e.args[1], 1) and not DTYPES[e.dtype].is_float else None


def _neg(e: E.Expr) -> E.Expr | None:
    return e.args[0].args[0] if e.args[0].op == "neg" else None


def _same_operands(e: E.Expr) -> E.Expr | None:
    """min, max, and, or, land, lor of a value with itself; land and lor with a constant."""
    a, b = e.args
    if a is b:
        return a
    if e.op in ("land", "lor"):
        for x, y in ((a, b), (b, a)):
            if x.op == "const":
                decided = x.value == (e.op == "lor")
                if not decided:
                    return y
                if x is a or not _may_fail(y):
                    return x
    return None


def _lnot(e: E.Expr) -> E.Expr | None:
    a = e.args[0]
    if a.op == "lnot":
        return a.args[0]
    if a.op in ("eq", "ne"):
        return E.binary("ne" if a.op == "eq" else "eq", *a.args)
    if a.op in ("lt", "le") and a.args[0].dtype not in ("f16", "bf16", "f32", "f64"):  # a NaN is neither
        return E.binary("le" if a.op == "lt" else "lt", a.args[1], a.args[0])
    return None


def _compare(e: E.Expr) -> E.Expr | None:
    """Comparisons that are decided whatever the variables are."""
    a, b = e.args
    if not _exact(a) or a.dtype == "real" or _may_fail(a) or _may_fail(b):
        return None
    gap = constant_of(add(polynomial(a), polynomial(b), -1))
    if gap is None:
        return None
    return E.const({"lt": gap < 0, "le": gap <= 0, "eq": gap == 0, "ne": gap != 0}[e.op])


def _select(e: E.Expr) -> E.Expr | None:
    condition, then, other = e.args
    if condition.op == "const":
        return then if condition.value else other
    if then is other and not _may_fail(condition):
        return then
    if condition.op == "lnot":
        return E.select(condition.args[0], other, then)
    if then.op == "const" and other.op == "const" and e.dtype == "bool":
        return condition if then.value else E.unary("lnot", condition)
    return None


def _cast(e: E.Expr) -> E.Expr | None:
    """A cast back from an exact widening, and a chain of two exact widenings."""
    inner = e.args[0]
    if inner.op != "cast":
        return None
    source, middle = inner.args[0], inner.dtype
    if not _widens(source.dtype, middle):
        return None
    if source.dtype == e.dtype:
        return source
    return E.cast(source, e.dtype) if e.dtype in ("int", "real") and _widens(middle, e.dtype) else None


def _widens(source: str, target: str) -> bool:
    """Whether a conversion keeps every value."""
    a, b = DTYPES[source], DTYPES[target]
    if b.bits is None:
        return b.is_float or not a.is_float
    if a.bits is None or a.is_float != b.is_float or "bool" in (a.kind, b.kind):
        return False
    if a.is_float:
        return a.digits <= b.digits and a.max_exponent <= b.max_exponent
    return (b.low or 0) <= (a.low or 0) and (a.high or 0) <= (b.high or 0)


def _reduce(e: E.Expr) -> E.Expr | None:
    """Empty and single ranges, sums of zeros, neutral start values."""
    extent, body, *start = e.args
    neutral = {"sum": 0, "prod": 1, "any": False, "all": True}.get(e.kind)
    if extent.op == "const" and extent.value <= 0:
        return start[0] if start else (None if neutral is None else E.const(neutral, e.dtype))
    if extent.op == "const" and extent.value == 1 and not e.kind.startswith("arg"):
        only = E.substitute(body, {e.number: E.index(0)})
        return E.binary(_COMBINE[e.kind], start[0], only) if start else only
    if neutral is not None and body.op == "const" and body.value == neutral:
        return start[0] if start else body
    exact_start = start and neutral is not None and start[0].op == "const" and start[0].value == neutral
    if exact_start and (not DTYPES[e.dtype].is_float or e.dtype == "real"):
        return E.reduce(e.kind, extent, lambda k: E.substitute(body, {e.number: k}))
    return None


_COMBINE = {"sum": "add", "prod": "mul", "max": "max", "min": "min", "any": "lor", "all": "land"}


def _hoist(e: E.Expr) -> E.Expr | None:
    """sum(k: c * f(k)) is c * sum(k: f(k)) over the integers and the reals."""
    if e.kind != "sum" or not _exact(e) or len(e.args) > 2:
        return None
    terms = polynomial(e.args[1])
    outside = [frozenset(a for a in m if e.number not in a.free) for m in terms]
    common = frozenset.intersection(*outside) if outside else frozenset()
    factors = set(map(abs, terms.values()))
    number = factors.pop() if len(factors) == 1 else Fraction(1)
    if (not common and number == 1) or any(_may_fail(a) for a in common):
        return None
    inside = {tuple(a for a in m if a not in common): c / number for m, c in terms.items()}
    if len(inside) != len(terms) or any(len(set(m) & common) != len([a for a in m if a in common]) for m in terms):
        return None  # a common factor to some power: leave it
    body = expression(inside, e.dtype)
    front = {tuple(sorted(common, key=lambda a: a.digest)): number}
    total = E.reduce("sum", e.args[0], lambda k: E.substitute(body, {e.number: k}))
    return expression(multiply(front, {(total,): Fraction(1)}), e.dtype)


def _index_arithmetic(e: E.Expr) -> E.Expr | None:
    """Sums and products of indices in polynomial form, where that is not larger."""
    if e.dtype != INDEX or e.op not in ("add", "sub", "mul", "neg") or e.rank:
        return None
    normal = expression(polynomial(e), INDEX)
    return normal if _count(normal) < _count(e) else None


def _count(e: E.Expr) -> int:
    return sum(1 for _ in E.walk(e))


def _may_fail(e: E.Expr) -> bool:
    """Whether an expression can have no value: reads, divisions, exact casts, extremes of nothing, folds of them."""
    return any(
        n.op in ("get", "tdiv", "trem", "fdiv", "fmod", "shl", "shr", "pow", "scatter")
        or (
            n.op == "cast"
            and (n.attrs[1] == "exact" or (DTYPES[n.args[0].dtype].is_float and not DTYPES[n.dtype].is_float))
        )
        or (n.op == "reduce" and n.kind in ("max", "min", "argmax", "argmin"))
        for n in E.walk(e)
    )


_TABLE: dict[str, Callable[[E.Expr], E.Expr | None]] = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div, "tdiv": _whole_div, "fdiv": _whole_div, "trem": _rest,
    "fmod": _rest, "neg": _neg, "min": _same_operands, "max": _same_operands, "and": _same_operands,
    "or": _same_operands, "land": _same_operands, "lor": _same_operands, "lnot": _lnot, "select": _select,
    "cast": _cast, "reduce": _reduce, **dict.fromkeys(("lt", "le", "eq", "ne"), _compare),
}  # fmt: skip
