"""In-place parameters: everything that is read "at entry" is read before it is overwritten.

`entry_copies` looks for an order of the results and a set of copies under which that holds: first with the results
that share stages in one nest, then result by result, then with copies of the arrays that are still read too late.
Whether a program reads an entry value too late is decided on the finished program, conservatively.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from accelcore.ir.expr import Expr, walk
from accelcore.loops.nodes import Accumulate, For, If, Program, Statement, Store
from accelcore.values import Param, Role, Task

Posts = Sequence[tuple[Param, Expr]]
Build = Callable[[Task, Posts, Sequence[str], bool], Program]


def entry_copies(task: Task, posts: Posts, build: Build) -> Program:
    """The program with the fewest copies among the orders tried."""
    places = {p.name for p, _ in posts if p.role is Role.INOUT}
    ordered = _readers_first(posts, places)
    for grouped in (True, False):
        program = build(task, ordered, (), grouped)
        late = overwritten_before_read(program, places)
        if not late:
            return program
    return build(task, ordered, sorted(late), False)


def _readers_first(posts: Posts, places: set[str]) -> Posts:
    """Results before those whose old values they read, as far as there is no cycle."""
    rest, done = list(posts), []
    while rest:
        free = [
            p
            for p in rest
            if p[0].name not in places or not any(p[0].name in e.inputs for q, e in rest if q is not p[0])
        ]
        chosen = free[0] if free else rest[0]
        done.append(chosen)
        rest = [p for p in rest if p is not chosen]
    return done


@dataclass(frozen=True)
class _Access:
    """A read or write of an in-place buffer: where in the program, under which loops, at which indices."""

    position: tuple[int, ...]
    loops: tuple[str, ...]
    indices: tuple[Expr, ...]
    write: bool
    name: str


def overwritten_before_read(program: Program, places: set[str]) -> set[str]:
    """The buffers among `places` of which some element may be read after it was written."""
    accesses = list(_accesses(program.body, places, (), ()))
    writes = [a for a in accesses if a.write]
    reads = [a for a in accesses if not a.write]
    return {r.name for r in reads for w in writes if r.name == w.name and not _reads_first(r, w)}


def _reads_first(read: _Access, write: _Access) -> bool:
    """Whether `read` cannot see what `write` stored, in this or an earlier iteration of their common loops."""
    common = [a for a, b in zip(read.loops, write.loops, strict=False) if a == b]
    if read.position > write.position:
        return False
    # In one iteration of all common loops the read comes first.  An earlier iteration wrote other elements if each
    # common iterator fixes an index of both: then elements of different iterations are different elements.
    for iterator in common:
        axes = [at for at, e in enumerate(write.indices) if e.op == "param" and e.name == iterator]
        if not any(at < len(read.indices) and read.indices[at] is write.indices[at] for at in axes):
            return False
    return True


def _accesses(
    block: tuple[Statement, ...], places: set[str], position: tuple[int, ...], loops: tuple[str, ...]
) -> Iterator[_Access]:
    for at, statement in enumerate(block):
        here = (*position, at)
        if isinstance(statement, For):
            yield from _reads((statement.extent,), places, here, loops)
            yield from _accesses(statement.body, places, here, (*loops, statement.iterator))
        elif isinstance(statement, If):
            yield from _reads((statement.condition,), places, here, loops)
            yield from _accesses(statement.then, places, (*here, 0), loops)
            yield from _accesses(statement.otherwise, places, (*here, 1), loops)
        elif isinstance(statement, Store | Accumulate):
            yield from _reads((*statement.indices, statement.value), places, here, loops)
            if statement.buffer in places:
                yield _Access((*here, 1), loops, statement.indices, True, statement.buffer)


def _reads(
    values: Sequence[Expr], places: set[str], position: tuple[int, ...], loops: tuple[str, ...]
) -> Iterator[_Access]:
    for value in values:
        for node in walk(value):
            if node.op == "get" and node.args[0].name in places:
                yield _Access(position, loops, node.args[1:], False, node.args[0].name)
            elif node.op == "param" and node.name in places:
                yield _Access(position, loops, (), False, node.name)
