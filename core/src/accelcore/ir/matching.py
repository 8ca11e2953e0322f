"""Matching an expression against the definition of an operator.

A definition is an ordinary expression over placeholder arrays, scalars and sizes.  Where it reads a placeholder at
distinct bound variables, `A[i, k]`, any expression that uses no other bound variable matches, and A becomes the
tensor of its values: a pattern in Miller's sense (D. Miller, A logic programming language with lambda-abstraction,
1991), for which matching is decidable.  Where it reads at other affine indices, `X[s*i + r]`, only a read of a tensor
at the same indices matches, and s is solved for.  Products and sums match in any order of their operands, quotients as
products with reciprocals; nested sums in any order of nesting.

The search is a generator of bindings: each alternative extends its own copy, so there is nothing to undo, and it ends
because every step descends into the definition, which is small.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from accelcore.ir import expr as E
from accelcore.ir.affine import affine
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.polynomial import constant_of, polynomial, same_polynomial
from accelcore.ir.products import nested_sum

Term = tuple[E.Expr, int]
"""An operand of a flattened sum or product, and its sign or exponent."""


def idealized(e: E.Expr) -> E.Expr:
    """The expression over the reals and the integers: storage dtypes of inputs and roundings of floats left out.

    This is what operators are recognised on; casts that change integers (wrapping, saturation, rounding) stay.
    """

    def rule(node: E.Expr) -> E.Expr | None:
        if node.op == "input":
            return E.array(node.name, _ideal(node.dtype), node.rank)
        if node.op == "param":
            return E.param(node.name, _ideal(node.dtype))
        if node.op == "const" and DTYPES[node.dtype].is_float:
            return E.const(node.value, "real")
        if node.op == "cast" and DTYPES[node.dtype].is_float and DTYPES[node.args[0].dtype].is_float:
            return node.args[0]
        return None

    return E.transform(e, rule)


def _ideal(dtype: str) -> str:
    kind = DTYPES[dtype]
    return "real" if kind.is_float else "int" if kind.is_integer else dtype


@dataclass(frozen=True)
class Bindings:
    """What placeholders stand for.

    functions: array name -> (variables, body); scalars, sizes: name -> expression.  opened: the variables of binders
    around the place, with their extents in the target; batch: those that any operand may use.
    """

    functions: dict[str, tuple[tuple[E.Expr, ...], E.Expr]] = field(default_factory=dict)
    scalars: dict[str, E.Expr] = field(default_factory=dict)
    sizes: dict[str, E.Expr] = field(default_factory=dict)
    opened: dict[int, E.Expr] = field(default_factory=dict)
    batch: tuple[E.Expr, ...] = ()

    def tensor(self, name: str) -> E.Expr:
        """The operand that a placeholder stands for, over the batch variables that it uses and its own."""
        variables, body = self.functions[name]
        own = [v for v in self.batch if v.number in body.free and v not in variables]
        e = body
        for v in reversed((*own, *variables)):
            e = E.comp(self.opened[v.number], lambda i, v=v, e=e: E.substitute(e, {v.number: i}))  # type: ignore[misc]  # bound now
        return e

    def with_variable(self, variable: E.Expr, extent: E.Expr) -> Bindings:
        """Inside one more binder."""
        return replace(self, opened={**self.opened, variable.number: extent})


def match(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    """Bindings under which the definition is the target."""
    if pattern.op == "get" and pattern.args[0].op == "input":
        yield from _read(pattern, target, state)
    elif pattern.op == "param":
        yield from _scalar(pattern, target, state)
    elif pattern.op == "size" or (pattern.op == "cast" and pattern.args[0].op == "size"):
        yield from _size(pattern, target, state)
    elif pattern.op in ("mul", "div", "add", "sub", "neg"):
        yield from _flattened(pattern, target, state)
    elif pattern.op == "reduce" and pattern.kind == "sum" and len(pattern.args) == 2:
        yield from _sums(pattern, target, state)
    elif pattern.op in ("comp", "reduce", "scan"):
        yield from _binder(pattern, target, state)
    elif pattern.op == target.op and pattern.attrs == target.attrs and len(pattern.args) == len(target.args):
        yield from _in_order(pattern.args, target.args, state)


def _in_order(patterns: Sequence[E.Expr], targets: Sequence[E.Expr], state: Bindings) -> Iterator[Bindings]:
    if not patterns:
        yield state
        return
    for found in match(patterns[0], targets[0], state):
        yield from _in_order(patterns[1:], targets[1:], found)


def _read(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    name, indices = pattern.args[0].name, pattern.args[1:]
    if DTYPES[target.dtype].kind == "bool" or target.rank:
        return
    if all(i.op == "var" for i in indices) and len(set(indices)) == len(indices):
        allowed = {i.number for i in indices} | {v.number for v in state.batch}
        if any(n in state.opened and n not in allowed for n in target.free):
            return
        yield from _bound(name, indices, target, state)
    elif target.op == "get" and len(target.args) == len(pattern.args):
        for found in _same_indices(indices, target.args[1:], state):
            fresh = tuple(E.fresh() for _ in indices)
            body = E.get(target.args[0], *fresh)
            extents = _window_extents(indices, found)
            opened = {**found.opened, **{f.number: x for f, x in zip(fresh, extents, strict=True)}}
            yield from _bound(name, fresh, body, replace(found, opened=opened))


def _bound(name: str, variables: tuple[E.Expr, ...], body: E.Expr, state: Bindings) -> Iterator[Bindings]:
    """A placeholder becomes a function, or is the same function as before."""
    known = state.functions.get(name)
    if known is None:
        yield replace(state, functions={**state.functions, name: (variables, body)})
        return
    renamed = {v.number: new for v, new in zip(known[0], variables, strict=True)}
    if E.substitute(known[1], renamed) is body:
        yield state


def _same_indices(patterns: Sequence[E.Expr], targets: Sequence[E.Expr], state: Bindings) -> Iterator[Bindings]:
    """Affine indices agree, up to the strides that the definition leaves open."""
    for p, t in zip(patterns, targets, strict=True):
        left, right = affine(p), affine(t, state.opened)
        if left is None or right is None or set(left.variables) != set(right.variables):
            return
        if not same_polynomial(left.rest, right.rest):
            return
        for number, slope in left.coefficients:
            solved = _solved(slope, right.coefficient(number), state)
            if solved is None:
                return
            state = solved
    yield state


def _solved(slope: E.Expr, found: E.Expr, state: Bindings) -> Bindings | None:
    if slope.op != "size":
        return state if same_polynomial(slope, found) else None
    known = state.sizes.get(slope.name)
    if known is None:
        return replace(state, sizes={**state.sizes, slope.name: found})
    return state if same_polynomial(known, found) else None


def _window_extents(indices: Sequence[E.Expr], state: Bindings) -> list[E.Expr]:
    """The extents that a read at these indices covers: 1 + the largest index."""
    extents = []
    for i in indices:
        solved = E.transform(i, lambda n: state.sizes.get(n.name) if n.op == "size" else None)
        last = E.substitute(solved, {n: state.opened[n] - 1 for n in i.free})
        extents.append(last + 1)
    return extents


def _scalar(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    if any(n in state.opened for n in target.free) or target.rank:
        return
    known = state.scalars.get(pattern.name)
    if known is None:
        yield replace(state, scalars={**state.scalars, pattern.name: target})
    elif known is target:
        yield state


def _size(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    name = (pattern if pattern.op == "size" else pattern.args[0]).name
    known = state.sizes.get(name)
    if known is not None:
        if same_polynomial(E.cast(known, target.dtype), target):
            yield state
    elif target.dtype == INDEX and not target.free:
        yield replace(state, sizes={**state.sizes, name: target})


def _extent(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    if pattern.op == "size":
        yield from _size(pattern, target, state)
    elif same_polynomial(pattern, target):
        yield state


def _binder(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    if (pattern.op, pattern.attrs[1:], len(pattern.args)) != (target.op, target.attrs[1:], len(target.args)):
        return
    if any(n in state.opened and E.var(n) not in state.batch for n in target.args[0].free):
        return
    for found in _extent(pattern.args[0], target.args[0], state):
        i = E.fresh()
        inner = found.with_variable(i, target.args[0])
        bodies = [E.substitute(e.args[1], {e.number: i}) for e in (pattern, target)]
        for done in match(bodies[0], bodies[1], inner):
            yield from _in_order(pattern.args[2:], target.args[2:], done)


def _sums(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    """Nested sums, in every order of the target's ranges."""
    if target.op != "reduce" or target.kind != "sum" or not _startless(target):
        return
    wanted, p_body = nested_sum(pattern)
    found, t_body = nested_sum(
        E.reduce("sum", target.args[0], lambda k: E.substitute(target.args[1], {target.number: k}))
    )
    if len(wanted) > len(found) or len(found) > 5:
        return
    for order in itertools.permutations(found, len(wanted)):
        rest = [r for r in found if r not in order]
        yield from _ordered_sums(list(wanted), list(order), rest, p_body, t_body, state)


