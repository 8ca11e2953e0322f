"""Small pieces of C: index expressions, and the places of a nest's variables from the numbers of blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accelcore.cgen.names import identifier
from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, var
from accelcore.ir.simplify import simplify
from accelcore_gemmini.lowering.nest import Axis, Nest
from accelcore_gemmini.lowering.reads import Read
from accelcore_gemmini.lowering.result import Loop

_INFIX = {"add": "+", "sub": "-", "mul": "*", "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "land": "&&", "lor": "||"}
_CALLS = {"fdiv": "floor_div", "min": "least", "max": "most"}


def field(name: str) -> str:
    """An argument of the kernel, which lies in the structure `arg`."""
    return f"arg.{identifier(name)}"


def number_text(e: Expr, names: Mapping[int, str]) -> str:
    """An integer expression over sizes and loop variables as C of int64_t."""
    if e.op == "const":
        return str(int(e.value)) if e.value >= 0 else f"({int(e.value)})"
    if e.op == "size":
        return field(e.name)
    if e.op == "var":
        return names[e.number]
    if e.op == "cast":
        return number_text(e.args[0], names)
    inside = [number_text(a, names) for a in e.args]
    if e.op in _INFIX:
        return f"({inside[0]} {_INFIX[e.op]} {inside[1]})"
    if e.op == "neg":
        return f"(-{inside[0]})"
    if e.op == "lnot":
        return f"(!{inside[0]})"
    if e.op in _CALLS:
        return f"{_CALLS[e.op]}({inside[0]}, {inside[1]})"
    if e.op == "fmod":
        return f"({inside[0]} - {inside[1]} * floor_div({inside[0]}, {inside[1]}))"
    raise UnsupportedLowering(f"the extent {e}")


def place_text(read: Read, names: Mapping[int, str]) -> str:
    """Where an element is, in elements from the start of its array."""
    place = read.offset
    for variable, stride in read.strides:
        if names.get(variable) != "0":
            place = place + stride * var(variable)
    return bare(number_text(simplify(place), names))


def bare(text: str) -> str:
    """The text without the pair of parentheses around all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:-1] if at == len(text) - 1 else text
    return text


class Names:
    """C names of a nest's variables: r, c, k for the inner ones, r0, c0, k0, b0 ... for the others."""

    def __init__(self, nest: Nest) -> None:
        self.of: dict[int, str] = {}
        for letter, axis in (("r", nest.rows), ("c", nest.cols), ("k", nest.depth), ("b", Axis(None, nest.batch))):
            if axis.inner:
                self.of[axis.inner.variable] = letter
            self.of |= {loop.variable: f"{letter}{at}" for at, loop in enumerate(axis.outer)}
        if nest.rows.fast:
            self.of[nest.rows.fast.variable] = "window_row"
            for loop in nest.result.loops:  # what is left is the column of a window
                self.of.setdefault(loop.variable, f"(r / {nest.rows.group})")

    def extent(self, loop: Loop | None) -> str:
        """The extent of a loop; 1 for none."""
        return bare(number_text(loop.extent, self.of)) if loop else "1"

    def walked(self, loops: Sequence[Loop], block: str) -> list[str]:
        """Statements that take the values of outer loops from the number `block`, the last loop fastest."""
        lines = []
        for at, loop in reversed(list(enumerate(loops))):
            name, extent = self.of[loop.variable], self.extent(loop)
            if at:
                lines += [f"int64_t {name} = {block} % ({extent});", f"{block} /= {extent};"]
            else:
                lines.append(f"int64_t {name} = {block};")
        return lines
