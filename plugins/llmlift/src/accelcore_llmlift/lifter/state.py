"""Values during symbolic execution: the environment, whole-array operations, and symbols for loop-carried values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedSource
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, array, binary, fresh, get, index, param, rebuild, shape
from accelcore_llmlift.lifter.algebra import choose, conjunction, simplify, tensor_of
from accelcore_llmlift.polynomial import Facts
from accelcore_llmlift.program import Position, Program

UNDEFINED = "undefined"
"""Name of the parameter that stands for elements nobody has written yet."""


def symbol(dtype: str, rank: int) -> Expr:
    """An unknown value: a variable that may be tensor-valued, unlike those of the language."""
    number = fresh().number
    return Expr("var", (), (number,), dtype, rank)


def unknown_extent() -> Expr:
    """The extent of rows of a list that has none yet."""
    return param(UNDEFINED, INDEX)


@dataclass
class State:
    """What is known at a point of the program.

    values: variable -> value over entry inputs, sizes and open loop variables; an array parameter that was not
    written is absent and stands for itself.  extents: of symbols, by number.
    """

    program: Program
    facts: Facts
    values: dict[str, Expr] = field(default_factory=dict)
    extents: dict[int, tuple[Expr, ...]] = field(default_factory=dict)
    memo: dict[Expr, Expr] = field(default_factory=dict)

    def read(self, e: Expr) -> Expr:
        """A program expression as a value at entry, simplified."""
        return simplify(self.replaced(e), self.facts)

    def replaced(self, e: Expr) -> Expr:
        """Current values in the place of variables."""
        return _replace(self, e, {})

    def array(self, name: str) -> Expr:
        """The current value of an array variable."""
        if name in self.values:
            return self.values[name]
        for p in self.program.params:
            if p.name == name:
                return array(name, p.dtype, len(p.shape))
        raise KeyError(name)

    def shape(self, tensor: Expr) -> tuple[Expr, ...]:
        """Extents of a tensor-valued value."""
        match tensor.op:
            case "input":
                return next(p.shape for p in self.program.params if p.name == tensor.name)
            case "var":
                return self.extents[tensor.number]
            case "get":
                return self.shape(tensor.args[0])[len(tensor.args) - 1 :]
            case "cast":
                return self.shape(tensor.args[0])
            case "comp" if tensor.rank > 1:
                return (tensor.args[0], *self.shape(tensor.args[1]))
        return shape(tensor)

    def refuse(self, at: Position, what: str, hint: str) -> UnsupportedSource:
        """The refusal of a loop or statement, for the caller to raise."""
        where = f"{self.program.path or '<source>'}:{at.line}:{at.column}"
        return UnsupportedSource(what, where=where, hint=hint)

    def branch(self) -> State:
        """A copy whose values change on their own."""
        return State(self.program, self.facts, dict(self.values), self.extents)

    def variables(self, tensor: Expr) -> tuple[tuple[Expr, ...], Facts]:
        """Fresh index variables for a tensor, and the facts with their ranges."""
        found, facts = [], self.facts
        for extent in self.shape(tensor):
            variable = fresh()
            facts = facts.counting(variable, extent)
            found.append(variable)
        return tuple(found), facts


def _replace(state: State, e: Expr, memo: dict[Expr, Expr]) -> Expr:
    if not e.inputs:
        return e
    if e.op in ("param", "input"):
        return state.values.get(e.name, e)
    if e not in memo:
        if e.op == "length":
            axis = e.attrs[0]
            assert isinstance(axis, int)
            memo[e] = state.shape(_replace(state, e.args[0], memo))[axis]
        else:
            memo[e] = rebuild(e, tuple(_replace(state, a, memo) for a in e.args))
    return memo[e]


def store(state: State, name: str, indices: Sequence[Expr], value: Expr) -> Expr:
    """The array after array[indices] = value."""
    before = state.array(name)
    variables, facts = state.variables(before)
    where = conjunction(binary("eq", v, i) for v, i in zip(variables, indices, strict=False))
    rest = variables[len(indices) :]
    body = choose(where, get(value, *rest), get(before, *variables))
    return tensor_of(state.shape(before), variables, simplify(body, facts))


def append(state: State, name: str, value: Expr, at: Position) -> Expr:
    """The list after list.append(value)."""
    before = state.array(name)
    length, *inner = state.shape(before)
    wanted = state.shape(value) if value.rank else ()
    if not _is_zero(length) and not _unknown(inner) and tuple(inner) != wanted:
        raise state.refuse(at, f"rows of different lengths are appended to {name!r}", "append rows of one length")
    variables = tuple(fresh() for _ in range(before.rank))
    facts = state.facts
    for variable, extent in zip(variables[1:], wanted, strict=True):
        facts = facts.counting(variable, extent)
    body = choose(binary("eq", variables[0], length), get(value, *variables[1:]), get(before, *variables))
    grown = simplify(binary("add", length, index(1)), state.facts)
    return tensor_of((grown, *wanted), variables, simplify(body, facts) if not _is_zero(length) else get(
        value, *variables[1:]))


def _is_zero(e: Expr) -> bool:
    return e.op == "const" and e.value == 0


def _unknown(extents: Iterable[Expr]) -> bool:
    return any(e.op == "param" and e.name == UNDEFINED for e in extents)


def new(name: str, dtype: str, extents: Sequence[Expr], fill: Expr | None) -> Expr:
    """A new array filled with one value, or with undefined elements."""
    variables = tuple(fresh() for _ in extents)
    return tensor_of(tuple(extents), variables, param(UNDEFINED, dtype) if fill is None else fill)


def merge(state: State, test: Expr, then: Mapping[str, Expr], other: Mapping[str, Expr], names: Iterable[str]) -> None:
    """After an if: each changed variable is chosen by the condition."""
    for name in names:
        a, b = then.get(name), other.get(name)
        if a is None and b is None:
            continue
        if a is None or b is None:  # defined in one branch only: it is that value wherever it may be read
            current = _parameter(state, name)
            a, b = a or current or b, b or current or a
        assert a is not None and b is not None
        state.values[name] = a if a is b else _chosen(state, test, a, b)


def _parameter(state: State, name: str) -> Expr | None:
    return state.array(name) if any(p.name == name and p.shape for p in state.program.params) else None


def _chosen(state: State, test: Expr, a: Expr, b: Expr) -> Expr:
    if not a.rank:
        return simplify(choose(test, a, b), state.facts)
    left, right = state.shape(a), state.shape(b)
    extents = tuple(simplify(choose(test, x, y), state.facts) for x, y in zip(left, right, strict=True))
    variables = tuple(fresh() for _ in extents)
    facts = state.facts
    for variable, extent in zip(variables, extents, strict=True):
        facts = facts.counting(variable, extent) if extent.op != "select" else facts
    body = choose(test, get(a, *variables), get(b, *variables))
    return tensor_of(extents, variables, simplify(body, facts))


__all__ = ["INDEX", "State"]