def _startless(target: E.Expr) -> bool:
    """Without a start value, or with one that adds nothing."""
    return len(target.args) == 2 or (target.args[2].op == "const" and target.args[2].value == 0)


def _ordered_sums(
    wanted: list[tuple[int, E.Expr]], order: list[tuple[int, E.Expr]], rest: list[tuple[int, E.Expr]],
    p_body: E.Expr, t_body: E.Expr, state: Bindings,
) -> Iterator[Bindings]:  # fmt: skip
    if not wanted:
        for number, extent in reversed(rest):  # further sums belong to an operand
            inner = t_body
            t_body = E.reduce("sum", extent, lambda k, n=number, e=inner: E.substitute(e, {n: k}))  # type: ignore[misc]  # bound now
        yield from match(p_body, t_body, state)
        return
    (p_number, p_extent), (t_number, t_extent) = wanted[0], order[0]
    for found in _extent(p_extent, t_extent, state):
        k = E.fresh()
        p_inner, t_inner = E.substitute(p_body, {p_number: k}), E.substitute(t_body, {t_number: k})
        yield from _ordered_sums(wanted[1:], order[1:], rest, p_inner, t_inner, found.with_variable(k, t_extent))


# Sums and products in any order.


def _flattened(pattern: E.Expr, target: E.Expr, state: Bindings) -> Iterator[Bindings]:
    product = pattern.op in ("mul", "div")
    flatten = _factors if product else _addends
    wanted, given = flatten(pattern), flatten(target)
    if len(given) < len(wanted):
        return
    wanted.sort(key=lambda term: _specific(term[0]), reverse=True)
    yield from _assigned(wanted, given, product, pattern.dtype, state)


