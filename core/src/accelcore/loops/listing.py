"""Programs as listings: one operation a line, every value named, blocks closed by `end`; the text is read back.

It is the language of machines that have none of their own, such as a simulator that a plugin begins with:

    new sum f32                     a local buffer and its extents; without extents a variable
    lanes j n 4                     j in 0..n-1 side by side, 4 strips interleaved; `loop j n 1`: in order, rolled
      %2 = load x i j               an element
      %3 = exp f32 %2               an operator or function in a dtype; its operands are of one dtype
      acc add sum %3                sum += %3, in any order; `acc add y %3 i` for y[i]
    end
    store y sum i                   y[i] = sum
    if %5                           ... else ... end
    %7 = cast i32 trunc wrap %6     a conversion, with its rounding and what happens to values that do not fit

An operand is a value, an iterator, a size, a scalar argument or variable by its name, or a constant as `f32:0.5`.
Values have names of their own, here the number of their line; within a statement no value is computed twice.  A select
evaluates both sides: a load that is out of range must not fault, what it gives is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.nodes import Accumulate, Allocate, For, If, Kind, Prefetch, Program, Statement, Store

_LEAD = {"store": 3, "acc": 4, "new": 3, "if": 2, "loop": 4, "lanes": 4}
"""First words of statements, and how many words they have at least."""


@dataclass(frozen=True)
class Line:
    """One line with its number in the text, and the blocks of a loop (body) or condition (body, otherwise)."""

    number: int
    words: tuple[str, ...]
    body: tuple[Line, ...] = ()
    otherwise: tuple[Line, ...] = ()


def listing(program: Program) -> str:
    """The program as text; UnsupportedLowering for tensorized instructions.  Prefetches are left out."""
    writer = _Writer()
    writer.block(program.body, "")
    return "\n".join(writer.lines) + "\n"


class _Writer:
    """Lines so far; `%n` is the value that line n makes, counted from 1."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def block(self, block: tuple[Statement, ...], indent: str) -> None:
        for statement in block:
            if isinstance(statement, Prefetch):
                continue
            self._statement(statement, indent)
            if isinstance(statement, For):
                self._inner(statement.body, indent)
            elif isinstance(statement, If):
                self.block(statement.then, indent + "  ")
                if statement.otherwise:
                    self.lines.append(f"{indent}else")
                self._inner(statement.otherwise, indent)

    def _inner(self, block: tuple[Statement, ...], indent: str) -> None:
        self.block(block, indent + "  ")
        self.lines.append(f"{indent}end")

    def _statement(self, s: Statement, indent: str) -> None:
        seen: dict[Expr, str] = {}

        def words(*given: Expr) -> str:
            return " ".join(self._value(e, seen, indent) for e in given)

        match s:
            case Store():
                line = f"store {s.buffer} {words(s.value, *s.indices)}"
            case Accumulate():
                line = f"acc {s.op} {s.buffer} {words(s.value, *s.indices)}"
            case Allocate():
                line = f"new {s.buffer.name} {s.buffer.dtype} {words(*s.buffer.shape)}".rstrip()
            case If():
                line = f"if {words(s.condition)}"
            case For(kind=Kind.VECTOR):
                line = f"lanes {s.iterator} {words(s.extent)} {s.interleave}"
            case For():
                times = str(s.extent.value) if s.kind is Kind.UNROLL else str(s.unroll)
                line = f"loop {s.iterator} {words(s.extent)} {times}"
            case _:
                raise UnsupportedLowering(f"a listing has no {type(s).__name__}")
        self.lines.append(indent + line)

    def _value(self, e: Expr, seen: dict[Expr, str], indent: str) -> str:
        """Write what computes an expression, once; where its value is then."""
        if e.op in ("size", "param"):
            return e.name
        if e.op == "const":
            return f"{e.dtype}:{e.value}"
        if e not in seen:
            operands = " ".join(self._value(a, seen, indent) for a in (e.args[1:] if e.op == "get" else e.args))
            self.lines.append(f"{indent}%{len(self.lines) + 1} = {_operation(e)} {operands}".rstrip())
            seen[e] = f"%{len(self.lines)}"
        return seen[e]


def _operation(e: Expr) -> str:
    if e.op == "get":
        return f"load {e.args[0].name}"
    if e.op == "cast":
        return f"cast {e.dtype} {e.attrs[0]} {e.attrs[1]}"
    return f"{e.name if e.op == 'call' else e.op} {e.dtype}"


def parse(text: str) -> tuple[Line, ...]:
    """The lines of a listing with the blocks in them; ValueError names the line that is none."""
    lines = iter([(number, tuple(line.split())) for number, line in enumerate(text.splitlines(), 1) if line.strip()])
    found, ended = _block(lines)
    if ended:
        raise ValueError(f"line {ended[0]}: {ended[1]} ends no block")
    return found


def _block(lines: Iterator[tuple[int, tuple[str, ...]]]) -> tuple[tuple[Line, ...], tuple[int, str] | None]:
    """Lines up to the end of a block, and the line that ended it; None at the end of the text."""
    found: list[Line] = []
    for number, words in lines:
        if words in (("end",), ("else",)):
            return tuple(found), (number, words[0])
        assigns = len(words) >= 4 and words[0][0] == "%" and words[1] == "="
        if not assigns and len(words) < _LEAD.get(words[0], len(words) + 1):
            raise ValueError(f"line {number} is no operation: {' '.join(words)[:80]}")
        body, otherwise = _blocks(number, words[0], lines)
        found.append(Line(number, words, body, otherwise))
    return tuple(found), None


def _blocks(
    number: int, lead: str, lines: Iterator[tuple[int, tuple[str, ...]]]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The blocks that a line opens: one of a loop, up to two of a condition."""
    if lead not in ("if", "loop", "lanes"):
        return (), ()
    body, ended = _block(lines)
    otherwise: tuple[Line, ...] = ()
    if ended and ended[1] == "else" and lead == "if":
        otherwise, ended = _block(lines)
    if ended is None or ended[1] != "end":
        raise ValueError(f"line {number}: the block of {lead} has no end")
    return body, otherwise


def constant(word: str) -> tuple[bool | int | float, str] | None:
    """Value and dtype of an operand such as `f32:0.5`; None for a name.  ValueError when it is neither."""
    dtype, colon, text = word.partition(":")
    if not colon:
        return None
    if dtype not in DTYPES:
        raise ValueError(f"{word} is of no known dtype")
    if dtype == "bool":
        return text == "True", dtype
    return (float(text) if DTYPES[dtype].is_float else int(text)), dtype
