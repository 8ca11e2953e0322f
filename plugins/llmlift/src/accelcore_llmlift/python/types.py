"""Type variables of the inference: what a Python value can be here.

A value is a scalar with a level, or an array of such values.  Levels are ordered, a value's level is the least that
its uses allow: BOOL < INDEX (made of sizes, counters and integer constants) < INT (read from data) < REAL.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_AXES = 8
"""Ranks beyond this grow without end: two values that each have one axis more than the other."""


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
        """The type of its elements; makes it an array, whose numbers are what it was known to be."""
        node = self.find()
        if node.element is None:
            node.element = Type(node.level, fixed=node.fixed)
            node.element.need = node.need
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


class Link(enum.Enum):
    """What two values have in common when one reaches the other."""

    SAME = "same"
    """Axes and numbers: an assignment."""
    BROADCAST = "broadcast"
    """The target has at least as many axes, and takes the numbers: an operand."""
    SHAPE = "shape"
    """Axes alone: zeros_like."""
    NUMBERS = "numbers"
    """Numbers alone: a reduction over some axes."""


@dataclass(frozen=True)
class Flow:
    """Values of `source` reach `target`.

    arithmetic: through + - * and the like, so that needs pass backwards.
    """

    source: Type
    target: Type
    arithmetic: bool = True
    link: Link = Link.SAME


def settle(flows: list[Flow], rules: Sequence[Callable[[], bool]] = ()) -> None:
    """Propagate array structure, then needs backwards, then levels forwards, each to its fixed point.

    rules: further laws of ranks; each raises ranks and says whether it did.
    """
    while sum(_structure(flow) for flow in flows) + sum(rule() for rule in rules):
        pass
    # A need passes backwards unless a real value is known to flow in: (x * 0.5) // 1 asks no integer of x.
    while sum(_level(flow) for flow in flows):
        pass
    while sum(_need(flow) for flow in flows):
        pass


def _structure(flow: Flow) -> bool:
    if flow.link is Link.NUMBERS:
        return False
    if flow.link is Link.BROADCAST:
        return raise_rank(flow.target, flow.source.rank)
    if flow.link is Link.SHAPE:
        rank = max(flow.source.rank, flow.target.rank)
        return raise_rank(flow.source, rank) + raise_rank(flow.target, rank) > 0
    source, target = flow.source.find(), flow.target.find()
    if source.element is None and target.element is None:
        return False
    return unify(source.elements(), target.elements())


def raise_rank(node: Type, rank: int) -> bool:
    """Give a value at least so many axes; whether it had fewer."""
    before = node.rank
    if before >= rank:
        return False
    if rank > MOST_AXES:
        raise CyclicTypeError
    for _ in range(rank):
        node = node.elements()
    return True


def _ends(flow: Flow) -> tuple[Type, Type]:
    """The numbers that flow: those inside where axes may differ."""
    if flow.link is Link.SAME:
        return flow.source.find(), flow.target.find()
    return flow.source.leaf, flow.target.leaf


def _level(flow: Flow) -> bool:
    if flow.link is Link.SHAPE:
        return False
    source, target = _ends(flow)
    if target.fixed or target.level >= source.level:
        return False
    target.level = source.level
    return True


def _need(flow: Flow) -> bool:
    source, target = _ends(flow)
    if not flow.arithmetic or source.need >= target.need or target.level is Level.REAL:
        return False
    source.need = target.need
    return True