def _assigned(wanted: list[Term], given: list[Term], product: bool, dtype: str, state: Bindings) -> Iterator[Bindings]:
    """Give every structured term of the definition one of the target; placeholders share what is left."""
    if not wanted:
        if not given:
            yield state
        return
    (pattern, sign), rest = wanted[0], wanted[1:]
    if _specific(pattern) == 0:
        yield from _shared_out(wanted, given, product, dtype, state)
        return
    for at, (target, its_sign) in enumerate(given):
        if its_sign == sign:
            for found in match(pattern, target, state):
                yield from _assigned(rest, given[:at] + given[at + 1 :], product, dtype, found)


def _shared_out(
    wanted: list[Term], given: list[Term], product: bool, dtype: str, state: Bindings
) -> Iterator[Bindings]:
    """Every way to divide the target's terms among placeholders so that each gets one and can stand for its share."""
    if len(given) > _MOST_TERMS:
        return
    for shares in itertools.product(range(len(wanted)), repeat=len(given)):
        if len(set(shares)) < len(wanted):
            continue
        groups = [[t for t, owner in zip(given, shares, strict=True) if owner == at] for at in range(len(wanted))]
        if any(sign not in {s for _, s in group} for group, (_, sign) in zip(groups, wanted, strict=True)):
            continue
        targets = [_joined(g, product, sign, dtype) for g, (_, sign) in zip(groups, wanted, strict=True)]
        yield from _in_order([p for p, _ in wanted], targets, state)


_MOST_TERMS = 6
"""Terms of a product or sum that are divided among placeholders; more would be too many ways."""


def _joined(terms: list[Term], product: bool, sign: int, dtype: str) -> E.Expr:
    """The terms as one expression."""
    total: E.Expr | None = None
    for e, s in sorted(terms, key=lambda term: -term[1] * sign):
        positive = s == sign
        if total is None:
            first = e if positive else (E.const(1.0, dtype) / e if product else -e)
            total = first
        elif product:
            total = total * e if positive else total / e
        else:
            total = total + e if positive else total - e
    assert total is not None
    return total


def _specific(e: E.Expr) -> int:
    """How much a pattern pins down: placeholders last, they match anything."""
    return 0 if e.op in ("get", "param") else 1 + len(list(E.walk(e)))


def _factors(e: E.Expr, exponent: int = 1) -> list[Term]:
    """Factors with exponents 1 and -1; ones are left out, rsqrt is 1 / sqrt, a square is two factors."""
    if e.op == "mul":
        return _factors(e.args[0], exponent) + _factors(e.args[1], exponent)
    if e.op == "div":
        return _factors(e.args[0], exponent) + _factors(e.args[1], -exponent)
    if e.op == "call" and e.name == "rsqrt":
        return [(E.call("sqrt", e.args[0]), -exponent)]
    if e.op == "pow" and constant_of(polynomial(e.args[1])) == 2:
        return _factors(e.args[0], exponent) * 2
    return [] if e.op == "const" and e.value == 1 else [(e, exponent)]


def _addends(e: E.Expr, sign: int = 1) -> list[Term]:
    if e.op in ("add", "sub"):
        return _addends(e.args[0], sign) + _addends(e.args[1], sign if e.op == "add" else -sign)
    if e.op == "neg":
        return _addends(e.args[0], -sign)
    return [] if e.op == "const" and e.value == 0 else [(e, sign)]
