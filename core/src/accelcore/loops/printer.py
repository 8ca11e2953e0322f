"""Programs as readable pseudo-code: for goldens, reports and people.  Nothing parses it."""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.ir.expr import Expr
from accelcore.loops.nodes import (
    Accumulate,
    Allocate,
    Buffer,
    For,
    If,
    Instruction,
    Kind,
    Prefetch,
    Program,
    Statement,
    Store,
)
from accelcore.values import Role

_INFIX = {
    "lor": ("or", 1), "land": ("and", 2), "lt": ("<", 4), "le": ("<=", 4), "eq": ("==", 4), "ne": ("!=", 4),
    "or": ("|", 5), "xor": ("^", 6), "and": ("&", 7), "shl": ("<<", 8), "shr": (">>", 8),
    "add": ("+", 9), "sub": ("-", 9), "mul": ("*", 10), "div": ("/", 10), "fdiv": ("//", 10), "fmod": ("%", 10),
}  # fmt: skip
_PREFIX = {"neg": ("-", 11), "not": ("~", 11), "lnot": ("not ", 3)}
_UPDATE = {"add": "+=", "mul": "*=", "min": "min=", "max": "max=", "and": "&=", "or": "|="}


def text(program: Program) -> str:
    """The program, two spaces per level."""
    arguments = ", ".join(_argument(b) for b in program.arguments)
    return "\n".join([f"def {program.name}({arguments}):", *_block(program.body, 1)])


def lines(block: tuple[Statement, ...]) -> str:
    """A block of statements."""
    return "\n".join(_block(block, 0))


def _argument(buffer: Buffer) -> str:
    if buffer.role is Role.SIZE:
        return f"{buffer.name}: size"
    role = "" if buffer.role in (Role.IN, Role.SCALAR, None) else f"{buffer.role} "
    return f"{buffer.name}: {role}{_type(buffer)}"


def _type(buffer: Buffer) -> str:
    extents = f"[{', '.join(map(expression, buffer.shape))}]" if buffer.shape else ""
    strides = f" strides ({', '.join(map(expression, buffer.strides))})" if buffer.strides else ""
    return f"{buffer.dtype}{extents}{strides}"


def _block(block: tuple[Statement, ...], level: int) -> Iterator[str]:
    if not block:
        yield f"{'  ' * level}pass"
    for statement in block:
        yield from _statement(statement, level)


def _statement(s: Statement, level: int) -> Iterator[str]:
    pad = "  " * level
    match s:
        case Store():
            yield f"{pad}{_place(s.buffer, s.indices)} = {expression(s.value)}{'  # stream' if s.stream else ''}"
        case Accumulate():
            yield f"{pad}{_place(s.buffer, s.indices)} {_UPDATE[s.op]} {expression(s.value)}"
        case Allocate():
            yield f"{pad}{s.buffer.name}: {s.buffer.memory} {_type(s.buffer)}"
        case If():
            yield f"{pad}if {expression(s.condition)}:"
            yield from _block(s.then, level + 1)
            if s.otherwise:
                yield f"{pad}else:"
                yield from _block(s.otherwise, level + 1)
        case For():
            yield f"{pad}for {s.iterator} in {expression(s.extent)}:{_how(s)}"
            yield from _block(s.body, level + 1)
        case Instruction():
            yield f"{pad}{s.name}({', '.join(map(expression, s.operands))})"
        case Prefetch():
            yield f"{pad}prefetch {_place(s.buffer, s.indices)} to level {s.level}"


def _how(loop: For) -> str:
    notes = [] if loop.kind is Kind.SERIAL else [str(loop.kind)]
    notes += [f"{n} {v}" for n, v, usual in (
        ("lanes", loop.lanes, 0), ("interleave", loop.interleave, 1), ("unroll", loop.unroll, 1),
        ("accumulators", loop.accumulators, 1), ("slides", loop.slides, 0),
    ) if v != usual]  # fmt: skip
    return f"  # {', '.join(notes)}" if notes else ""


def _place(buffer: str, indices: tuple[Expr, ...]) -> str:
    return f"{buffer}[{', '.join(map(expression, indices))}]" if indices else buffer


def expression(e: Expr, level: int = 0) -> str:
    """A scalar expression of the loop language with the fewest parentheses."""
    if e.op in _INFIX:
        sign, own = _INFIX[e.op]
        found = f"{expression(e.args[0], own)} {sign} {expression(e.args[1], own + 1)}"
        return f"({found})" if own < level else found
    if e.op in _PREFIX:
        sign, own = _PREFIX[e.op]
        found = f"{sign}{expression(e.args[0], own)}"
        return f"({found})" if own < level else found
    if e.op == "select":
        condition, then, other = (expression(a, 1) for a in e.args)
        found = f"{then} if {condition} else {other}"
        return f"({found})" if level > 0 else found
    return _atom(e)


def _atom(e: Expr) -> str:
    inner = ", ".join(expression(a) for a in e.args)
    match e.op:
        case "const":
            return str(e.value).lower() if e.dtype == "bool" else _number(e.value)
        case "size" | "param" | "input":
            return e.name
        case "var":
            return f"${e.number}"
        case "get":
            return f"{_atom(e.args[0])}[{', '.join(expression(a) for a in e.args[1:])}]"
        case "cast":
            how = "" if e.attrs == ("nearest", "wrap") else f", {', '.join(map(str, e.attrs))}"
            return f"{e.dtype}({inner}{how})"
        case "call":
            return f"{e.name}({inner})"
    return f"{e.op}({inner})"


def _number(value: float) -> str:
    return repr(value) if isinstance(value, int) else f"{value:.9g}" if float(f"{value:.9g}") == value else repr(value)
