"""What to try next on a kernel: changes of its schedule, the most promising first.

The first moves are recipes, several changes at once: they take the simplest kernel to one that keeps the array busy.
The others change one choice.  All replay: a move's name is text of `Schedule.after`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelcore.errors import IllegalRewrite
from accelcore.values import Kernel, Move, Summary, Task, size_names
from accelcore_gemmini.config import Config
from accelcore_gemmini.moves.schedule import Schedule, replay

_WORDS = {
    "tile(rows": "another number of rows of blocks in a tile: each block of weights serves all of them",
    "tile(cols": "another number of columns of blocks in a tile: each loaded block of A serves all of them",
    "tile(depth": "another number of blocks of depth in a step: fewer, longer steps",
    "width(a": "load so many blocks of A with one command: rows of 64 bytes use the memory port fully",
    "width(b": "load so many blocks of B with one command: rows of 64 bytes use the memory port fully",
    "width(store": "store so many blocks with one command",
    "buffers(": "load the next step while this one computes, in halves of scratchpad and accumulator",
    "banks(": "A and B, and their halves, in scratchpad banks of their own: no access waits for another's port",
    "spread(": "loads and stores between the computes, so that the reservation station never fills with them",
    "reuse(": "weights stay in the array over all rows of a tile: preload the garbage address",
    "overwrite(": "the first product of a sum overwrites the accumulator instead of adding to loaded zeros",
    "hoist(": "each operand has its own load state, configured once before all loops",
    "hardware(": "each tile by the loop command of the hardware, which unrolls and overlaps by itself",
    "outer(": "the other loop over tiles outermost: the other operand is reused from tile to tile",
}
"""The menu in words, by the start of a step."""


_USUAL = 64  # what a size without a value is taken to be


@dataclass(frozen=True)
class Extents:
    """Blocks of a task at its first sizes: of all rows, of a run of columns, of a run of depth.

    group: blocks of rows that go together, in windows; a tile is then one column of blocks wide.
    """

    rows: int
    cols: int
    depth: int
    group: int = 1


def merged(steps: Sequence[str], move: str) -> tuple[str, ...]:
    """The schedule after a move, each choice said once."""
    made = Schedule()
    for step in (*steps, move):
        made = made.after(step)
    return made.text


def moves(task: Task, kernel: Kernel, config: Config) -> Sequence[Move]:
    """Moves that change the kernel's schedule and fit the instance."""
    if not isinstance(task.reference, Summary) or len(task.reference.post) > 1:
        return ()
    now, extents = replay(kernel.schedule, config), _extents(task, config)
    found: dict[tuple[str, ...], Move] = {now.text: Move("")}
    for name in (*_recipes(extents, config), *_hardware(extents, config), *_steps(now, extents)):
        try:
            made = now.after(name)
        except IllegalRewrite:
            continue
        if not made.problem(config):
            found.setdefault(made.text, Move(name, _words(name)))
    return tuple(found.values())[1:]


def _words(name: str) -> str:
    found = [next(words for start, words in _WORDS.items() if step.startswith(start)) for step in name.split("; ")]
    return "; ".join(dict.fromkeys(found))


def _extents(task: Task, config: Config) -> Extents:
    from math import prod

    from accelcore.judge.extents import number
    from accelcore_gemmini.lowering.derive import placed
    from accelcore_gemmini.lowering.nest import Axis

    nest = placed(task, config)
    sizes = dict.fromkeys(size_names(task), _USUAL) | dict(task.sizes[0] if task.sizes else ())

    def run(axis: Axis) -> int:
        return -(-max(number(axis.inner.extent, sizes), 1) // config.dim) if axis.inner else 1

    outer = prod(max(number(loop.extent, sizes), 1) for loop in nest.rows.outer)
    group = nest.rows.group
    return Extents(run(nest.rows) * outer, 1 if group > 1 else run(nest.cols), run(nest.depth), group)


def _recipes(e: Extents, config: Config) -> Iterator[str]:
    """Two buffers in banks of their own, and tiles that fill half the accumulator, from square to tall."""
    widest = max(config.max_bytes // (config.dim * config.element_bytes), 1)
    half = config.acc_rows // 2 // config.dim // e.group
    always = "buffers(2); spread(); reuse(); overwrite(); hoist()"
    if config.spad_banks >= 4:
        always = f"banks(); {always}"
    for cols in dict.fromkeys(min(n, e.cols) for n in (widest, 2 * widest, 1, 2, 4 * widest)):
        rows = max(min(half // cols, e.rows), 1)
        for depth in dict.fromkeys(min(n, e.depth) for n in (widest, 2 * widest)):
            wide = f"width(a, {widest}); width(b, {widest}); width(store, {min(widest, cols)})"
            yield f"tile(rows, {rows}); tile(cols, {cols}); tile(depth, {depth}); {wide}; {always}"


def _hardware(e: Extents, config: Config) -> Iterator[str]:
    """Tiles of the hardware's loop: half of each memory."""
    half = config.acc_rows // 2 // config.dim
    for cols in dict.fromkeys(min(n, e.cols) for n in (4, 2, 8)):
        rows = max(min(half // cols, e.rows), 1)
        depth = max(min(config.spad_rows // 2 // config.dim // (rows + cols), e.depth), 1)
        yield f"tile(rows, {rows}); tile(cols, {cols}); tile(depth, {depth}); hardware()"


def _steps(s: Schedule, e: Extents) -> Iterator[str]:
    """Single changes: the flags, then sizes next to those of now, then widths."""
    for flag in ("reuse", "overwrite", "hoist", "banks", "spread"):
        yield f"{flag}()"
    yield "buffers(2)"
    for name, now, most in (("rows", s.rows, e.rows), ("cols", s.cols, e.cols), ("depth", s.depth, e.depth)):
        for value in (2 * now, 4 * now, now // 2, now + 1, now - 1, most):
            if 1 <= value <= min(most, 256):
                yield f"tile({name}, {value})"
    for name in ("a", "b", "store"):
        for value in (4, 2, 1):
            yield f"width({name}, {value})"
    yield f"outer({'cols' if s.outer == 'rows' else 'rows'})"
