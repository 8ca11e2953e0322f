"""From values at the end of the program to a summary: casts inside, scans and scatters by name, infinities dropped."""

from __future__ import annotations

from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import (
    BINDERS,
    Expr,
    binary,
    cast,
    comp,
    fresh,
    get,
    index,
    rebuild,
    reduce,
    scan,
    substitute,
    transform,
    walk,
)
from accelcore_llmlift.lifter.algebra import simplify
from accelcore_llmlift.lifter.recurrences import is_infinite
from accelcore_llmlift.lifter.state import UNDEFINED
from accelcore_llmlift.polynomial import Facts, Polynomial, expression, polynomial
from accelcore_llmlift.program import Program


def finished(e: Expr, facts: Facts) -> Expr:
    """A result in its final form."""
    return remainders(scans(without_infinities(cast_inside(e), facts)))


def remainders(e: Expr) -> Expr:
    """a - b * (a // b) as a % b, in index arithmetic."""

    def rule(node: Expr) -> Expr | None:
        if node.dtype != INDEX or node.op not in ("add", "sub"):
            return None
        p = polynomial(node)
        for atom in p.atoms:
            if atom.op == "fdiv" and p.coefficient(atom) is not None:
                less = p - polynomial(atom.args[0]) + Polynomial({(atom,): 1}) * polynomial(atom.args[1])
                if len(less.terms) < len(p.terms) - 1:
                    found = less + Polynomial({(binary("fmod", *atom.args),): 1})
                    return rule(expression(found)) or expression(found)
        return None

    return transform(e, rule)


def cast_inside(e: Expr) -> Expr:
    """A cast of a whole comprehension becomes a cast of its elements."""
    if e.op != "cast" or not e.rank:
        return e
    return _pushed(e.args[0], e)


def _pushed(tensor: Expr, by: Expr) -> Expr:
    rounding, mode = (str(a) for a in by.attrs)
    if not tensor.rank:
        return cast(tensor, by.dtype, rounding, mode)
    if tensor.op == "comp":
        return comp(tensor.args[0], lambda i: _pushed(get(tensor, i), by))
    return Expr("cast", (tensor,), by.attrs, by.dtype, tensor.rank)


def without_infinities(e: Expr, facts: Facts) -> Expr:
    """max(-inf, max of terms) is the max of the terms; of no terms it has no meaning in the reals.

    Only where the range is known not to be empty; elsewhere the infinity stays.
    """

    def go(node: Expr, known: Facts) -> Expr:
        if not node.args:
            return node
        if node.op == "fold" or node.op not in BINDERS:
            return rebuild(node, tuple(go(a, known) for a in node.args))
        variable = fresh()
        inner = known.counting(variable, node.args[0]) if node.op in ("comp", "reduce", "scan", "filter") else known
        opened = substitute_body(node, variable)
        if opened is None:
            return node
        body = go(opened, inner)
        init = node.args[2:] if node.op == "reduce" else ()
        if node.op == "reduce" and init and is_infinite(init[0]) and node.kind in ("max", "min"):
            if known.nonnegative(polynomial(node.args[0]) - 1):
                init = ()
        if init and node.kind in ("max", "min") and _is_term(body, variable, init[0], node.args[0], known):
            init = ()
        if node.op == "comp":
            return comp(node.args[0], lambda i: substitute(body, {variable.number: i}))
        start = init[0] if init else None
        return reduce(node.kind, go(node.args[0], known), lambda i: substitute(body, {variable.number: i}), start)

    return go(e, facts)


def _is_term(body: Expr, variable: Expr, start: Expr, count: Expr, facts: Facts) -> bool:
    """Whether a start is the first term of a range that is not empty: an extreme does not need it twice."""
    if not facts.nonnegative(polynomial(count) - 1):
        return False
    first = simplify(substitute(body, {variable.number: index(0)}), facts)
    while first.op == "reduce" and first.kind in ("max", "min") and facts.nonnegative(polynomial(first.args[0]) - 1):
        first = simplify(substitute(first.args[1], {first.number: index(0)}), facts)
    return first is start


def substitute_body(node: Expr, variable: Expr) -> Expr | None:
    """The body of a comp or reduce over a given variable; None for other binders."""
    if node.op not in ("comp", "reduce"):
        return None
    return substitute(node.args[1], {node.number: variable})


def scans(e: Expr) -> Expr:
    """[kind over body(j) for j <= i  for i < n] with a body free of i is a scan."""

    def rule(node: Expr) -> Expr | None:
        if node.op != "comp" or node.rank != 1:
            return None
        return _scan(node)

    return transform(e, rule)


def _scan(node: Expr) -> Expr | None:
    i = fresh()
    body = get(node, i)
    around = None
    if body.op == "cast" and body.args[0].op == "reduce":
        around, body = body, body.args[0]
    if body.op != "reduce" or body.kind not in ("sum", "prod", "max", "min"):
        return None
    count, term, *init = body.args
    inside = term.free - {body.number}
    if i.number in inside or any(i.number in x.free for x in init):
        return None
    if (polynomial(count) - polynomial(i)).constant != 1:
        return None
    found = scan(body.kind, node.args[0], lambda k: substitute(term, {body.number: k}), *init)
    return found if around is None else Expr("cast", (found,), around.attrs, around.dtype, 1)


def number_model(program: Program, post: tuple[tuple[str, Expr], ...]) -> str:
    """ "real" when a real or a float takes part, else "int": Python's integers."""
    dtypes = {p.dtype for p in program.params if p.dtype != INDEX}
    dtypes |= {n.dtype for _, e in post for n in walk(e)}
    return "real" if any(DTYPES[d].is_float for d in dtypes) else "int"


def undefined(e: Expr) -> bool:
    """Whether elements that nobody wrote can be read."""
    return any(n.op == "param" and n.name == UNDEFINED for n in walk(e))
