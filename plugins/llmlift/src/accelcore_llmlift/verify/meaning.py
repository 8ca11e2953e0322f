"""What an expression of the tensor language means as solver terms, under one number model.

Scalars become terms, tensors become `Tensor`s: extents and a function from index terms to the element's term, so that
a store or an append is a selection by index and nothing is ever quantified.  Machine integers are integers with an
explicit wrap or clamp after each operator; floats are reals (model "real") or values of an uninterpreted sort with
uninterpreted operators (model "f32-exact").
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from accelcore.ir.expr import BINARY, Expr
from accelcore_llmlift.verify.arithmetic import Unsupported
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.reductions import Reductions
from accelcore_llmlift.verify.terms import Term, walk

Env = Mapping[int, Term]


@dataclass(frozen=True)
class Tensor:
    """A tensor value: extents, and the element at given indices (as many as extents)."""

    shape: tuple[Term, ...]
    element: Callable[[tuple[Term, ...]], Term]
    dtype: str


Value = Term | Tensor


_scopes = itertools.count()


@dataclass(frozen=True)
class Scope:
    """What names mean at one point: scalars and sizes by name, arrays by name.  Immutable; serial tells them apart."""

    values: Mapping[str, Value] = field(default_factory=dict)
    serial: int = field(default_factory=lambda: next(_scopes))

    def bind(self, changes: Mapping[str, Value | None]) -> Scope:
        """This scope with other values for some names; None takes a name's value away."""
        merged = {**self.values, **changes}
        return Scope({name: value for name, value in merged.items() if value is not None})

    def scalar(self, name: str) -> Term:
        """The scalar of that name; Unsupported when there is none."""
        value = self.values.get(name)
        if not isinstance(value, Term):
            raise Unsupported(f"{name!r} is read where it has no value" if value is None else f"{name!r} is an array")
        return value

    def tensor(self, name: str) -> Tensor:
        """The array of that name; Unsupported when there is none."""
        value = self.values.get(name)
        if not isinstance(value, Tensor):
            raise Unsupported(f"array {name!r} is read where it has no value")
        return value


