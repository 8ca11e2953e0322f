"""TACO index notation: `y(i) = A(i,j) * x(j)`, one line a result.

The notation (F. Kjolstad et al., The Tensor Algebra Compiler, OOPSLA 2017) has + - * / of whole-dimension accesses and
sums over the variables that the left side lacks, each as far out as its term.  So sums are distributed over the terms
below them, which is exact for integers and reals.  Everything else (functions, conditions, extremes, slices, sizes as
numbers) is refused with the part that is to blame.
"""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.emit.names import Names
from accelcore.ir.expr import Expr, fresh, substitute
from accelcore.ir.polynomial import same_polynomial
from accelcore.values import Summary, Task, size_names

_LETTERS = "ijklmnopq"


def emit(task: Task) -> str:
    """The notation, a line for every result."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} was not lifted: there is no summary to emit", hint="lift it first")
    return "".join(_Notation(task).statement(name, e) for name, e in task.reference.post)


def _refuse(e: Expr, why: str) -> UnsupportedLowering:
    return UnsupportedLowering(f"{why}: {repr(e)[:80]}", where="emit taco", hint="emit numpy or c instead")


class _Notation:
    """Names of index variables, and the ranges that accesses have to match."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._names = Names({p.name for p in task.params} | set(size_names(task)))
        self._variables: dict[int, str] = {}
        self._ranges: dict[int, Expr] = {}

    def statement(self, name: str, e: Expr) -> str:
        """One result."""
        indices = []
        while e.op == "comp":
            i, body = fresh(), e.args[1]
            indices.append(self._open(i.number, e.args[0]))
            e = substitute(body, {e.number: i})
        left = f"{name}({','.join(indices)})" if indices else name
        return f"{left} = {self._sum(_plain(e))}\n"

    def _open(self, number: int, extent: Expr) -> str:
        at = len(self._variables)
        self._variables[number] = self._names.fresh(_LETTERS[at % len(_LETTERS)])
        self._ranges[number] = extent
        return self._variables[number]

    def _sum(self, e: Expr) -> str:
        """Terms with their signs."""
        terms = self._terms(e, 1, frozenset())
        text = " + ".join(("-" if sign < 0 else "") + shown for sign, shown in terms)
        return text.replace("+ -", "- ")

    def _terms(self, e: Expr, sign: int, summed: frozenset[int]) -> list[tuple[int, str]]:
        e = _plain(e)
        match e.op:
            case "add" | "sub":
                right = -sign if e.op == "sub" else sign
                return [*self._terms(e.args[0], sign, summed), *self._terms(e.args[1], right, summed)]
            case "neg":
                return self._terms(e.args[0], -sign, summed)
            case "reduce" if e.kind == "sum" and len(e.args) == 2:
                body, number = self._summand(e)
                return self._terms(body, sign, summed | {number})
            case "reduce" if e.kind == "sum":
                rest = Expr("reduce", e.args[:2], e.attrs, e.dtype)
                start = [] if _is_zero(e.args[2]) else self._terms(e.args[2], sign, summed)
                return [*start, *self._terms(rest, sign, summed)]
        used: set[int] = set()
        text = self._product(e, used)
        if not summed <= used:
            raise _refuse(e, "a term that is summed over an index that it does not use")
        return [(sign, text)]

    def _summand(self, e: Expr) -> tuple[Expr, int]:
        """The body of a sum over a variable of its own name."""
        if e.args[0].free:
            raise _refuse(e, "a range that depends on an index")
        k = fresh()
        self._open(k.number, e.args[0])
        return substitute(e.args[1], {e.number: k}), k.number

    def _product(self, e: Expr, used: set[int]) -> str:
        """A term: products and quotients of accesses, numbers, and sums (whose indices join the term's)."""
        e = _plain(e)
        match e.op:
            case "mul":
                return f"{self._factor(e.args[0], used)} * {self._factor(e.args[1], used)}"
            case "div" if DTYPES[e.dtype].is_float:
                return f"{self._factor(e.args[0], used)} / {self._divisor(e.args[1], used)}"
        return self._factor(e, used)

    def _factor(self, e: Expr, used: set[int]) -> str:
        e = _plain(e)
        if e.op in ("mul", "div"):
            return self._product(e, used)
        if e.op in ("add", "sub", "neg"):
            return self._parenthesis(e, used)
        if e.op == "reduce" and e.kind == "sum" and len(e.args) == 2:
            body, number = self._summand(e)
            text = self._factor(body, used)
            if number not in used:
                raise _refuse(e, "a sum over an index that its terms do not use")
            return text
        return self._access(e, used)

    def _parenthesis(self, e: Expr, used: set[int]) -> str:
        """A sum as a factor: only without sums over indices inside, which would end at its parenthesis."""
        if e.op == "neg":
            return f"(-{self._factor(e.args[0], used)})"
        own: list[set[int]] = [set(), set()]
        a, b = (self._product_in_sum(x, u) for x, u in zip(e.args, own, strict=True))
        used |= own[0] | own[1]
        return f"({a} {'+' if e.op == 'add' else '-'} {b})"

    def _product_in_sum(self, e: Expr, used: set[int]) -> str:
        before = set(self._variables)
        text = self._product(_plain(e), used)
        if set(self._variables) != before:
            raise _refuse(e, "a sum inside a factor of a product")
        return text

    def _divisor(self, e: Expr, used: set[int]) -> str:
        before = set(self._variables)
        text = self._factor(e, used)
        if set(self._variables) != before:
            raise _refuse(e, "a sum in a denominator")
        return f"({text})" if " " in text and not text.startswith("(") else text

    def _access(self, e: Expr, used: set[int]) -> str:
        if e.op == "const" and e.dtype != "bool":
            return repr(e.value) if e.value >= 0 else f"({e.value!r})"
        if e.op == "param":
            return e.name
        if e.op != "get" or e.args[0].op != "input":
            raise _refuse(e, "TACO has no notation for this")
        names = []
        for at, extent in zip(e.args[1:], self._task.param(e.args[0].name).shape, strict=True):
            if at.op != "var" or not same_polynomial(self._ranges[at.number], extent):
                raise _refuse(e, "an access that is not to a whole dimension")
            used.add(at.number)
            names.append(self._variables[at.number])
        return f"{e.args[0].name}({','.join(names)})"


def _plain(e: Expr) -> Expr:
    """Without casts that keep values, and the rounding of the result to a float dtype."""
    while e.op == "cast":
        source, target = DTYPES[e.args[0].dtype], DTYPES[e.dtype]
        widening = target.bits is None and (target.is_float or not source.is_float)
        if not (widening or (source.is_float and target.is_float) or e.attrs[1] == "exact"):
            raise _refuse(e, "a conversion that changes values")
        e = e.args[0]
    return e


def _is_zero(e: Expr) -> bool:
    return e.op == "const" and e.value == 0
