"""Refusals of the Python front end: where in the source, which construct, what to write instead."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from accelcore.errors import UnsupportedSource
from accelcore_llmlift.program import Position


@dataclass(frozen=True)
class Place:
    """The file that messages name."""

    path: str

    def at(self, node: ast.AST) -> Position:
        """Line and column of a node, both from 1."""
        return Position(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

    def refuse(self, node: ast.AST, what: str, hint: str) -> UnsupportedSource:
        """The error for a construct outside the subset; the caller raises it."""
        at = self.at(node)
        return UnsupportedSource(what, where=f"{self.path}:{at.line}:{at.column}", hint=hint)
