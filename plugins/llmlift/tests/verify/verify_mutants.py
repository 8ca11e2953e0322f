"""Wrong summaries from a right one: each mutation is one edit of one node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import Expr
from accelcore.values import Summary

_OTHER = {"add": "sub", "sub": "add", "mul": "add", "max": "min", "min": "max", "lt": "le", "le": "lt", "fdiv": "tdiv"}
_KINDS = {
    "sum": "prod",
    "prod": "sum",
    "max": "min",
    "min": "max",
    "any": "all",
    "all": "any",
    "argmax": "argmin",
    "argmin": "argmax",
}


def mutants(summary: Summary) -> Iterator[tuple[str, Summary]]:
    """(kind of mutation, mutated summary), without duplicates."""
    seen = {summary.post}
    for at, (name, e) in enumerate(summary.post):
        for node in list(E.walk(e)):
            for kind, new in _edits(node):
                try:
                    changed = E.transform(e, lambda n, node=node, new=new: new if n is node else None)
                except (IrError, AssertionError):
                    continue
                post = (*summary.post[:at], (name, changed), *summary.post[at + 1 :])
                if post not in seen:
                    seen.add(post)
                    yield kind, replace(summary, post=post)


def _edits(node: Expr) -> Iterator[tuple[str, Expr]]:
    made: list[tuple[str, object]] = []
    if node.op == "const" and DTYPES[node.dtype].kind != "bool":
        made.append(("constant", lambda: E.const(node.value + 1, node.dtype)))
    if node.op in _OTHER:
        made.append(("operator", lambda: E.binary(_OTHER[node.op], *node.args)))
    if node.op in ("sub", "div", "fdiv", "lt", "le"):
        made.append(("swapped operands", lambda: E.binary(node.op, node.args[1], node.args[0])))
    if node.op == "select":
        made += [("dropped branch", lambda: node.args[1]), ("dropped branch", lambda: node.args[2])]
    if node.op == "reduce":
        body = lambda k: E.substitute(node.args[1], {node.number: k})  # noqa: E731  # used twice below
        made.append(("bound", lambda: E.reduce(node.kind, node.args[0] - 1, body, *node.args[2:])))
        if node.kind in _KINDS:
            made.append(("reduction", lambda: E.reduce(_KINDS[node.kind], node.args[0], body, *node.args[2:])))
    if node.op == "scan":
        scanned = lambda k: E.substitute(node.args[1], {node.number: k})  # noqa: E731  # used below
        made.append(("reduction", lambda: E.scan(_KINDS[node.kind], node.args[0], scanned, *node.args[2:])))
        made.append(("dropped scan", lambda: E.comp(node.args[0], scanned)))
    if node.op == "comp":
        element = lambda k: E.substitute(node.args[1], {node.number: k})  # noqa: E731  # used below
        made.append(("bound", lambda: E.comp(node.args[0] - 1, element)))
        made.append(("bound", lambda: E.comp(node.args[0] + 1, element)))
    if node.op == "cast" and not node.rank and node.args[0].op == "get":
        made.append(("sign", lambda: E.unary("neg", node)))
    if node.op == "get" and node.args[-1].dtype == INDEX:
        made.append(("off by one", lambda: E.get(node.args[0], *node.args[1:-1], node.args[-1] + 1)))
        made.append(("off by one", lambda: E.get(node.args[0], node.args[1] - 1, *node.args[2:])))
        if len(node.args) == 3:
            made.append(("transposed", lambda: E.get(node.args[0], node.args[2], node.args[1])))
    for kind, build in made:
        try:
            yield kind, build()  # type: ignore[operator]  # a function without arguments
        except IrError:
            continue
