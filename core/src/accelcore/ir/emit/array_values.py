"""Texts of array values: what they are dimensions of, and how tightly they bind."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelcore.ir.expr import Expr

Axes = tuple[int, ...]
ATOM, UNARY, SUM, COMPARISON = 12, 11, 9, 4
"""Binding strengths of Python operators, as in `printer.INFIX`; a name, call or subscript is an atom."""

SIGNS = {
    "add": ("+", 9), "sub": ("-", 9), "mul": ("*", 10), "div": ("/", 10), "fdiv": ("//", 10), "fmod": ("%", 10),
    "pow": ("**", 11), "lt": ("<", 4), "le": ("<=", 4), "eq": ("==", 4), "ne": ("!=", 4), "and": ("&", 7),
    "or": ("|", 5), "xor": ("^", 6), "shl": ("<<", 8), "shr": (">>", 8), "land": ("&", 7), "lor": ("|", 5),
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """A text, the variables of its dimensions (then `rank` dimensions of a tensor), and how tightly it binds."""

    text: str
    axes: Axes = ()
    rank: int = 0
    strength: int = ATOM

    def at(self, strength: int) -> str:
        """The text as an operand of an operator of that strength."""
        return self.text if self.strength >= strength else f"({self.text})"

    @property
    def tight(self) -> str:
        """The text before a subscript or an attribute."""
        return self.at(ATOM)


Key = tuple[Expr, tuple[Expr | None, ...]]
"""A node and the ranges of its variables: the same node under another binder is another value."""


@dataclass
class Block:
    """Lines of the function, or of the loop of a fold, and the values that have names there."""

    bound: Axes = ()
    lines: list[str] = field(default_factory=list)
    known: dict[Key, Value] = field(default_factory=dict)


def infix(op: str, left: Value, right: Value, axes: Axes) -> Value:
    """Two aligned operands joined by an operator; comparisons and powers do not chain."""
    sign, own = SIGNS[op]
    first = own + 1 if own == COMPARISON or op == "pow" else own
    return Value(f"{left.at(first)} {sign} {right.at(own + 1)}", axes, 0, own)


def matrix_product(a: Value, b: Value, out: Axes) -> str | None:
    """a @ b for matrices and vectors, transposed where that is needed."""
    common = [n for n in a.axes if n in b.axes]
    if len(common) != 1 or common[0] in out or len(a.axes) > 2 or len(b.axes) > 2:
        return None
    k = common[0]
    if (*(n for n in a.axes if n != k), *(n for n in b.axes if n != k)) != out:
        return None
    left = a.tight if a.axes[-1] == k else f"{a.tight}.T"
    right = b.tight if b.axes[0] == k else f"{b.tight}.T"
    return f"{left} @ {right}"


def is_neutral(e: Expr) -> bool:
    """Whether the start value of a reduction over exact numbers changes nothing."""
    start = e.args[2]
    neutral = {"sum": 0, "prod": 1, "any": False, "all": True}.get(e.kind)
    return neutral is not None and start.op == "const" and start.value == neutral and e.dtype in ("int", "real", "bool")
