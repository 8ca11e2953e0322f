"""The named-operator reading of an expression.

`read` tries, in this order: an input as it is, transposed, sliced or broadcast; every operator whose definition
matches; an elementwise map.  Operands are read in turn.  Of the readings found the one with the fewest operations is
kept.  The search ends because operands are smaller than what they are operands of; one that is the whole again is
dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelcore.ir import expr as E
from accelcore.ir.affine import affine
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr
from accelcore.ir.matching import Bindings, match
from accelcore.ir.polynomial import same_polynomial
from accelcore.ir.printer import text
from accelcore.ir.simplify import simplify


@dataclass(frozen=True)
class Reading:
    """An operator applied to readings.

    operator: a name of OPERATORS, or input, number, transpose, slice, broadcast, map, expression.  attributes: what
    else it takes, as (name, text) pairs.  expression: what it equals, over the reals and integers.
    """

    operator: str
    operands: tuple[Reading, ...]
    expression: Expr
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def cost(self) -> int:
        """How many operations it has; inputs and numbers are none."""
        own = 0 if self.operator in ("input", "number") else 8 if self.operator == "expression" else 1
        return own + sum(o.cost for o in self.operands)

    @property
    def names(self) -> tuple[str, ...]:
        """The operators in it, outermost first."""
        return (self.operator, *(n for o in self.operands for n in o.names))

    def __str__(self) -> str:
        if self.operator in ("input", "number", "expression"):
            return dict(self.attributes)["text"]
        parts = [*(str(o) for o in self.operands), *(f"{name}={value}" for name, value in self.attributes)]
        return f"{self.operator}({', '.join(parts)})"


def read(e: Expr) -> Reading:
    """The reading with the fewest operations."""
    return _Reader().best(e)


class _Reader:
    """Remembers readings, so that a shared operand is read once."""

    def __init__(self) -> None:
        self._memo: dict[Expr, Reading] = {}

    def best(self, e: Expr) -> Reading:
        if e not in self._memo:
            # Until it is known, an expression that contains itself as an operand is read as it stands.
            self._memo[e] = Reading("expression", (), e, (("text", text(e)),))
            found = list(self._readings(e))
            if found:
                self._memo[e] = min(found, key=lambda r: r.cost)
        return self._memo[e]

    def _readings(self, e: Expr) -> Iterator[Reading]:
        leaf = _leaf(e)
        if leaf is not None:
            yield leaf
            return
        view = _view(e)
        if view is not None:
            yield view
            return
        yield from self._operators(e)
        mapped = self._map(e)
        if mapped is not None:
            yield mapped

    def _operators(self, e: Expr) -> Iterator[Reading]:
        from accelcore.ir.operators import OPERATORS

        for operator in OPERATORS.values():
            for definition in (operator.definition, *operator.variants):
                extra = e.rank - definition.rank
                if extra < 0 or (extra and not operator.rows):
                    continue
                target, state = _batched(e, extra)
                found = next(match(definition, target, state), None)
                if found is None or set(found.functions) != {name for name, _ in operator.arrays}:
                    continue
                operands = [found.tensor(name) for name, _ in operator.arrays]
                if any(o is e for o in operands):
                    continue
                given = {**found.scalars, **{n: found.sizes[n] for n in operator.sizes if n.startswith(("s", "step"))}}
                attributes = tuple(
                    (n, text(simplify(v), v.dtype)) for n, v in given.items() if n in operator.scalars or _stride(n, v)
                )
                yield Reading(operator.name, tuple(self.best(o) for o in operands), e, attributes)
                break

    def _map(self, e: Expr) -> Reading | None:
        """An elementwise function of reads and reductions."""
        variables, body = _opened(e)
        if body.rank:
            return None
        parts: list[Expr] = []
        _collect(body, parts)
        if not parts or any(p is body and p.op != "get" for p in parts):
            return None
        operands = []
        for part in parts:
            own = [(v, x) for v, x in variables if v.number in part.free]
            operands.append(self.best(_closed(own, part)))
        formula = _formula(body, parts, variables)
        return Reading("map", tuple(operands), e, (("element", formula),))


def _stride(name: str, value: Expr) -> bool:
    return name in ("sy", "sx", "step") and not same_polynomial(value, E.index(1))


def _opened(e: Expr, count: int | None = None) -> tuple[list[tuple[Expr, Expr]], Expr]:
    """The first comps opened: (variable, extent) pairs and the body."""
    variables: list[tuple[Expr, Expr]] = []
    while e.op == "comp" and (count is None or len(variables) < count):
        i = E.fresh()
        variables.append((i, e.args[0]))
        e = E.substitute(e.args[1], {e.number: i})
    return variables, e


def _closed(variables: list[tuple[Expr, Expr]], body: Expr) -> Expr:
    for v, extent in reversed(variables):
        body = E.comp(extent, lambda i, v=v, e=body: E.substitute(e, {v.number: i}))  # type: ignore[misc]  # bound now
    return body


def _batched(e: Expr, count: int) -> tuple[Expr, Bindings]:
    variables, body = _opened(e, count)
    opened = {v.number: extent for v, extent in variables}
    return body, Bindings(opened=opened, batch=tuple(v for v, _ in variables))


def _leaf(e: Expr) -> Reading | None:
    if e.op in ("input", "param"):
        return Reading("input", (), e, (("text", e.name),))
    if e.op in ("const", "size") or (e.op == "cast" and e.args[0].op in ("const", "size")):
        return Reading("number", (), e, (("text", text(e, e.dtype)),))
    return None


def _view(e: Expr) -> Reading | None:
    """A read of one input at affine indices of one variable each, or at none."""
    variables, body = _opened(e)
    if body.op != "get" or body.args[0].op != "input":
        return None
    source = Reading("input", (), body.args[0], (("text", body.args[0].name),))
    forms = [affine(i) for i in body.args[1:]]
    order: list[int] = []
    starts: list[str] = []
    plain = True
    for form in forms:
        if form is None or len(form.coefficients) > 1:
            return None
        if not form.coefficients:
            starts.append(text(form.rest, INDEX))
            plain = False
            continue
        number, step = form.coefficients[0][0], form.constant(form.coefficients[0][0])
        if step is None or number in order:
            return None
        order.append(number)
        extent = next((x for v, x in variables if v.number == number), None)
        if extent is None:
            return None
        shifted = step != 1 or not same_polynomial(form.rest, E.index(0))
        plain = plain and not shifted
        stop = text(simplify(form.rest + extent * step), INDEX)
        starts.append(f"{text(form.rest, INDEX)}:{stop}" + (f":{step}" if step != 1 else "") if shifted else ":")
    wanted = [v.number for v, _ in variables]
    reading = source
    if not plain:
        reading = Reading("slice", (reading,), e, (("at", f"[{', '.join(starts)}]"),))
    present = [n for n in wanted if n in order]
    if order != present:
        reading = Reading(
            "transpose", (reading,), e, (("axes", f"({', '.join(str(order.index(n)) for n in present)})"),)
        )
    if len(present) < len(wanted):
        axes = ", ".join(str(at) for at, n in enumerate(wanted) if n not in order)
        reading = Reading("broadcast", (reading,), e, (("new_axes", f"({axes})"),))
    return reading


def _collect(e: Expr, parts: list[Expr]) -> None:
    """The reads and reductions that an elementwise formula is over, each once."""
    if e.op in ("get", "param") or e.op in E.BINDERS:
        if e not in parts:
            parts.append(e)
        return
    for a in e.args:
        _collect(a, parts)


def _formula(body: Expr, parts: list[Expr], variables: list[tuple[Expr, Expr]]) -> str:
    """The element at i0, i1, ...: the formula with `a0[i0]`, `a1[i0, i1]`, ... for the elements of the operands."""
    indices = {v.number: E.param(f"i{at}", v.dtype) for at, (v, _) in enumerate(variables)}
    names: dict[Expr, Expr] = {}
    for at, part in enumerate(parts):
        own = [indices[v.number] for v, _ in variables if v.number in part.free]
        names[part] = E.array(f"a{at}", part.dtype, len(own))[tuple(own)] if own else E.param(f"a{at}", part.dtype)

    def replaced(e: Expr) -> Expr:
        if e in names:
            return names[e]
        return E.rebuild(e, tuple(replaced(a) for a in e.args)) if e.args else e

    return text(E.substitute(replaced(body), indices))
