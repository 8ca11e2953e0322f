"""Names for generated code, and which values are worth one."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable

from accelcore.ir.expr import BINDERS, Expr, walk

_C = frozenset(
    {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float"}
    | {"for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof"}
    | {"static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "main", "y0", "y1"}
    | {"j0", "j1", "exp", "log", "sqrt", "pow", "sin", "cos", "tan", "free", "malloc", "memcpy", "abs", "gamma", "erf"}
)


class Names:
    """Gives each stem once, then with numbers."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken) | _C | set(keyword.kwlist)

    def fresh(self, stem: str) -> str:
        """An unused name: the stem when it is free and not a temporary's, else with the first number that is."""
        name, number = stem, 0
        while name in self._taken:
            number += 1
            name = f"{stem}{number}"
        self._taken.add(name)
        return name


_WORTH = 4
"""Nodes from which a scalar that is used more than once gets a temporary."""


def shared_scalars(roots: Iterable[Expr]) -> frozenset[Expr]:
    """The scalar operations with several uses that are worth a temporary, binders aside (they always have one)."""
    uses: Counter[Expr] = Counter()
    sizes: dict[Expr, int] = {}
    for root in roots:
        for node in walk(root):
            if node not in sizes:
                uses.update(node.args)
                sizes[node] = min(_WORTH, 1 + sum(sizes[a] for a in node.args))
    return frozenset(
        n for n, count in uses.items()
        if count > 1 and sizes[n] >= _WORTH and n.rank == 0 and n.op not in BINDERS and n.op != "get"
    )  # fmt: skip
