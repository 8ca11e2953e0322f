"""Lists inside lists are references: refuse programs in which that would show.

`out.append(row)` stores a reference to `row`.  The program model copies values, which is the same thing unless

* `row` is changed while `out` still refers to it, or
* a row of `out` is changed and `row` is read afterwards, or is an argument.

Loop bodies are looked at twice, so that the end of one iteration meets the beginning of the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedSource
from accelcore.ir.expr import Expr
from accelcore_llmlift.program import Append, Assign, For, If, New, Position, Statement, Store, While


@dataclass
class _Watch:
    """Which variables are referred to from inside other lists.

    escapes: id of a statement -> the array that it stores by reference.  in_place: ids of assignments of a whole array
    that change it rather than replace it.  held: array -> list that holds it;
    stale: arrays one of whose holders was changed since.
    """

    path: str
    params: set[str]
    escapes: Mapping[int, str]
    in_place: Set[int]
    held: dict[str, str] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)

    def block(self, body: tuple[Statement, ...]) -> None:
        for s in body:
            self.statement(s)

    def statement(self, s: Statement) -> None:
        self.reads(s)
        match s:
            case Assign() if id(s) in self.in_place:
                self.changed(s)
            case Assign() | New():
                self.held.pop(s.name, None)
                self.stale.discard(s.name)
            case Store() | Append():
                self.changed(s)
            case If():
                self.block(s.then)
                self.block(s.otherwise)
            case For() | While():
                self.block(s.body)
                self.block(s.body)

    def changed(self, s: Store | Append | Assign) -> None:
        name = s.name if isinstance(s, Assign) else s.array
        if name in self.held:
            raise self.refuse(s.at, f"{name!r} changes while {self.held[name]!r} still refers to it",
                              f"append a copy: {self.held[name]}.append({name}[:])")
        if not isinstance(s, Append):
            for other, holder in self.held.items():
                if holder == name and not self.replaces(s):
                    self.stale.add(other)
                    if other in self.params:
                        raise self.refuse(s.at, f"a row of {holder!r} is a row of the argument {other!r}, and changes",
                                          "store a copy of the row")
        stored = self.escapes.get(id(s))
        if stored is not None:
            self.held[stored] = name

    def replaces(self, s: Store | Assign) -> bool:
        """Whether a store puts another row in the place of one, which leaves the old row alone."""
        return isinstance(s, Store) and s.value.rank > 0 and id(s) in self.escapes

    def reads(self, s: Statement) -> None:
        for name in ("value", "condition", "low", "high", "fill"):
            e = getattr(s, name, None)
            if isinstance(e, Expr) and e.inputs & self.stale:
                stale = sorted(e.inputs & self.stale)[0]
                raise self.refuse(s.at, f"{stale!r} is read after a list that refers to it was changed",
                                  "append a copy of the row")

    def refuse(self, at: Position, what: str, hint: str) -> UnsupportedSource:
        return UnsupportedSource(what, where=f"{self.path}:{at.line}:{at.column}", hint=hint)


def check_aliases(
    body: tuple[Statement, ...], escapes: Mapping[int, str], in_place: Set[int], params: set[str], path: str
) -> None:
    """Raise UnsupportedSource where a reference would show.

    escapes: statement identity -> the array stored by reference, as the translation noted it; in_place: assignments
    that change the array itself.
    """
    _Watch(path, params, escapes, in_place).block(body)
