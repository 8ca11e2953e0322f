"""What lowering writes into: nested blocks of lines, ranges of the two axes of a tile, and values that are tiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from accelcore.ir.expr import Expr, var

ROW, COLUMN = 1_000_001, 1_000_002
"""Numbers of the variables that stand for the position in the partitions and in the free axis of a tile."""
ROWS, COLUMNS = var(ROW), var(COLUMN)
PARTITIONS = 128
NOMINAL = 4096
"""Extent that axes are taken to have where engines are balanced; only ratios of busy times depend on it."""
BANK = 512  # float32 elements of a PSUM bank


@dataclass(eq=False)
class Block:
    """Lines of one indentation.  A block joins its parent when it is closed, so what is hoisted meanwhile precedes it.

    values: what has been computed here, by expression and ranges.  turns: the line before each instruction, of its
    operation and operands, where it is the body of a generator that gives way there, so that several of them can be
    written in turns.  trips: how often it runs, at extents of NOMINAL.
    """

    parent: Block | None = None
    head: str = ""
    lines: list[str] = field(default_factory=list)
    values: dict[object, object] = field(default_factory=dict)
    turns: Callable[[str], str] | None = None
    trips: float = 1.0

    @property
    def depth(self) -> int:
        """Number of blocks around it."""
        return 0 if self.parent is None else self.parent.depth + 1

    def close(self) -> None:
        """Become part of the parent."""
        assert self.parent is not None
        if self.lines and not self.head:
            self.parent.lines.extend(self.lines)
        elif self.lines and self.turns:
            self.parent.lines.append(self.head)
            self.parent.lines.extend(f"    {line}" for line in _yielding(self.lines, self.turns))
        elif self.lines:
            self.parent.lines.append(self.head)
            self.parent.lines.extend(f"    {line}" for line in self.lines)


def _yielding(lines: list[str], turns: Callable[[str], str]) -> list[str]:
    """The lines with a `yield` before each instruction, and before what has to be waited for.

    Lines of a generator inside have theirs already.
    """
    found: list[str] = []
    for line in lines:
        bare = line.lstrip()
        turn = turns(bare)
        if turn and not (found and found[-1].lstrip().startswith("yield")):
            found.append(f"{line[: len(line) - len(bare)]}{turn}")
        found.append(line)
    return found


@dataclass(eq=False)
class Range:
    """A part of an axis: `count` positions from `start`, both Python text.

    most: an upper bound of count.  block: where it is known.  outer: the larger range that it is part of, when operands
    are hoisted for that one, and `offset` its start in it.
    """

    start: str
    count: str
    most: int
    block: Block
    outer: Range | None = None
    offset: str = "0"


@dataclass(frozen=True)
class Frame:
    """The tile that is computed: its rows on partitions, its columns on the free axis."""

    rows: Range
    columns: Range


@dataclass(frozen=True)
class Value:
    """A number (Python text), or a tile by name.

    span: elements a partition, at extents of NOMINAL.  wide: has the frame's columns, else one.  rows, columns: text of
    its extents.  literal: what a number is, where that is known.
    """

    text: str
    wide: bool = False
    number: bool = False
    dtype: str = "float32"
    psum: bool = False
    rows: str = ""
    columns: str = "1"
    literal: float | None = None
    span: int = 1

    def at(self, frame: Frame) -> str:
        """The tile in a frame: a tile of more rows or columns than the frame has is cut."""
        if self.number:
            return self.text
        rows = frame.rows.count
        columns = frame.columns.count if self.wide else "1"
        if self.rows == rows and self.columns == columns:
            return self.text
        return f"{self.text}[0:{rows}, 0:{columns}]"


def has(e: Expr, number: int) -> bool:
    """Whether the expression depends on a variable."""
    return number in e.free


class Names:
    """Fresh Python names."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)

    def new(self, stem: str) -> str:
        """A name that nothing has yet."""
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}{number}"
        self._taken.add(name)
        return name
