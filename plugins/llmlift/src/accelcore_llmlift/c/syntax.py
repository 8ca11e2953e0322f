"""Short constructors of Python syntax, and text and children of the C tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Node
else:
    Node = Any


def name(identifier: str) -> ast.Name:
    """A name that is read."""
    return ast.Name(id=identifier, ctx=ast.Load())


def call(function: str, *args: ast.expr) -> ast.Call:
    """A call of a function by its qualified name."""
    return ast.Call(func=name(function), args=list(args), keywords=[])


def number(value: float) -> ast.Constant:
    """A literal."""
    return ast.Constant(value=value)


def element(base: ast.expr, index: ast.expr) -> ast.Subscript:
    """base[index]"""
    return ast.Subscript(value=base, slice=index, ctx=ast.Load())


def store(variable: str, value: ast.expr) -> ast.Assign:
    """variable = value"""
    return ast.Assign(targets=[ast.Name(id=variable, ctx=ast.Store())], value=value)


def stepped(variable: str, amount: int) -> ast.AugAssign:
    """variable += amount"""
    op: ast.operator = ast.Add() if amount > 0 else ast.Sub()
    return ast.AugAssign(target=ast.Name(id=variable, ctx=ast.Store()), op=op, value=number(abs(amount)))


def plus(left: ast.expr, right: ast.expr) -> ast.expr:
    """left + right, without a zero."""
    if isinstance(right, ast.Constant) and right.value == 0:
        return left
    if isinstance(left, ast.Constant) and left.value == 0:
        return right
    return ast.BinOp(left=left, op=ast.Add(), right=right)


def minus(left: ast.expr, right: ast.expr) -> ast.expr:
    """left - right, without a zero."""
    if isinstance(right, ast.Constant) and right.value == 0:
        return left
    return ast.BinOp(left=left, op=ast.Sub(), right=right)


def loaded(target: ast.expr) -> ast.expr:
    """A copy of a target, to be read."""
    return ast.parse(ast.unparse(target), mode="eval").body


def walk(node: Node) -> Iterator[Node]:
    """Every named node, outer ones first."""
    yield node
    for child in node.named_children:
        yield from walk(child)


def bare(node: Node) -> Node:
    """A node without parentheses around it."""
    while node.type == "parenthesized_expression" and node.named_children:
        node = node.named_children[0]
    return node


def mentions(node: Node, identifier: str) -> int:
    """How often a name occurs."""
    return sum(n.type == "identifier" and n.text == identifier.encode() for n in walk(node))
