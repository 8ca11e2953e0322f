"""Checked construction of a node from its parts: what decoding and validation go through.

The constructors of `expr` take Python functions and write any well-formed expression; here the parts come from
outside (a file, another process), so everything that a constructor would have established is verified.
"""

from __future__ import annotations

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import DTYPES

_ARITY = {"select": 3, "cast": 1, "comp": 2, "filter": 3, "length": 1, "const": 0, "size": 0, "param": 0, "var": 0}


def make(op: str, args: tuple[E.Expr, ...], attrs: tuple[E.Attr, ...], dtype: str, rank: int) -> E.Expr:
    """The interned node of these parts; IrError when no constructor makes it."""
    if dtype not in DTYPES:
        raise IrError(f"unknown dtype {dtype!r}", where=op, hint="one of " + ", ".join(DTYPES))
    arity = 2 if op in E.BINARY else 1 if op in E.UNARY else _ARITY.get(op)
    if arity is not None and len(args) != arity:
        raise IrError(f"{op} takes {arity} arguments, not {len(args)}")
    try:
        node = _leaf(op, attrs, dtype, rank) if not args else _inner(op, args, attrs, dtype)
    except (IndexError, ValueError, TypeError, AssertionError) as error:
        raise IrError(f"malformed {op} node with attributes {attrs!r}") from error
    if (node.op, node.args, node.attrs, node.dtype, node.rank) != (op, args, attrs, dtype, rank):
        raise IrError(f"a {op} node of dtype {dtype} and rank {rank} is not in its canonical form {node!r}")
    return node


def _leaf(op: str, attrs: tuple[E.Attr, ...], dtype: str, rank: int) -> E.Expr:
    (attr,) = attrs
    if op == "const":
        if isinstance(attr, bool | int | float):
            return E.const(attr, dtype)
    elif op == "var":
        if isinstance(attr, int) and attr >= 0:
            return E.var(attr, dtype)
    elif isinstance(attr, str) and attr.isidentifier():
        if op == "size":
            return E.size(attr)
        if op == "param":
            return E.param(attr, dtype)
        if op == "input":
            return E.array(attr, dtype, rank)
    raise IrError(f"{op!r} is no leaf with attribute {attr!r}")


def _inner(op: str, args: tuple[E.Expr, ...], attrs: tuple[E.Attr, ...], dtype: str) -> E.Expr:
    if op in E.BINARY:
        return E.binary(op, *args)
    if op in E.UNARY:
        return E.unary(op, *args)
    match op:
        case "select":
            return E.select(*args)
        case "cast":
            return E.cast(args[0], dtype, str(attrs[0]), str(attrs[1]))
        case "call":
            return E.call(str(attrs[0]), *args, dtype=dtype)
        case "get":
            if any(DTYPES[i.dtype].kind not in ("int", "uint") or i.rank for i in args[1:]):
                raise IrError("an index is an integer")
            return E.get(*args)
        case "length":
            return E.length(args[0], int(str(attrs[0])))
        case "fold":
            return _fold(args, attrs)
    if op in E.BINDERS:
        return _binder(op, args, attrs)
    raise IrError(f"unknown operator {op!r}")


def _binder(op: str, args: tuple[E.Expr, ...], attrs: tuple[E.Attr, ...]) -> E.Expr:
    """A binder of one variable, by opening its body and giving it to the constructor."""
    number = attrs[0]
    if not isinstance(number, int) or isinstance(number, bool):
        raise IrError(f"{op} binds no variable {number!r}")

    def opened(at: int) -> E.Body:
        return lambda i: E.substitute(args[at], {number: i})

    if op == "comp":
        return E.comp(args[0], opened(1))
    if op == "filter":
        return E.filtered(args[0], opened(1), opened(2))
    if op == "scatter":
        combine, rank = str(attrs[1]), int(str(attrs[2]))
        where = [opened(rank + 1 + axis) for axis in range(rank)]
        value, start = opened(2 * rank + 1), args[2 * rank + 2]
        return E.scatter(args[:rank], args[rank], lambda k: [w(k) for w in where], value, start, combine)
    build = E.reduce if op == "reduce" else E.scan
    return build(str(attrs[1]), args[0], opened(1), *args[2:])


def _fold(args: tuple[E.Expr, ...], attrs: tuple[E.Attr, ...]) -> E.Expr:
    number, accs, which = attrs
    assert isinstance(number, int) and isinstance(accs, tuple) and isinstance(which, int)
    count = len(accs)
    if len(args) != 1 + 2 * count or not 0 <= which < count:
        raise IrError(f"a fold of {count} accumulators has {1 + 2 * count} arguments, not {len(args)}")
    names = (number, *(int(str(a)) for a in accs))

    def body(values: tuple[E.Expr, ...], k: E.Expr) -> list[E.Expr]:
        opened = dict(zip(names, (k, *values), strict=True))
        return [E.substitute(b, opened) for b in args[1 + count :]]

    return E.fold(args[0], args[1 : 1 + count], body, which)
