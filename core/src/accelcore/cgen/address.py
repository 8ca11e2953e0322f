"""Index expressions as polynomials: where an access goes, how it strides, and whether it stays inside.

A polynomial maps monomials to integer coefficients; a monomial is a tuple of atoms sorted by identity, and an atom is
a size, a scalar parameter of dtype i64 (an iterator among them), or any other expression, taken as opaque.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index

Monomial = tuple[Expr, ...]
Polynomial = dict[Monomial, int]


def polynomial(e: Expr, bind: Mapping[str, int] | None = None) -> Polynomial:
    """`e` as a polynomial; parameters that `bind` names are replaced by their values."""
    match e.op:
        case "const":
            return _clean({(): int(e.value)})
        case "param" if bind and e.name in bind:
            return _clean({(): bind[e.name]})
        case "add" | "sub":
            right = polynomial(e.args[1], bind)
            return plus(polynomial(e.args[0], bind), right if e.op == "add" else times(right, {(): -1}))
        case "mul":
            return times(polynomial(e.args[0], bind), polynomial(e.args[1], bind))
        case "neg":
            return times(polynomial(e.args[0], bind), {(): -1})
        case "cast" if e.dtype in (INDEX, "int") and e.args[0].dtype in (INDEX, "int"):
            return polynomial(e.args[0], bind)
    return {(e,): 1}


def plus(a: Polynomial, b: Polynomial) -> Polynomial:
    """The sum."""
    return _clean({m: a.get(m, 0) + b.get(m, 0) for m in (*a, *b)})


def times(a: Polynomial, b: Polynomial) -> Polynomial:
    """The product."""
    total: Polynomial = {}
    for left, x in a.items():
        for right, y in b.items():
            monomial = tuple(sorted((*left, *right), key=_order))
            total[monomial] = total.get(monomial, 0) + x * y
    return _clean(total)


@functools.lru_cache(maxsize=1 << 16)
def _order(atom: Expr) -> str:
    """A total order of atoms that is the same in every process."""
    inside = ",".join(_order(a) for a in atom.args)
    return f"{atom.op}{atom.attrs}{atom.dtype}({inside})"


def _clean(p: Polynomial) -> Polynomial:
    return {m: c for m, c in p.items() if c}


def constant(p: Polynomial) -> int | None:
    """The value of a polynomial without atoms, else None."""
    return p.get((), 0) if not p or set(p) == {()} else None


def linear(indices: Sequence[Expr], strides: Sequence[Expr]) -> Polynomial:
    """Offset in elements of an access."""
    total: Polynomial = {}
    for at, stride in zip(indices, strides, strict=True):
        total = plus(total, times(polynomial(at), polynomial(stride)))
    return total


def row_major(shape: Sequence[Expr]) -> tuple[Expr, ...]:
    """Strides in elements of a contiguous row-major array."""
    strides: list[Expr] = []
    step: Expr = index(1)
    for extent in reversed(shape):
        strides.append(step)
        step = extent if step.op == "const" and step.value == 1 else binary("mul", extent, step)
    return tuple(reversed(strides))


def mentions(e: Expr, name: str) -> bool:
    """Whether the parameter `name` occurs in `e`."""
    return name in e.inputs


def stride(p: Polynomial, iterator: str) -> Polynomial | None:
    """What the polynomial grows by when the iterator grows by one; None when that is not the same everywhere."""
    step: Polynomial = {}
    for monomial, coefficient in p.items():
        inside = [a for a in monomial if mentions(a, iterator)]
        if not inside:
            continue
        if len(inside) > 1 or inside[0].op != "param":
            return None
        rest = tuple(a for a in monomial if a is not inside[0])
        step[rest] = step.get(rest, 0) + coefficient
    return _clean(step)


def replace_iterator(p: Polynomial, iterator: str, by: Polynomial) -> Polynomial:
    """The polynomial with the iterator (an atom on its own) replaced by another polynomial."""
    total: Polynomial = {}
    for monomial, coefficient in p.items():
        part: Polynomial = {(): coefficient}
        for atom in monomial:
            part = times(part, by if atom.op == "param" and atom.name == iterator else {(atom,): 1})
        total = plus(total, part)
    return total


def bound(p: Polynomial, extents: Mapping[str, Expr], *, upper: bool) -> Polynomial | None:
    """An upper (lower) bound over the iterators' ranges [0, extent), with iterators gone; None when unknown.

    Sound because atoms besides iterators that may multiply one are sizes, hence not negative.
    """
    names = [a.name for m in p for a in m if a.op == "param" and a.name in extents]
    while names:
        name = names[0]
        step = stride(p, name)
        if step is None or not (nonnegative(step) or nonnegative(times(step, {(): -1}))):
            return None
        rising = nonnegative(step)
        last = plus(polynomial(extents[name]), {(): -1})
        p = replace_iterator(p, name, last if rising == upper else {})
        names = [a.name for m in p for a in m if a.op == "param" and a.name in extents]
    return p


def nonnegative(p: Polynomial) -> bool:
    """Whether it is at least 0 for all sizes: no negative coefficient, no atom but sizes."""
    return all(c >= 0 and all(a.op == "size" for a in m) for m, c in p.items())


def inside(at: Expr, extent: Expr, extents: Mapping[str, Expr]) -> bool:
    """Whether 0 <= at < extent is certain whenever the iterators are in their ranges."""
    p = polynomial(at)
    low, high = bound(p, extents, upper=False), bound(p, extents, upper=True)
    if low is None or high is None:
        return False
    room = plus(plus(polynomial(extent), {(): -1}), times(high, {(): -1}))
    return nonnegative(low) and nonnegative(room)


def render(p: Polynomial, atom: Callable[[Expr], str]) -> str:
    """C text of a polynomial."""
    parts: list[str] = []
    for monomial, coefficient in sorted(p.items(), key=lambda item: (not item[0], _key(item[0]))):
        factors = [atom(a) for a in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        text = " * ".join(factors)
        parts.append(f"{sign} {text}" if parts else (f"-{text}" if coefficient < 0 else text))
    return " ".join(parts) or "0"


def _key(monomial: Monomial) -> tuple[int, list[str]]:
    return (-len(monomial), [_order(a) for a in monomial])
