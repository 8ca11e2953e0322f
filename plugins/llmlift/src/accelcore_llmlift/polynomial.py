"""Integer index arithmetic: polynomials over atoms, and a small prover of `p >= 0`.

An index expression becomes a polynomial whose atoms are sizes, variables, and whatever arithmetic does not see
through (elements, divisions, selects).  Two index expressions are equal when their polynomials are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, cast, const

Monomial = tuple[Expr, ...]
"""Atoms with repetition, in a fixed order; () is the constant."""

_serial: dict[Expr, int] = {}


def _key(atom: Expr) -> tuple[int, str, int]:
    """A deterministic order: sizes by name, parameters by name, variables by number, the rest as first seen."""
    if atom.op in ("size", "param"):
        return (0 if atom.op == "size" else 1, atom.name, 0)
    if atom.op == "var":
        return (2, "", atom.number)
    return (3, "", _serial.setdefault(atom, len(_serial)))


@dataclass(frozen=True)
class Polynomial:
    """Sum of coefficient * monomial; zero coefficients are absent."""

    terms: Mapping[Monomial, int]

    def __add__(self, other: Polynomial | int) -> Polynomial:
        found = dict(self.terms)
        for monomial, coefficient in _polynomial(other).terms.items():
            found[monomial] = found.get(monomial, 0) + coefficient
        return Polynomial({m: c for m, c in found.items() if c})

    def __neg__(self) -> Polynomial:
        return Polynomial({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Polynomial | int) -> Polynomial:
        return self + -_polynomial(other)

    def __mul__(self, other: Polynomial | int) -> Polynomial:
        found: dict[Monomial, int] = {}
        for m, c in self.terms.items():
            for n, d in _polynomial(other).terms.items():
                both = tuple(sorted((*m, *n), key=_key))
                found[both] = found.get(both, 0) + c * d
        return Polynomial({m: c for m, c in found.items() if c})

    @property
    def constant(self) -> int | None:
        """The value when there is no atom, else None."""
        if not self.terms:
            return 0
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def atoms(self) -> set[Expr]:
        """Every atom in it."""
        found: set[Expr] = set()
        for monomial in self.terms:
            found.update(monomial)
        return found

    def coefficient(self, atom: Expr) -> Polynomial | None:
        """c with self = c * atom + rest, rest free of the atom; None when it is not linear in the atom."""
        found: dict[Monomial, int] = {}
        for monomial, value in self.terms.items():
            times = monomial.count(atom)
            if times > 1:
                return None
            if times:
                found[tuple(a for a in monomial if a is not atom)] = value
        return Polynomial(found)

    def without(self, atom: Expr) -> Polynomial:
        """The terms in which the atom does not occur."""
        return Polynomial({m: c for m, c in self.terms.items() if atom not in m})

    def divided(self, divisor: Polynomial) -> Polynomial | None:
        """The quotient when it is a polynomial and the divisor one term; None otherwise."""
        if len(divisor.terms) != 1:
            return None
        ((monomial, value),) = divisor.terms.items()
        found: dict[Monomial, int] = {}
        for term, coefficient in self.terms.items():
            rest = list(term)
            for atom in monomial:
                if atom not in rest:
                    return None
                rest.remove(atom)
            if coefficient % value:
                return None
            found[tuple(rest)] = coefficient // value
        return Polynomial(found)


def _polynomial(value: Polynomial | int) -> Polynomial:
    return value if isinstance(value, Polynomial) else Polynomial({(): value} if value else {})


def polynomial(e: Expr) -> Polynomial:
    """The polynomial of an integer expression (INDEX or "int")."""
    match e.op:
        case "const":
            return _polynomial(int(e.value))
        case "add":
            return polynomial(e.args[0]) + polynomial(e.args[1])
        case "sub":
            return polynomial(e.args[0]) - polynomial(e.args[1])
        case "mul":
            return polynomial(e.args[0]) * polynomial(e.args[1])
        case "neg":
            return -polynomial(e.args[0])
        case "cast" if e.dtype in (INDEX, "int") and e.args[0].dtype in (INDEX, "int"):
            return polynomial(e.args[0])
    return Polynomial({(e,): 1})


def expression(p: Polynomial, dtype: str = INDEX) -> Expr:
    """The expression of a polynomial in a fixed order: products of many atoms first, the constant last."""
    positive = [(m, c) for m, c in p.terms.items() if c > 0]
    negative = [(m, -c) for m, c in p.terms.items() if c < 0]
    order = _term_order
    found: Expr | None = None
    for monomial, coefficient in sorted(positive, key=order):
        term = _term(monomial, coefficient, dtype)
        found = term if found is None else binary("add", found, term)
    for monomial, coefficient in sorted(negative, key=order):
        found = binary("sub", const(0, dtype) if found is None else found, _term(monomial, coefficient, dtype))
    return const(0, dtype) if found is None else found


def _term_order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[int, str, int]]]:
    return (-len(term[0]), [_key(a) for a in term[0]])


def _term(monomial: Monomial, coefficient: int, dtype: str) -> Expr:
    found: Expr | None = None if coefficient != 1 or not monomial else cast(monomial[0], dtype)
    rest = monomial[1:] if found is not None else monomial
    if found is None:
        found = const(coefficient, dtype)
    for atom in rest:
        found = binary("mul", found, cast(atom, dtype))
    return found


def normal(e: Expr) -> Expr:
    """An integer expression in its fixed order: equal polynomials give the same object."""
    return expression(polynomial(e), e.dtype) if e.op not in ("const", "var", "size", "param") else e


def index_of(e: Expr) -> Expr:
    """The same integer as an INDEX expression: casts to "int" are taken off where arithmetic sees through them."""
    if e.dtype == INDEX:
        return e
    return expression(polynomial(e), INDEX)


Goal = tuple[frozenset[tuple[Monomial, int]], int]
"""A polynomial and the depth to which its proof is searched."""


@dataclass(frozen=True)
class Facts:
    """What is known in a context: bounds of variables (inclusive), innermost last, and polynomials that are >= 0."""

    bounds: tuple[tuple[Expr, Polynomial, Polynomial], ...] = ()
    known: tuple[Polynomial, ...] = ()
    conditions: frozenset[Expr] = field(default_factory=frozenset)
    proved: dict[Goal, bool] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "proved", {})  # never shared with the facts that these were made from

    def counting(self, variable: Expr, extent: Expr | Polynomial) -> Facts:
        """With 0 <= variable < extent."""
        high = extent if isinstance(extent, Polynomial) else polynomial(extent)
        return self.between(variable, _polynomial(0), high - 1)

    def between(self, variable: Expr, low: Polynomial, high: Polynomial) -> Facts:
        """With low <= variable <= high, so the range is not empty."""
        more = tuple(p for p in _positive_factors(high - low + 1) if p not in self.known)
        return replace(self, bounds=(*self.bounds, (variable, low, high)), known=self.known + more)

    def knowing(self, *polynomials: Polynomial) -> Facts:
        """With each polynomial >= 0."""
        more = tuple(p for p in polynomials if p not in self.known and p.constant is None)
        return replace(self, known=self.known + more) if more else self

    def assuming(self, conditions: Iterable[Expr]) -> Facts:
        """With boolean expressions that hold."""
        found = self
        for condition in conditions:
            told = consequences(condition)
            told += [w for p in told for w in _weakened(found, p)]
            found = replace(found, conditions=found.conditions | {condition}).knowing(*told)
            for part in _conjuncts(condition):
                found = found.knowing(*_apart(found, part))
        return found

    def nonnegative(self, p: Polynomial, depth: int = 3) -> bool:
        """Whether p >= 0 follows.  Sound, not complete: replaces variables by bounds, then subtracts known facts."""
        return _prove(self, p, depth)


def _positive_factors(p: Polynomial) -> list[Polynomial]:
    """p >= 1 says p - 1 >= 0, and each size in a product of sizes is at least 1."""
    if p.constant is not None:
        return []
    found = [p - 1]
    if len(p.terms) == 1:
        found += [Polynomial({(a,): 1}) - 1 for a in p.atoms if a.op == "size"]
    return found


def consequences(condition: Expr) -> list[Polynomial]:
    """Polynomials that are >= 0 when an integer comparison (or a conjunction) holds."""
    if condition.op == "land":
        return [p for a in condition.args for p in consequences(a)]
    if condition.op not in ("lt", "le", "eq") or condition.args[0].dtype not in (INDEX, "int"):
        return []
    difference = polynomial(condition.args[1]) - polynomial(condition.args[0])
    if condition.op == "lt":
        return [difference - 1]
    return [difference] if condition.op == "le" else [difference, -difference]


def _prove(facts: Facts, p: Polynomial, depth: int) -> bool:
    key = (frozenset(p.terms.items()), depth)
    found = facts.proved.get(key)
    if found is None:
        facts.proved[key] = False  # while it is open: a goal does not help to prove itself
        found = facts.proved[key] = _follows(facts, p, depth)
    return found


def _follows(facts: Facts, p: Polynomial, depth: int) -> bool:
    if not p.terms:
        return True
    if len(p.terms) == 1 and () in p.terms:
        return p.terms[()] > 0
    if _plainly(facts, p):
        return True
    atoms = p.atoms
    for variable, low, high in reversed(facts.bounds):
        if variable not in atoms:
            continue
        factor = p.coefficient(variable)
        if factor is None:
            continue
        rest = p.without(variable)
        if _plainly(facts, factor):
            if _prove(facts, rest + factor * low, depth):
                return True
        elif _plainly(facts, -factor) and _prove(facts, rest + factor * high, depth):
            return True
        break
    extreme = next((a for a in atoms if a.op in ("min", "max")), None)
    if extreme is not None:
        return _prove_extreme(facts, p, extreme, depth)
    if depth == 0:
        return False
    # A fact helps where it has a negative term that the goal has too: subtracting it makes that term larger.
    negative = {m for m, c in p.terms.items() if c < 0}
    useful = [f for f in facts.known if any(f.terms.get(m, 0) < 0 for m in negative)]
    for atom in atoms:
        if atom.op == "fdiv":
            useful += _division_facts(facts, atom)
        elif atom.op == "fmod":
            useful += _remainder_facts(facts, atom)
    return any(_prove(facts, p - f, depth - 1) for f in useful)


def _prove_extreme(facts: Facts, p: Polynomial, atom: Expr, depth: int) -> bool:
    """p >= 0 with a minimum or maximum in it: both operands in its place, or one where the sign allows."""
    factor = p.coefficient(atom)
    if factor is None or factor.constant is None:
        return False
    ways = [_prove(facts, p.without(atom) + factor * polynomial(a), depth) for a in atom.args]
    either = (atom.op == "max") == (factor.constant > 0)
    return any(ways) if either else all(ways)


def _division_facts(facts: Facts, atom: Expr) -> list[Polynomial]:
    """b * (a // b) <= a <= b * (a // b) + b - 1, for a constant b >= 1."""
    dividend, divisor = polynomial(atom.args[0]), polynomial(atom.args[1])
    if divisor.constant is None or divisor.constant < 1:
        return []
    low = dividend - Polynomial({(atom,): divisor.constant})
    return [low, -low + divisor - 1]


def _remainder_facts(facts: Facts, atom: Expr) -> list[Polynomial]:
    """a % b <= b - 1, and a % b <= a where a is not negative, for a constant b >= 1."""
    dividend, divisor = polynomial(atom.args[0]), polynomial(atom.args[1])
    if divisor.constant is None or divisor.constant < 1:
        return []
    own = Polynomial({(atom,): 1})
    below = [dividend - own] if _plainly(facts, dividend) else []
    return [divisor - own - 1, *below]


def _plainly(facts: Facts, p: Polynomial) -> bool:
    """Every term is non-negative by itself."""
    return all(c > 0 and all(_atom_nonnegative(facts, a) for a in m) for m, c in p.terms.items())


def _atom_nonnegative(facts: Facts, atom: Expr) -> bool:
    if atom.op in ("size", "length"):
        return True
    if atom.op == "fmod":
        return facts.nonnegative(polynomial(atom.args[1]) - 1, 1)
    if atom.op == "fdiv":
        divisor, dividend = polynomial(atom.args[1]), polynomial(atom.args[0])
        return facts.nonnegative(divisor, 1) and facts.nonnegative(dividend, 1)
    if atom.op in ("max",):
        return any(facts.nonnegative(polynomial(a), 1) for a in atom.args)
    for variable, low, _ in facts.bounds:
        if variable is atom:
            return _plainly(facts, low)
    return False


def decide(condition: Expr, facts: Facts) -> bool | None:
    """The truth of an integer comparison where it follows from the facts; None when it does not."""
    if condition in facts.conditions:
        return True
    a, b = polynomial(condition.args[0]), polynomial(condition.args[1])
    match condition.op:
        case "lt":
            return _either(facts, _cleared(b - a - 1, facts), _cleared(a - b, facts))
        case "le":
            return _either(facts, _cleared(b - a, facts), _cleared(a - b - 1, facts))
        case "eq" | "ne":
            equal: bool | None = None
            if not (a - b).terms:
                equal = True
            elif facts.nonnegative(a - b - 1) or facts.nonnegative(b - a - 1):
                equal = False
            elif facts.nonnegative(a - b) and facts.nonnegative(b - a):
                equal = True
            return equal if condition.op == "eq" or equal is None else not equal
    return None


def _weakened(facts: Facts, p: Polynomial) -> list[Polynomial]:
    """What p >= 0 says about everything but the innermost variable in it: p with that variable at its best."""
    for variable, low, high in reversed(facts.bounds):
        factor = p.coefficient(variable)
        if factor is None or not factor.terms:
            continue
        if _plainly(facts, factor):
            return [p.without(variable) + factor * high]
        if _plainly(facts, -factor):
            return [p.without(variable) + factor * low]
        break
    return []


def _conjuncts(e: Expr) -> list[Expr]:
    return [p for a in e.args for p in _conjuncts(a)] if e.op == "land" else [e]


def _apart(facts: Facts, condition: Expr) -> list[Polynomial]:
    """a != b where a >= b is known says a > b."""
    if condition.op != "ne" or condition.args[0].dtype not in (INDEX, "int"):
        return []
    difference = polynomial(condition.args[0]) - polynomial(condition.args[1])
    return [d - 1 for d in (difference, -difference) if facts.nonnegative(d, 1)]


def _either(facts: Facts, yes: tuple[Polynomial, ...], no: tuple[Polynomial, ...]) -> bool | None:
    """True where one of the forms of yes >= 0 follows, False where one of no >= 0 does."""
    if any(facts.nonnegative(p) for p in yes):
        return True
    return False if any(facts.nonnegative(p) for p in no) else None


def _cleared(p: Polynomial, facts: Facts) -> tuple[Polynomial, ...]:
    """p >= 0 also without its flooring division, when it has one with a positive divisor.

    c - floor(a/b) >= 0 iff a < (c+1)*b;  floor(a/b) - c >= 0 iff a >= c*b   (b >= 1).
    """
    for monomial, coefficient in p.terms.items():
        if len(monomial) == 1 and monomial[0].op == "fdiv" and abs(coefficient) == 1:
            atom = monomial[0]
            rest = p - Polynomial({monomial: coefficient})
            dividend, divisor = polynomial(atom.args[0]), polynomial(atom.args[1])
            if atom in rest.atoms or not facts.nonnegative(divisor - 1, 2):
                continue
            if coefficient == -1:
                return ((rest + 1) * divisor - dividend - 1, p)
            return (dividend + rest * divisor, p)
    return (p,)


def split(dividend: Polynomial, divisor: Polynomial) -> tuple[Polynomial | None, Polynomial]:
    """(q, r) with dividend = q * divisor + r, taking the terms that the divisor divides; q None when it is no term."""
    if len(divisor.terms) != 1:
        return None, dividend
    quotient, rest = Polynomial({}), Polynomial({})
    for monomial, coefficient in dividend.terms.items():
        term = Polynomial({monomial: coefficient})
        part = term.divided(divisor)
        if part is None:
            rest = rest + term
        else:
            quotient = quotient + part
    constant = divisor.constant
    if constant is not None and constant > 0:  # the constant remainder, flooring
        left = rest.terms.get((), 0)
        quotient, rest = quotient + left // constant, rest - constant * (left // constant)
    return quotient, rest