class Meaning(Reductions):
    """Evaluates expressions to terms."""

    def __init__(self, bank: Bank, exact: bool = False) -> None:
        super().__init__(bank, exact)
        self._memo: dict[tuple[object, ...], Term] = {}

    def tensor(self, e: Expr, scope: Scope, env: Env) -> Tensor:
        """A tensor-valued expression."""
        return Tensor(self.shape(e, scope, env), lambda where: self.element(e, where, scope, env), e.dtype)

    def shape(self, e: Expr, scope: Scope, env: Env) -> tuple[Term, ...]:
        """Extents of a tensor-valued expression; those inside a comp must not depend on its index."""
        match e.op:
            case "input":
                return scope.tensor(e.name).shape
            case "get":
                return self.shape(e.args[0], scope, env)[len(e.args) - 1 :]
            case "cast":
                return self.shape(e.args[0], scope, env)
            case "comp":
                first = self.count(e.args[0], scope, env)
                if e.rank == 1:
                    return (first,)
                rest = self.shape(e.args[1], scope, {**env, e.number: self.bank.var("row?")})
                if any(_mentions(t, self.bank.var("row?")) for t in rest):
                    raise Unsupported("rows of different lengths")
                return (first, *rest)
            case "scan":
                return (self.count(e.args[0], scope, env),)
            case "scatter":
                return tuple(self.count(a, scope, env) for a in e.args[: e.rank])
            case "filter":
                return (self._filter_length(e, scope, env),)
        raise Unsupported(f"the extents of a tensor-valued {e.op}")

    def count(self, e: Expr, scope: Scope, env: Env) -> Term:
        """An extent, 0 when negative."""
        return self.bank.nonnegative(self.scalar(e, scope, env))

    def element(self, e: Expr, where: tuple[Term, ...], scope: Scope, env: Env) -> Term:
        """The element of a tensor-valued expression at index terms."""
        match e.op:
            case "input":
                return scope.tensor(e.name).element(where)
            case "get":
                inner = tuple(self.scalar(i, scope, env) for i in e.args[1:])
                return self.element(e.args[0], (*inner, *where), scope, env)
            case "comp":
                inside = {**env, e.number: where[0]}
                if e.rank == 1:
                    return self.scalar(e.args[1], scope, inside)
                return self.element(e.args[1], where[1:], scope, inside)
            case "cast":
                source = e.args[0]
                return self.convert(self.element(source, where, scope, env), source.dtype, e.dtype, e.attrs)
            case "scan":
                return self._scan(e, where[0], scope, env)
            case "scatter":
                return self._scatter(e, where, scope, env)
            case "filter":
                return self._filter(e, where[0], scope, env)
        raise Unsupported(f"elements of a tensor-valued {e.op}")

    def scalar(self, e: Expr, scope: Scope, env: Env) -> Term:
        """The term of a scalar expression."""
        key = (scope.serial, e, tuple(env[n].serial for n in sorted(e.free)))
        found = self._memo.get(key)
        if found is None:
            found = self._scalar(e, scope, env)
            self._memo[key] = found
        return found

    def _scalar(self, e: Expr, scope: Scope, env: Env) -> Term:
        match e.op:
            case "const":
                return self.constant(e)
            case "var":
                return env[e.number]
            case "size" | "param":
                return scope.scalar(e.name)
            case "get":
                where = tuple(self.scalar(i, scope, env) for i in e.args[1:])
                return self.element(e.args[0], where, scope, env)
            case "select":
                c, a, b = (self.scalar(x, scope, env) for x in e.args)
                return self.bank.ite(c, a, b)
            case "cast":
                source = e.args[0]
                return self.convert(self.scalar(source, scope, env), source.dtype, e.dtype, e.attrs)
            case "call":
                return self.call(e, [self.scalar(x, scope, env) for x in e.args])
            case "reduce":
                return self._reduce(e, self.count(e.args[0], scope, env), scope, env)
            case "fold":
                return self._fold(e, scope, env)
            case "length":
                axis = e.attrs[0]
                assert isinstance(axis, int)
                return self.shape(e.args[0], scope, env)[axis]
        operands = [self.scalar(x, scope, env) for x in e.args]
        if e.op in BINARY:
            return self.binary(e, *operands)
        return self.unary(e, operands[0])

    def _reduce(self, e: Expr, n: Term, scope: Scope, env: Env) -> Term:
        init = self.scalar(e.args[2], scope, env) if len(e.args) > 2 else None
        body_at = self._body(e.args[1], e.number, scope, env)
        return self.reduction(e.kind, e.args[1].dtype, n, body_at, init)

    def _body(self, body: Expr, number: int, scope: Scope, env: Env) -> Callable[[Term], Term]:
        return lambda k: self.scalar(body, scope, {**env, number: k})

    def _scan(self, e: Expr, at: Term, scope: Scope, env: Env) -> Term:
        init = self.scalar(e.args[2], scope, env) if len(e.args) > 2 else None
        body_at = self._body(e.args[1], e.number, scope, env)
        inclusive = self.bank.add(at, self.bank.num(1))
        return self.reduction(e.kind, e.args[1].dtype, self.bank.nonnegative(inclusive), body_at, init)

    def _fold(self, e: Expr, scope: Scope, env: Env) -> Term:
        count = len(e.bound) - 1
        n = self.count(e.args[0], scope, env)
        inits = [self.scalar(a, scope, env) for a in e.args[1 : 1 + count]]
        bodies = e.args[1 + count :]
        which = e.attrs[2]
        assert isinstance(which, int)

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            inside = {**env, **dict(zip(e.bound, (k, *accs), strict=True))}
            return [self.scalar(b, scope, inside) for b in bodies]

        return self.folded(n, inits, step)[which]

    def _scatter(self, e: Expr, where: tuple[Term, ...], scope: Scope, env: Env) -> Term:
        """Element of a scatter: a fold over the writes, of those that hit this element."""
        rank = e.rank
        combine = str(e.attrs[1])
        init = self.scalar(e.args[-1], scope, env)
        inner = e.args[rank + 1 : -1]

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            inside = {**env, e.number: k}
            hits = [self.bank.eq(self.scalar(i, scope, inside), at) for i, at in zip(inner, where, strict=False)]
            value = self.scalar(inner[rank], scope, inside)
            return [self.bank.ite(self.bank.conj(*hits), self.combine(combine, e.dtype, accs[0], value), accs[0])]

        return self.folded(self.count(e.args[rank], scope, env), [init], step)[0]

    def _filter_length(self, e: Expr, scope: Scope, env: Env) -> Term:
        return self._kept(e, self.count(e.args[0], scope, env), scope, env)

    def _kept(self, e: Expr, n: Term, scope: Scope, env: Env) -> Term:
        """How many of the first n are kept."""
        bank = self.bank
        holds = self._body(e.args[1], e.number, scope, env)
        return self.reduction("sum", "int", n, lambda k: bank.ite(holds(k), bank.num(1), bank.num(0)), None)

    def _filter(self, e: Expr, at: Term, scope: Scope, env: Env) -> Term:
        """Element of a filter: the value at the step that is kept while `at` are kept before it."""
        bank = self.bank
        holds, value = (self._body(b, e.number, scope, env) for b in e.args[1:])

        def step(k: Term, accs: Sequence[Term]) -> list[Term]:
            hit = bank.conj(holds(k), bank.eq(self._kept(e, k, scope, env), at))
            return [bank.ite(hit, value(k), accs[0])]

        sort = self.sort(e.dtype)
        return self.folded(self.count(e.args[0], scope, env), [self.undefined(sort)], step)[0]


def _mentions(term: Term, what: Term) -> bool:
    return any(t is what for t in walk(term))
