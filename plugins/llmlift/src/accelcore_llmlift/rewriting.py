"""Rewriting the expressions inside statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accelcore.ir.expr import Expr
from accelcore_llmlift.program import Append, Assert, Assign, For, If, New, Statement, Store, While

Rewrite = Callable[[Expr], Expr]


def map_statements(block: tuple[Statement, ...], rewrite: Rewrite) -> tuple[Statement, ...]:
    """The same statements with every expression rewritten."""
    return tuple(_mapped(s, rewrite) for s in block)


def _mapped(s: Statement, rewrite: Rewrite) -> Statement:
    match s:
        case Assign() | Append():
            return replace(s, value=rewrite(s.value))
        case Store():
            return replace(s, indices=tuple(map(rewrite, s.indices)), value=rewrite(s.value))
        case New():
            fill = None if s.fill is None else rewrite(s.fill)
            return replace(s, shape=tuple(map(rewrite, s.shape)), fill=fill)
        case If():
            then, otherwise = map_statements(s.then, rewrite), map_statements(s.otherwise, rewrite)
            return replace(s, condition=rewrite(s.condition), then=then, otherwise=otherwise)
        case For():
            return replace(s, low=rewrite(s.low), high=rewrite(s.high), body=map_statements(s.body, rewrite))
        case While():
            return replace(s, condition=rewrite(s.condition), body=map_statements(s.body, rewrite))
        case Assert():
            return replace(s, condition=rewrite(s.condition))
