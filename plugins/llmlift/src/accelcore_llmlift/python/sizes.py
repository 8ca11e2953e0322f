"""Extents of parameters: names for them, and the preconditions under which all accesses are inside.

An axis whose length the source looks at (`len(x)`, `x.shape`, iteration) has a size of its own.  One that it only
indexes is as long as the largest index needs; nothing can tell whether the caller's array is longer.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from accelcore.ir.expr import Expr, binary, index, size, transform
from accelcore_llmlift.polynomial import Facts, Polynomial, decide, polynomial, split
from accelcore_llmlift.polynomial import expression as index_expression
from accelcore_llmlift.program import Program
from accelcore_llmlift.python import iteration
from accelcore_llmlift.python.expressions import refuse
from accelcore_llmlift.python.scope import Access, Scope

AXES = {1: ("n",), 2: ("m", "n"), 3: ("l", "m", "n"), 4: ("k", "l", "m", "n")}


def placeholder(name: str, axis: int) -> str:
    """The provisional size of an axis."""
    return f"{name}.{axis}"


def dimension(scope: Scope, node: ast.expr) -> Expr:
    """An extent in an annotation: a number, a size name, or + - * // of them."""
    match node:
        case ast.Constant(value=int() as value):
            return index(value)
        case ast.Name(id=name):
            constant = scope.module.constants.get(name)
            return dimension(scope, constant) if constant is not None else size(name)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.FloorDiv() as op, right=right):
            a, b = dimension(scope, left), dimension(scope, right)
            name = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "fdiv"}[type(op)]
            return index_expression(polynomial(binary(name, a, b)))
    raise refuse(scope, node, f"the extent {ast.unparse(node)!r}", "use sizes, numbers, + - * //")


def apart_from_sizes(function: ast.FunctionDef) -> ast.FunctionDef:
    """The function with local variables renamed that have the name of an annotated extent but another value."""
    taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} | {a.arg for a in function.args.args}
    for name in sorted(_dimensions_of(function)):
        values = [
            s.value for s in ast.walk(function)
            if isinstance(s, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in s.targets)
        ]  # fmt: skip
        if values and not all(_extent_like(v) for v in values):
            new = f"{name}_"
            while new in taken:
                new += "_"
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id == name:
                    node.id = new
    return function


def _extent_like(value: ast.expr) -> bool:
    """Whether a value is made of extents and numbers: x.shape[0] // 2, len(x)."""
    match value:
        case ast.Subscript(value=ast.Attribute(attr="shape")) | ast.Call(func=ast.Name(id="len")) | ast.Constant():
            return True
        case ast.Call(func=ast.Attribute(attr="size")) | ast.Name():
            return True
        case ast.BinOp(left=left, right=right):
            return _extent_like(left) and _extent_like(right)
    return False


def named_dimensions(scope: Scope) -> set[str]:
    """Size names that annotations use."""
    return _dimensions_of(scope.function)


def _dimensions_of(function: ast.FunctionDef) -> set[str]:
    found: set[str] = set()
    nodes = [a.annotation for a in function.args.args] + [function.returns]
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                tree = ast.parse(node.value.strip(), mode="eval")
            except (SyntaxError, ValueError):  # the latter for a null byte
                continue
            parts = [s for n in ast.walk(tree) if isinstance(n, ast.Subscript) for s in ast.walk(n.slice)]
            found |= {p.id for p in parts if isinstance(p, ast.Name)}
    return found


def resolve(scope: Scope, program: Program) -> tuple[dict[str, Expr], tuple[Expr, ...]]:
    """(what each placeholder becomes, all preconditions)."""
    mapping: dict[str, Expr] = {}
    requires = _merge_equal(scope, mapping)
    _from_accesses(scope, program, mapping)
    _name_the_rest(scope, program, mapping)
    rename = renamer(mapping)
    facts = Facts().assuming(rename(r) for r in requires)
    found = {rename(r): None for r in requires}
    for access in scope.accesses:
        _within(scope, program, access, rename, facts, found)
    return mapping, _independent([r for r in found if not _trivial(r)])


