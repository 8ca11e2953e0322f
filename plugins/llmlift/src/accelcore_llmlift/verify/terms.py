"""Solver terms: the node, what application symbols stand for, and walking over them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Number = int | Fraction
Monomial = tuple["Term", ...]
Poly = dict[Monomial, Number]
Interval = tuple[Number | None, Number | None]
"""Closed; an end that is None is infinite."""
EVERYTHING: Interval = (None, None)


class Term:
    """A node.  Made by a `Bank` only; identity is equality within one bank.

    op: num true false | var read | poly | le0 lt0 eq0 same and or not | ite max min | toreal floor | inv | tdiv fdiv
    wrap | fn | app | hole | box.  data: what the operator needs beside its arguments: a number, a name, (name, low,
    high) of a read, the items of a poly, (dtype, bits, signed) of a wrap.  holes: placeholders inside.
    """

    __slots__ = ("args", "data", "holes", "op", "serial", "sort")

    def __init__(self, op: str, args: tuple[Term, ...], data: Any, sort: str, serial: int) -> None:
        self.op, self.args, self.data, self.sort, self.serial = op, args, data, sort, serial
        inside: frozenset[Term] = frozenset((self,)) if op == "hole" else frozenset()
        for arg in args:
            inside |= arg.holes
        self.holes: frozenset[Term] = inside

    def __repr__(self) -> str:
        return f"<{self.op} {self.data} {list(self.args)}>" if self.args else f"<{self.op} {self.data}>"

    @property
    def name(self) -> str:
        """The name of a var, read, fn, app, or the dtype of a wrap."""
        return self.data[0] if isinstance(self.data, tuple) else str(self.data)


@dataclass(frozen=True)
class Definition:
    """What an application symbol stands for: a prefix of a reduction, fold, scatter or filter.

    body: terms over `index`, `params` and, for folds, the accumulators `accs`.  `members`: the symbols of the other
    accumulators of the same fold, in order.
    """

    symbol: str
    kind: str
    index: Term
    params: tuple[Term, ...]
    body: tuple[Term, ...]
    sort: str
    accs: tuple[Term, ...] = ()
    members: tuple[str, ...] = ()
    which: int = 0


def contains_infinity(term: Term) -> bool:
    """Whether an infinity occurs anywhere inside."""
    return any(t.op == "var" and t.name in ("+inf", "-inf", "nan") for t in walk(term))


def walk(*terms: Term) -> Iterator[Term]:
    """Every distinct node, children before parents."""
    seen: set[Term] = set()
    stack: list[tuple[Term, bool]] = [(t, False) for t in reversed(terms)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))
