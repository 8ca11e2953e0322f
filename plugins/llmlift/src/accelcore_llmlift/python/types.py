"""Type variables of the inference: what a Python value can be here.

A value is a scalar with a level, or an array of such values.  Levels are ordered, a value's level is the least that
its uses allow: BOOL < INDEX (made of sizes, counters and integer constants) < INT (read from data) < REAL.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.IntEnum):
    """What kind of number a scalar is."""

    NONE = 0
    BOOL = 1
    INDEX = 2
    INT = 3
    REAL = 4


class Need(enum.IntEnum):
    """What the uses of a value ask of it: nothing, an integer (`//`, `&`), or an index (bounds, subscripts)."""

    NOTHING = 0
    INTEGER = 1
    INDEX = 2


class Type:
    """A node of the union-find: `find()` gives the representative."""

    __slots__ = ("element", "fixed", "level", "need", "parent")

    def __init__(self, level: Level = Level.NONE, element: Type | None = None, *, fixed: bool = False) -> None:
        self.parent: Type | None = None
        self.level, self.element, self.fixed = level, element, fixed
        self.need = Need.NOTHING

    def find(self) -> Type:
        """The representative."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    def elements(self) -> Type:
        """The type of its elements; makes it an array."""
        node = self.find()
        if node.element is None:
            node.element = Type()
        return node.element.find()

    @property
    def rank(self) -> int:
        """Number of axes."""
        element = self.find().element
        return 0 if element is None else 1 + element.rank

    @property
    def leaf(self) -> Type:
        """The scalar inside."""
        node = self.find()
        return node if node.element is None else node.element.leaf


class CyclicTypeError(Exception):
    """A value would have to be an array of itself: arrays of different ranks meet in one operation."""


def _contains(a: Type, b: Type) -> bool:
    """Whether b is an element of a, at any depth."""
    node = a.element
    while node is not None:
        node = node.find()
        if node is b:
            return True
        node = node.element
    return False


def unify(a: Type, b: Type) -> bool:
    """Make two types one; whether that changed anything."""
    a, b = a.find(), b.find()
    if a is b:
        return False
    if _contains(a, b) or _contains(b, a):
        raise CyclicTypeError
    b.parent = a
    a.level, a.need = max(a.level, b.level), max(a.need, b.need)
    if a.fixed != b.fixed:
        a.level = a.level if a.fixed else b.level
        a.fixed = True
    if a.element is None:
        a.element = b.element
    elif b.element is not None:
        unify(a.element, b.element)
    return True


@dataclass(frozen=True)
class Flow:
    """Values of `source` reach `target`.

    arithmetic: through + - * and the like, so that needs pass backwards.  shape_only: both have the same axes, but
    elements of their own (zeros_like).
    """

    source: Type
    target: Type
    arithmetic: bool = True
    shape_only: bool = False


def settle(flows: list[Flow]) -> None:
    """Propagate array structure, then needs backwards, then levels forwards, each to its fixed point."""
    while sum(_structure(flow) for flow in flows):
        pass
    # A need passes backwards unless a real value is known to flow in: (x * 0.5) // 1 asks no integer of x.
    while sum(_level(flow) for flow in flows):
        pass
    while sum(_need(flow) for flow in flows):
        pass


def _structure(flow: Flow) -> bool:
    source, target = flow.source.find(), flow.target.find()
    if source.element is None and target.element is None:
        return False
    if flow.shape_only:
        return _same_axes(source, target)
    return unify(source.elements(), target.elements())


def _same_axes(a: Type, b: Type) -> bool:
    """Give both the larger of their ranks; whether one of them changed."""
    ranks = (a.rank, b.rank)
    for node in (a, b):
        inner = node
        for _ in range(max(ranks)):
            inner = inner.elements()
    return ranks[0] != ranks[1]


def _level(flow: Flow) -> bool:
    if flow.shape_only:
        return False
    source, target = flow.source.find(), flow.target.find()
    if target.fixed or target.level >= source.level:
        return False
    target.level = source.level
    return True


def _need(flow: Flow) -> bool:
    source, target = flow.source.find(), flow.target.find()
    if not flow.arithmetic or source.need >= target.need or target.level is Level.REAL:
        return False
    source.need = target.need
    return True