def _independent(conditions: list[Expr]) -> tuple[Expr, ...]:
    """Without what follows from the others: 1 <= h beside 2 <= h."""
    kept = list(conditions)
    for condition in conditions:
        others = [c for c in kept if c is not condition]
        if decide(condition, Facts().assuming(others)) if condition.op in ("le", "lt", "eq") else False:
            kept = others
    return tuple(kept)


def renamer(mapping: dict[str, Expr]) -> Callable[[Expr], Expr]:
    """The substitution of placeholders, repeated until none is left."""

    def rule(e: Expr) -> Expr | None:
        return _resolved(mapping, e.name) if e.op == "size" and e.name in mapping else None

    return lambda e: transform(e, rule) if e.sizes & mapping.keys() else e


def _resolved(mapping: dict[str, Expr], name: str) -> Expr:
    found = mapping[name]
    while found.sizes & mapping.keys():
        found = transform(found, lambda e: mapping.get(e.name) if e.op == "size" else None)
    return found


def _is_placeholder(e: Expr) -> bool:
    return e.op == "size" and "." in e.name


def _merge_equal(scope: Scope, mapping: dict[str, Expr]) -> list[Expr]:
    """`len(x) == len(y)` or `len(x) == n` as a precondition makes the two one size."""
    rest = []
    for condition in scope.requires:
        rename = renamer(mapping)
        now = rename(condition)
        if now.op == "eq" and any(_is_placeholder(a) for a in now.args):
            a, b = now.args
            keep, gone = (a, b) if _is_placeholder(b) and not (_is_placeholder(a) and a.name > b.name) else (b, a)
            if not _is_placeholder(gone):
                keep, gone = gone, keep
            if gone.name not in keep.sizes:
                mapping[gone.name] = keep
                continue
        rest.append(condition)
    return rest


def _from_accesses(scope: Scope, program: Program, mapping: dict[str, Expr]) -> None:
    """Axes that nobody measures are as long as their largest index needs."""
    for p in program.params:
        for axis, extent in enumerate(p.shape):
            if not _is_placeholder(extent) or (p.name, axis) in scope.observed or extent.name in mapping:
                continue
            touched = [a for a in scope.accesses if a.array == p.name and axis < len(a.indices)]
            needs = [needed(a, a.indices[axis]) for a in touched]
            known = [n for n in needs if n is not None]
            largest = _largest(scope.facts, known) if len(known) == len(needs) else None
            if largest is not None and p.name not in scope.types.written:
                largest = _rounded_up(largest)
            if largest is not None and extent.name not in index_expression(largest).sizes:
                mapping[extent.name] = index_expression(largest)


def needed(access: Access, where: Expr) -> Polynomial | None:
    """The smallest extent for which an index is inside for all loop counters; None when it is not known.

    Under a condition of the source that bounds the index by sizes (t < n), that bound is the extent.
    """
    index_ = polynomial(where)
    if access.guarded:
        for fact in access.facts.known:
            bound = fact + index_ + 1
            if bound.terms and _of_sizes(bound) and not _of_sizes(index_):
                return bound
    found = extreme(_without_divisions(index_, access.facts) + 1, access.facts, upper=True)
    return found if found is not None and _of_sizes(found) else None


def _of_sizes(p: Polynomial) -> bool:
    """Whether a polynomial is over sizes alone, divisions of sizes included."""
    return all(not a.free and not a.inputs and a.sizes for a in p.atoms)


def _without_divisions(p: Polynomial, facts: Facts) -> Polynomial:
    """p with a mod c replaced by c - 1, floor(a / c) by floor(max a / c): constants c > 0, positive coefficients."""
    for monomial, coefficient in list(p.terms.items()):
        if len(monomial) != 1 or monomial[0].op not in ("fdiv", "fmod") or coefficient < 0:
            continue
        atom = monomial[0]
        divisor = polynomial(atom.args[1]).constant
        if atom.op == "fmod":
            if divisor is not None and divisor > 0:
                p = p - Polynomial({monomial: coefficient}) + (divisor - 1) * coefficient
            continue
        highest = extreme(polynomial(atom.args[0]), facts, upper=True)
        if divisor is not None and divisor > 0 and highest is not None:
            quotient, rest = split(highest, Polynomial({(): divisor}))
            remainder = rest.constant
            if quotient is not None and remainder is not None and 0 <= remainder < divisor:
                p = p - Polynomial({monomial: coefficient}) + quotient * coefficient
    return p


