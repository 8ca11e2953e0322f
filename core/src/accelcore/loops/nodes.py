"""The loop language: what a schedule rewrites and what the C emitter and other lowerings print.

A `Program` is a nest of counted loops over named buffers.  Values inside statements are expressions of the tensor
language (`accelcore.ir.expr`), read at this point of the program instead of at entry:

* `param(name, "i64")` is a loop iterator or a size that is in scope, `size(name)` a size parameter;
* `param(name, dtype)` is a scalar argument, or the current value of a buffer of rank 0;
* `get(array(name, dtype, rank), i, j)` is the current element of a buffer.

Only scalar operators, select, cast, call, const, size, param and get occur: reductions and comps have become loops.
All dtypes are machine dtypes ("int" and "real" were realized when the summary was lowered).

Arithmetic of machine integers wraps modulo 2**bits (lowering relies on it where only the value modulo 2**bits counts;
in C: compute in the unsigned type of that width and convert).  select, land and lor evaluate an operand only when it
is needed: a read that sits in a branch that is not chosen may be out of range and must not fault.  A cast with mode
"exact" states that the value fits.

Invariants: iterator names are unique in a program; every loop counts from 0 in steps of 1; a buffer is in scope in the
statements after its `Allocate` in the same block; a name is never shadowed.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

from accelcore.ir.expr import Expr
from accelcore.values import Role


class Memory(enum.StrEnum):
    """Where a buffer lives.

    ARGUMENT: the caller's.  REGISTER: a few scalars or vectors with constant indices after unrolling.
    STACK: a small array of constant extent.  WORKSPACE: part of the caller's scratch, 64-byte aligned.
    """

    ARGUMENT = "argument"
    REGISTER = "register"
    STACK = "stack"
    WORKSPACE = "workspace"


class Kind(enum.StrEnum):
    """How a loop runs.

    SERIAL: in order.  UNROLL: extent is constant, the body is repeated.
    VECTOR: iterations run side by side in lanes; they are independent but for `Accumulate` into places that do not
    depend on the iterator, and buffers allocated inside hold one value per lane.  The emitter strip-mines by
    lanes * interleave and handles the tail (masks, a vector length, or a scalar loop).
    SCAN: in order too, but the first statement accumulates into a scalar, the others are stores that read it, and the
    order of the updates is free: an emitter may run it in lanes, each of which reads what the lanes up to it came to.
    COMPACT: in order too, but the body is one If that stores at a counter and steps it (loops/compact_loops.py):
    an emitter may put the chosen lanes of a vector side by side.
    """

    SERIAL = "serial"
    UNROLL = "unroll"
    VECTOR = "vector"
    SCAN = "scan"
    COMPACT = "compact"


@dataclass(frozen=True)
class Buffer:
    """A named array (or, with shape (), a scalar variable); row-major, contiguous.

    workspace buffers may depend on sizes; strides, when given, are in elements and replace the row-major ones.
    """

    name: str
    dtype: str
    shape: tuple[Expr, ...] = ()
    memory: Memory = Memory.ARGUMENT
    role: Role | None = None
    strides: tuple[Expr, ...] | None = None


@dataclass(frozen=True)
class Store:
    """buffer[indices] = value.  stream: a non-temporal store where the target has one (never needed for meaning)."""

    buffer: str
    indices: tuple[Expr, ...]
    value: Expr
    stream: bool = False


@dataclass(frozen=True)
class Accumulate:
    """buffer[indices] = op(buffer[indices], value), op one of add, mul, min, max, and, or.

    It says that the order of the updates is free under the program's number model.
    """

    buffer: str
    indices: tuple[Expr, ...]
    op: str
    value: Expr


@dataclass(frozen=True)
class Allocate:
    """Brings a local buffer into scope for the statements that follow in the block; its contents are undefined."""

    buffer: Buffer


@dataclass(frozen=True)
class If:
    """Runs one of two blocks; inside a VECTOR loop the condition may vary by lane (masks)."""

    condition: Expr
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True)
class For:
    """for iterator in range(extent): body.

    lanes: elements per vector of a VECTOR loop, counted in the widest dtype of the body; 0 lets the target choose.
    interleave: vectors per strip, each with its own accumulators.  unroll: repetitions of a SERIAL body per iteration.
    accumulators: copies of each reduction variable of a SERIAL loop that the unrolled repetitions use in turn.
    slides: neighbours of each loaded vector of a VECTOR loop that are made by moving its lanes, where a target can.
    """

    iterator: str
    extent: Expr
    body: tuple[Statement, ...]
    kind: Kind = Kind.SERIAL
    lanes: int = 0
    interleave: int = 1
    unroll: int = 1
    accumulators: int = 1
    slides: int = 0


@dataclass(frozen=True)
class Instruction:
    """A tensorized piece of the program: an instruction of `cgen.instructions` by name, applied to operands.

    Operands are buffer windows given by their first element, or scalar expressions, in the instruction's order.
    """

    name: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True)
class Prefetch:
    """A hint that buffer[indices] is needed soon; level 0 is the nearest cache."""

    buffer: str
    indices: tuple[Expr, ...]
    level: int = 0


Statement = Store | Accumulate | Allocate | If | For | Instruction | Prefetch


@dataclass(frozen=True)
class Program:
    """A function in the loop language.

    arguments: buffers of memory ARGUMENT (arrays; a scalar result has shape () and role OUT) and scalars (role SCALAR,
    SIZE), in the order of the C interface (docs/abi.md).  requires: what its task requires, and the limits
    on sizes that its integer dtypes rely on.
    reassociate: whether the number model allows floating-point reductions in another order ("real": yes).
    """

    name: str
    arguments: tuple[Buffer, ...]
    body: tuple[Statement, ...]
    requires: tuple[Expr, ...] = ()
    reassociate: bool = True

    def buffer(self, name: str) -> Buffer:
        """The argument or local buffer of that name; KeyError otherwise."""
        for found in (*self.arguments, *(s.buffer for s in statements(self.body) if isinstance(s, Allocate))):
            if found.name == name:
                return found
        raise KeyError(name)

    def loop(self, iterator: str) -> For:
        """The loop of that iterator; KeyError otherwise."""
        for found in statements(self.body):
            if isinstance(found, For) and found.iterator == iterator:
                return found
        raise KeyError(iterator)

    def with_body(self, body: tuple[Statement, ...]) -> Program:
        """The same function with another body."""
        return replace(self, body=body)


def statements(block: tuple[Statement, ...]) -> Iterator[Statement]:
    """Every statement, outer ones first, in program order."""
    for statement in block:
        yield statement
        if isinstance(statement, For):
            yield from statements(statement.body)
        elif isinstance(statement, If):
            yield from statements(statement.then)
            yield from statements(statement.otherwise)
