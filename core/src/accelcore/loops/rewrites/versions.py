"""Versions of a program for sizes that are known: constant extents, no tails, addresses that the compiler folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, index, size, transform
from accelcore.loops.edit import Block, copied, edited, mapped, names
from accelcore.loops.linear import tidy
from accelcore.loops.nodes import Allocate, For, If, Memory, Program, Statement, statements
from accelcore.loops.rewrites.base import Rewrite, register, require

_FOLDED = frozenset({"add", "sub", "mul", "min", "max", "fdiv", "fmod"})
_MOST = 8  # versions of one program: each is a copy of all its code


@register
@dataclass(frozen=True)
class Specialize(Rewrite):
    """A version of the whole program for one set of sizes, which it tests for; other sizes run the program as it was.

    A second one goes where the first one's test fails.  Extents are numbers in the version, and loops that never
    run at these sizes are gone; later rewrites may change either one, by the names of its loops.
    """

    name: ClassVar[str] = "specialize"
    sizes: tuple[tuple[str, int], ...]

    @classmethod
    def read(cls, positional: Sequence[str], named: Mapping[str, str]) -> Self:
        """From size=number, as many as are known."""
        if positional or not named:
            raise ValueError("it takes size=number, once or more")
        return cls(tuple((name, int(value)) for name, value in named.items()))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.sizes)})"

    def apply(self, program: Program) -> Program:
        """Legal wherever the names are sizes of the program: the version computes the same where its test holds."""
        known = {b.name for b in program.arguments} & {name for b in program.arguments for name in _sizes_in(b.shape)}
        for name, value in self.sizes:
            require(name in known, f"{name} is no size of the program", f"its sizes are {', '.join(sorted(known))}")
            require(0 <= value < 2**31, f"{name} cannot be {value}")
        general, tests = _general(program.body)
        condition = _equal(self.sizes)
        require(condition not in tests, f"there is a version for {self} already")
        require(len(tests) < _MOST, f"there are {_MOST} versions already")
        version = settled(copied(general, names(program)), dict(self.sizes))
        require(bool(version), "nothing is left to do at these sizes")
        body: Block = (If(condition, version, general),)
        for test, done in reversed(tests.items()):
            body = (If(test, done, body),)
        return program.with_body(body)


def _sizes_in(shape: Sequence[Expr]) -> frozenset[str]:
    return frozenset[str]().union(*(e.sizes for e in shape))


def _equal(sizes: Sequence[tuple[str, int]]) -> Expr:
    first, *others = (binary("eq", size(name), index(value)) for name, value in sizes)
    for test in others:
        first = binary("land", first, test)
    return first


def _general(block: Block) -> tuple[Block, dict[Expr, Block]]:
    """What runs at sizes that no version is for, and the versions by their tests."""
    found: dict[Expr, Block] = {}
    while len(block) == 1 and isinstance(s := block[0], If) and not s.condition.inputs and s.otherwise:
        found[s.condition] = s.then
        block = s.otherwise
    return block, found


# At known sizes.


def settled(block: Block, sizes: Mapping[str, int]) -> Block:
    """The block where sizes have these values: extents folded, loops that never run gone.

    Buffers of the workspace keep their extents as they are written, since the caller's scratch is measured by them at
    any sizes.
    """

    def edit(s: Statement) -> Block | None:
        if isinstance(s, Allocate) and s.buffer.name in kept:
            return (Allocate(kept[s.buffer.name]),)
        never = isinstance(s, For) and s.extent.op == "const" and s.extent.value <= 0
        return () if never else None

    local = [s.buffer for s in statements(block) if isinstance(s, Allocate)]
    kept = {b.name: b for b in local if b.memory is Memory.WORKSPACE}
    return edited(mapped(block, lambda e: transform(e, lambda n: _folded(n, sizes)) if e.sizes else e), edit)


def _folded(n: Expr, sizes: Mapping[str, int]) -> Expr | None:
    if n.op == "size" and n.name in sizes:
        return index(sizes[n.name])
    if n.op not in _FOLDED or n.dtype != INDEX:
        return None
    return tidy(n.op, *n.args)
