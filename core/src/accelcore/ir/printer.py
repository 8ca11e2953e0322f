"""Expressions as text that `accelcore.ir.parser` reads back to the same node.

The grammar is in docs/language.md.  Binders come before what they bind (`sum(k < n: a[i, k])`), casts are calls of a
dtype (`real(x[i])`, `i8(e, trunc, saturate)`), and a constant carries its dtype as a suffix (`1u8`) unless its place
gives it.  Large sub-expressions that occur more than once are named by `let`, in the body of the innermost binder
whose variable they use, so the text is about as large as the graph and not as the tree.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.mathematics import equation, mathematics

__all__ = ["equation", "mathematics", "text"]

INFIX = {
    "lor": ("or", 1), "land": ("and", 2),
    "lt": ("<", 4), "le": ("<=", 4), "eq": ("==", 4), "ne": ("!=", 4),
    "or": ("|", 5), "xor": ("^", 6), "and": ("&", 7), "shl": ("<<", 8), "shr": (">>", 8),
    "add": ("+", 9), "sub": ("-", 9), "mul": ("*", 10), "div": ("/", 10), "fdiv": ("//", 10), "fmod": ("%", 10),
}  # fmt: skip
"""Sign and binding strength of the operators written between their operands; all associate to the left."""

PREFIX = {"lnot": ("not ", 3), "neg": ("-", 11), "not": ("~", 11)}
ATOM = 12
KEYWORDS = frozenset(
    {"let", "in", "and", "or", "not", "true", "false", "inf", "nan", "set", "add", "mul", "max", "min"}
)

_SHARED = 4
"""Distinct nodes from which a repeated sub-expression is worth a name."""


def text(e: E.Expr, context: str | None = None) -> str:
    """The expression in one line; `parser.parse` is its inverse.

    context: the dtype that a bare number has where the text will stand (an index, say); None is what `parse` assumes.
    """
    return _Printer(e).scope(e, (), context)


class _Printer:
    """Names for bound variables and shared parts, and one method a form.

    `_place[node]` is the number of the binder in whose body a shared node is named (-1: outside of all), `_names` what
    stands for a node that has been named there.
    """

    def __init__(self, root: E.Expr) -> None:
        self._taken = (
            {n.name for n in E.walk(root) if n.op in ("size", "param", "input", "call")} | KEYWORDS | set(DTYPES)
        )
        self._variables: dict[int, str] = {}
        self._names: dict[E.Expr, str] = {}
        self._fresh = (f"t{n}" for n in range(1 << 30))
        self._size = _sizes(root)

    def scope(self, e: E.Expr, bound: tuple[int, ...], context: str | None = None) -> str:
        """A body: the lets that belong to it, then the expression."""
        shared = [n for n in _repeated((e,)) if self._belongs(n, bound)]
        parts = []
        for node in shared:
            value = self.show(node, 0)
            self._names[node] = self._name(self._fresh)
            parts.append(f"{self._names[node]} = {value}")
        body = self.show(e, 0, context)
        for node in shared:  # the same node under a sibling binder is another value
            del self._names[node]
        return f"let {'; '.join(parts)} in {body}" if parts else body

    def _belongs(self, node: E.Expr, bound: tuple[int, ...]) -> bool:
        """Whether a shared node is to be named in the body of the binder of these numbers."""
        if node in self._names or self._size[node] < _SHARED or node.op == "var":
            return False
        return min(node.free) in bound if node.free else not bound

    def _name(self, candidates: Iterator[str]) -> str:
        name = next(n for n in candidates if n not in self._taken)
        self._taken.add(name)
        return name

    def variable(self, number: int) -> str:
        """The name of a bound variable: i, j, k, ... from the outside in, each used once."""
        if number not in self._variables:
            letters = (stem + suffix for suffix in ("", *map(str, range(1, 10_000))) for stem in "ijklpqrsuvw")
            self._variables[number] = self._name(letters)
        return self._variables[number]

    def show(self, e: E.Expr, strength: int, context: str | None = None) -> str:
        """`e`, in parentheses when it binds less than `strength`; context is the dtype that a bare number takes."""
        if e in self._names:
            return self._names[e]
        if e.op in INFIX:
            own = INFIX[e.op][1]
            shown = self._infix(e)
        elif e.op in PREFIX:
            sign, own = PREFIX[e.op]
            inner = self.show(e.args[0], own)
            shown = f"{sign}({inner})" if e.args[0].op == "const" else sign + inner
        else:
            return self._atom(e, context)
        return f"({shown})" if own < strength else shown

    def _infix(self, e: E.Expr) -> str:
        """A chain of operators that lean to the left, without recursion along it."""
        tail: list[str] = []
        while True:
            sign, own = INFIX[e.op]
            left, right = e.args
            tail.append(f" {sign} {self.show(right, own + 1, _context(right, left))}")
            if left in self._names or left.op not in INFIX or INFIX[left.op][1] < own:
                tail.append(self.show(left, own, _context(left, right)))
                return "".join(reversed(tail))
            e = left

    def _atom(self, e: E.Expr, context: str | None) -> str:
        match e.op:
            case "const":
                return _number(e, context)
            case "size" | "param" | "input":
                return e.name
            case "var":
                return self.variable(e.number)
            case "get":
                return f"{self.show(e.args[0], ATOM)}[{self._list(e.args[1:], INDEX)}]"
            case "cast":
                return f"{e.dtype}({self.show(e.args[0], 0)}{_cast_options(e)})"
            case "call":
                plain = e.name in E.FUNCTIONS or e.dtype == e.args[0].dtype
                suffix = "" if plain else f": {e.dtype}"
                return f"{e.name}({self._list(e.args)}{suffix})"
            case "select":
                then, other = (self.show(a, 0, _context(a, b)) for a, b in (e.args[1:], e.args[:0:-1]))
                return f"select({self.show(e.args[0], 0)}, {then}, {other})"
            case "length":
                return f"length({self.show(e.args[0], 0)}, {e.attrs[0]})"
        if e.op in E.BINDERS:
            return self._binder(e)
        if e.op in E.BINARY:  # tdiv, trem, min, max, pow
            left, right = e.args
            return f"{e.op}({self.show(left, 0, _context(left, right))}, {self.show(right, 0, _context(right, left))})"
        return f"{e.op}({self._list(e.args)})"

    def _list(self, args: tuple[E.Expr, ...], context: str | None = None) -> str:
        return ", ".join(self.show(a, 0, context) for a in args)

    def _range(self, e: E.Expr, extent: E.Expr) -> str:
        return f"{self.variable(e.number)} < {self.show(extent, 5, INDEX)}"

    def _binder(self, e: E.Expr) -> str:
        match e.op:
            case "comp":
                return f"[{self._range(e, e.args[0])}: {self.scope(e.args[1], e.bound)}]"
            case "reduce" | "scan":
                name = e.kind if e.op == "reduce" else f"scan_{e.kind}"
                body = self.scope(e.args[1], e.bound)
                init = f"; {self.show(e.args[2], 0, e.args[1].dtype)}" if len(e.args) > 2 else ""
                return f"{name}({self._range(e, e.args[0])}: {body}{init})"
            case "filter":
                held = f"filter({self._range(e, e.args[0])}, {self.show(e.args[1], 3)}"
                return f"{held}: {self.scope(e.args[2], e.bound)})"
            case "scatter":
                return self._scatter(e)
        return self._fold(e)

    def _scatter(self, e: E.Expr) -> str:
        before, inside, (init,) = E.parts(e)
        head = f"scatter([{self._list(before[:-1], INDEX)}], {self._range(e, before[-1])}"
        value = self.show(inside[-1], 0)
        return (
            f"{head}: [{self._list(inside[:-1], INDEX)}] {e.attrs[1]}= {value}; {self.show(init, 0, inside[-1].dtype)})"
        )

    def _fold(self, e: E.Expr) -> str:
        before, updates, _ = E.parts(e)
        accs = [self.variable(n) for n in e.bound[1:]]
        which = e.attrs[2]
        assert isinstance(which, int)
        starts = ", ".join(f"{a} = {self.show(s, 0)}" for a, s in zip(accs, before[1:], strict=True))
        bodies = ", ".join(self.show(u, 0, s.dtype) for u, s in zip(updates, before[1:], strict=True))
        return f"fold({starts}; {self._range(e, before[0])}: {bodies}; {accs[which]})"


def _context(operand: E.Expr, other: E.Expr) -> str | None:
    """The dtype that a bare number takes beside `other`: none beside another number."""
    return None if other.op == "const" else other.dtype


def _cast_options(e: E.Expr) -> str:
    rounding, mode = e.attrs
    if (rounding, mode) == ("nearest", "wrap"):
        return ""
    return f", {rounding}, {mode}"


def _number(e: E.Expr, context: str | None) -> str:
    if e.dtype == "bool":
        return "true" if e.value else "false"
    value = (
        repr(e.value)
        if math.isfinite(e.value)
        else f"{'-' if e.value < 0 else ''}{'nan' if e.value != e.value else 'inf'}"
    )
    plain = "real" if DTYPES[e.dtype].is_float else "int"
    return value if e.dtype == (context or plain) else f"{value}{'_' if 'n' in value else ''}{e.dtype}"


def _sizes(root: E.Expr) -> dict[E.Expr, int]:
    """Nodes of the tree under each node, up to the threshold for sharing."""
    sizes: dict[E.Expr, int] = {}
    for node in E.walk(root):
        sizes[node] = min(_SHARED, 1 + sum(sizes[a] for a in node.args))
    return sizes


def _repeated(roots: tuple[E.Expr, ...]) -> list[E.Expr]:
    """The nodes with more than one occurrence under the roots, children first."""
    uses: Counter[E.Expr] = Counter(roots)
    order: list[E.Expr] = []
    for root in roots:
        for node in E.walk(root):
            order.append(node)
            uses.update(node.args)
    return [node for node in order if uses[node] > 1]
