"""Type, rank and shape checks of a summary against the parameters of its task.

The constructors of `expr` keep every node well typed; what they cannot see is whether names exist with that dtype and
rank, whether extents agree with the declared shapes, and whether every variable is bound.  Each problem is an IrError
whose `where` names the result and the part of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.expr import BINDERS, Expr, parts, shape, walk
from accelcore.ir.make import make
from accelcore.ir.polynomial import same_polynomial
from accelcore.values import Param, Role, Summary, Task


def check_task(task: Task) -> None:
    """A task's parameters, preconditions and, when it has one, its summary."""
    _unique(task.params)
    for condition in task.requires:
        check_expression(condition, task.params, where="requires")
        if condition.dtype != "bool" or condition.rank:
            raise IrError(f"a precondition is a condition, not {condition.dtype}", where="requires")
    if isinstance(task.reference, Summary):
        check_summary(task.reference, task.params)


def check_summary(summary: Summary, params: Sequence[Param]) -> None:
    """That the summary defines each result once, with its declared rank and extents, over known inputs."""
    results = {p.name: p for p in params if p.role in (Role.OUT, Role.INOUT)}
    seen: set[str] = set()
    for name, e in summary.post:
        if name not in results:
            raise IrError(f"{name!r} is no result", where=name, hint=_near(name, results))
        if name in seen:
            raise IrError(f"{name!r} is defined twice", where=name)
        seen.add(name)
        check_expression(e, params, where=name)
        _result(results[name], e, params)
    missing = [name for name in results if name not in seen]
    if missing:
        raise IrError(f"no expression for {', '.join(missing)}", where="post", hint="a summary defines every result")


def check_expression(e: Expr, params: Iterable[Param], *, where: str = "") -> None:
    """That names, dtypes and ranks are the parameters', and that every variable is bound."""
    known = {p.name: p for p in params}
    sizes = {s for p in known.values() for extent in p.shape for s in extent.sizes}
    sizes |= {p.name for p in known.values() if p.role is Role.SIZE}
    if e.free:
        raise IrError(f"variable {min(e.free)} is not bound", where=where)
    for node in walk(e):
        try:
            _node(node, known, sizes)
        except IrError as error:
            part = repr(node)
            place = f"{where}: {part[:120]}" if where else part[:120]
            raise IrError(error.what, where=place, hint=error.hint) from None


def _node(node: Expr, known: Mapping[str, Param], sizes: set[str]) -> None:
    if node.op == "size":
        if node.name not in sizes:
            raise IrError(f"unknown size {node.name!r}", hint=_near(node.name, sizes))
    elif node.op in ("input", "param"):
        _named(node, known)
    else:
        make(node.op, node.args, node.attrs, node.dtype, node.rank)
    if node.op in BINDERS:
        before = parts(node)[0]
        for extent in before if node.op == "scatter" else before[:1]:
            if extent.dtype != INDEX or extent.rank:
                raise IrError(f"the extent {extent} is {extent.dtype}, not an index")


def _named(node: Expr, known: Mapping[str, Param]) -> None:
    param = known.get(node.name)
    if param is None:
        raise IrError(f"unknown parameter {node.name!r}", hint=_near(node.name, known))
    if param.role is Role.OUT:
        raise IrError(f"{node.name!r} is a result: it has no value at entry")
    if len(param.shape) != node.rank:
        raise IrError(f"{node.name!r} has {len(param.shape)} axes, not {node.rank}")
    if param.dtype != node.dtype:
        raise IrError(f"{node.name!r} holds {param.dtype}, not {node.dtype}")


def _result(param: Param, e: Expr, params: Sequence[Param]) -> None:
    """Rank, dtype and extents of a result."""
    if e.rank != len(param.shape):
        raise IrError(f"{param.name!r} has {len(param.shape)} axes, its expression {e.rank}", where=param.name)
    stored, computed = DTYPES[param.dtype], DTYPES[e.dtype]
    unbounded = computed.bits is None and computed.is_float == stored.is_float
    if e.dtype != param.dtype and not unbounded:
        raise IrError(
            f"{param.name!r} holds {param.dtype}, its expression is {e.dtype}", where=param.name,
            hint=f"cast the element to {param.dtype}",
        )  # fmt: skip
    if e.op == "filter":
        return  # its length depends on the data; the declared extent is what holds it
    for axis, (declared, found) in enumerate(zip(param.shape, extents_of(e, params), strict=True)):
        if not same_polynomial(declared, found):
            raise IrError(
                f"axis {axis} of {param.name!r} has extent {declared}, its expression {found}", where=param.name
            )


def extents_of(e: Expr, params: Iterable[Param]) -> tuple[Expr, ...]:
    """Extents of a tensor-valued expression, inputs included."""
    if e.op == "input":
        for param in params:
            if param.name == e.name:
                return param.shape
        raise IrError(f"unknown parameter {e.name!r}")
    if e.op == "get":
        return extents_of(e.args[0], params)[len(e.args) - 1 :]
    if e.op == "cast" and e.rank:
        return extents_of(e.args[0], params)
    if e.op == "comp":
        inner = e.args[1]
        return (e.args[0], *(extents_of(inner, params) if inner.rank else ()))
    return shape(e)


def _unique(params: Iterable[Param]) -> None:
    seen: set[str] = set()
    for param in params:
        if param.name in seen:
            raise IrError(f"parameter {param.name!r} occurs twice", where=param.name)
        if param.dtype not in DTYPES or DTYPES[param.dtype].bits is None:
            raise IrError(f"{param.name!r} cannot be stored as {param.dtype}", where=param.name)
        seen.add(param.name)


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(names)) or 'none'}"