def _rounded_up(p: Polynomial) -> Polynomial:
    """c * (n // c) as n: an input may as well have the elements that a division leaves over."""
    for monomial, coefficient in list(p.terms.items()):
        for atom in monomial:
            if atom.op != "fdiv":
                continue
            rest = list(monomial)
            rest.remove(atom)
            if Polynomial({tuple(rest): coefficient}) == polynomial(atom.args[1]):
                p = p - Polynomial({monomial: coefficient}) + polynomial(atom.args[0])
    return p


def extreme(p: Polynomial, facts: Facts, *, upper: bool) -> Polynomial | None:
    """The largest (smallest) value over the counters' ranges; None when a coefficient's sign is unknown."""
    for variable, low, high in reversed(facts.bounds):
        factor = p.coefficient(variable)
        if factor is None:
            return None
        if not factor.terms:
            continue
        rising = facts.nonnegative(factor, 1)
        if not rising and not facts.nonnegative(-factor, 1):
            return None
        p = p.without(variable) + factor * (_over_sizes(high, "min") if rising == upper else _over_sizes(low, "max"))
    return p


def _over_sizes(bound: Polynomial, op: str) -> Polynomial:
    """A bound min(i + t, n) of a tile as n, the operand that no counter occurs in."""
    for atom in bound.atoms:
        if atom.op != op or bound.coefficient(atom) is None:
            continue
        fixed = [polynomial(a) for a in atom.args if not a.free and not a.inputs]
        factor = bound.coefficient(atom)
        if len(fixed) == 1 and factor is not None and factor.constant == 1:
            return bound.without(atom) + fixed[0]
    return bound


def _largest(facts: Facts, needs: list[Polynomial]) -> Polynomial | None:
    for candidate in needs:
        if all(facts.nonnegative(candidate - other) for other in needs):
            return candidate
    return None


def _name_the_rest(scope: Scope, program: Program, mapping: dict[str, Expr]) -> None:
    """Readable names: a variable that the source itself gives to the size, else by axis."""
    taken = {p.name for p in program.params} | {n for p in program.params for e in p.shape for n in e.sizes}
    taken |= set(scope.types.variables) - set(scope.constants) | scope.used
    mine = {e.name: name for name, e in scope.constants.items() if _is_placeholder(e) and not name.startswith("_")}
    left = {e.name: (p, axis) for p in program.params for axis, e in enumerate(p.shape) if _is_placeholder(e)}
    for name, (p, axis) in left.items():
        if name in mapping:
            continue
        wanted = [mine[name]] if name in mine else []
        short = AXES.get(len(p.shape), ())
        wanted += [short[axis]] if axis < len(short) else []
        wanted += [*"kpqr", f"{p.name}_{axis}"]
        chosen = next(w for w in (*wanted, f"{p.name}_extent{axis}") if w not in taken)
        taken.add(chosen)
        mapping[name] = size(chosen)


def _within(
    scope: Scope, program: Program, access: Access, rename: Callable[[Expr], Expr], facts: Facts,
    found: dict[Expr, None],
) -> None:  # fmt: skip
    """Preconditions of one access: 0 <= index < extent, as far as they are about sizes and not guarded."""
    shape = next(p.shape for p in program.params if p.name == access.array)
    for where, extent in zip(access.indices, shape, strict=False):
        for bound, upper in ((polynomial(extent) - polynomial(where) - 1, False), (polynomial(where), False)):
            if access.facts.nonnegative(bound) or access.guarded:
                continue
            worst = extreme(bound, access.facts, upper=upper)
            if worst is None or not worst.atoms or not _of_sizes(worst):
                continue
            worst = polynomial(rename(index_expression(worst)))
            if not Facts(known=facts.known).assuming(found).nonnegative(worst):
                found[iteration.expressions_low(worst)] = None


def _trivial(condition: Expr) -> bool:
    a, b = (polynomial(x) for x in condition.args) if condition.op in ("le", "eq", "lt") else (None, None)
    if a is None or b is None or condition.args[0].dtype == "real":
        return False
    if condition.op == "eq":
        return not (a - b).terms
    return Facts().nonnegative(b - a - (condition.op == "lt"))
