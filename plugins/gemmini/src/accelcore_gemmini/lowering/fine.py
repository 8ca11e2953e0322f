"""C with one command for every block: the kernel of a nest under a schedule.

The kernel walks *steps*: a step multiplies a tile's blocks of rows by its blocks of columns over some blocks of depth.
The tile's sums stay in the accumulator from the first step of its depth to the last; then they are stored.

Invariant: commands take effect in program order, and every local row is written before it is read and read before it is
overwritten in that order.  With two buffers, step t reads one half of the scratchpad and writes one half of the
accumulator, while step t + 1 is loaded to the others and the tile before is stored; all of that has been issued when
step t + 1 starts.
"""

from __future__ import annotations

from accelcore.values import Task
from accelcore_gemmini.lowering.ctext import Names
from accelcore_gemmini.lowering.frame import block, definitions, entry, prelude
from accelcore_gemmini.lowering.moves_text import Moves
from accelcore_gemmini.lowering.nest import Axis, Nest
from accelcore_gemmini.lowering.selfcheck import self_check
from accelcore_gemmini.moves.schedule import Schedule

_LEAD = (3, 4)
"""Loads and stores are spread over the first three quarters of a step's computes, so that the last ones arrive in time
(the reservation station holds eight pairs, 128 cycles; a load takes about as long)."""


class Fine:
    """The text of one kernel.  Blocks are DIM wide, which the header defines."""

    def __init__(self, task: Task, nest: Nest, schedule: Schedule, refused: str = "") -> None:
        self.task, self.nest, self.schedule, self.refused = task, nest, schedule, refused
        self.names = Names(nest)
        self.moves = Moves(nest, schedule, self.names)

    def text(self) -> str:
        """The whole file."""
        parts = [prelude(self.task, self.schedule), _STEP, self._step_at()]
        parts.insert(1, definitions(self.task, self.schedule, self.nest.rows.group))
        parts += self.moves.functions()
        if self.nest.a is not None:
            parts.append(self._compute())
        parts.append(entry(self.task, self.nest, self.names, self.refused, self._body()))
        return "\n\n".join(part for part in (*parts, self_check(self.task)) if part) + "\n"

    # Which step is which.

    def _step_at(self) -> str:
        fast, slow = ("col", "row") if self.schedule.outer == "rows" else ("row", "col")
        two = self.schedule.buffers == 2
        lines = [
            "step s;",
            f"s.half = {'t % 2' if two else '0'};",
            "s.depth = t % arg.depth_steps;",
            "t /= arg.depth_steps;",
            f"s.acc = {'t % 2' if two else '0'};",
            "s.first = s.depth == 0, s.last = s.depth + 1 == arg.depth_steps;",
            f"s.{fast} = t % arg.{fast}_tiles, t /= arg.{fast}_tiles;",
            f"s.{slow} = t % arg.{slow}_tiles, s.batch = t / arg.{slow}_tiles;",
            "s.row *= ROWS;",
            "s.rows = least(ROWS, arg.row_blocks - s.row);",
            "s.col_outer = s.col / arg.col_run_tiles, s.col = s.col % arg.col_run_tiles * COLS;",
            "s.cols = least(COLS, arg.col_run - s.col);",
            "s.depth_outer = s.depth / arg.depth_run_steps, s.depth = s.depth % arg.depth_run_steps * DEPTH;",
            "s.depths = least(DEPTH, arg.depth_run - s.depth);",
            "return s;",
        ]
        return "/* The step of a number. */\n" + block("static step step_at(int64_t t)", lines)

    # The array.

    def _compute(self) -> str:
        counts = ["const int64_t pairs = s->rows * s->cols * s->depths;", "int64_t due = 0;"]
        lines = counts if self.schedule.spread else []
        lines += self._weights_held() if self.nest.weights_held else self._sums_held()
        lines += ["while (work_left(w)) side(w);"] if self.schedule.spread else []
        return block(f"static void compute(const step *s{', work *w' if self.schedule.spread else ''})", lines)

    def _weights_held(self) -> list[str]:
        """A block of B goes into the array, and the blocks of A pass."""
        s = self.schedule
        overwrites = s.overwrite and not self.nest.result.terms
        adds = "(s->first && k == 0 ? 0 : ADD)" if overwrites else "ADD"
        fresh = _pair("preloaded", "B(s->half, k, c), to, wide, deep, wide, tall", "deep, tall, DIM, DIM")
        held = _pair("accumulated", "GARBAGE_ADDR, to, DIM, DIM, wide, tall", "deep, tall, DIM, DIM")
        if s.reuse:
            fresh = ["if (r == 0) {", *("    " + x for x in fresh), "} else {", *("    " + x for x in held), "}"]
        inside = ["const int64_t tall = rows_of(s->row + r);", f"const uint32_t to = ACC(s->acc, r, c) | {adds};"]
        return [
            "for (int64_t k = 0; k < s->depths; k++)",
            "    for (int64_t c = 0; c < s->cols; c++) {",
            f"        const int64_t deep = {self._size(self.nest.depth, 's->depth + k')};",
            f"        const int64_t wide = {self._size(self.nest.cols, 's->col + c')};",
            "        for (int64_t r = 0; r < s->rows; r++) {",
            *("            " + line for line in (*inside, *fresh, *self._side())),
            "        }",
            "    }",
        ]

    def _sums_held(self) -> list[str]:
        """A block of sums stays in the array over the step's depth: the way to multiply two transposed operands."""
        s = self.schedule
        overwrites = s.overwrite and not self.nest.result.terms
        adds = "(s->first ? 0 : ADD)" if overwrites else "ADD"
        sizes = "deep, tall, wide, deep"
        first = _pair("preloaded", "GARBAGE_ADDR, to, wide, tall, wide, tall", sizes, "B(s->half, k, c)")
        later = _pair("accumulated", "GARBAGE_ADDR, to, wide, tall, wide, tall", sizes, "B(s->half, k, c)")
        return [
            "for (int64_t c = 0; c < s->cols; c++)",
            "    for (int64_t r = 0; r < s->rows; r++) {",
            f"        const int64_t wide = {self._size(self.nest.cols, 's->col + c')};",
            "        const int64_t tall = rows_of(s->row + r);",
            "        for (int64_t k = 0; k < s->depths; k++) {",
            f"            const int64_t deep = {self._size(self.nest.depth, 's->depth + k')};",
            f"            const uint32_t to = k + 1 < s->depths ? GARBAGE_ADDR : ACC(s->acc, r, c) | {adds};",
            *("            " + x for x in ("if (k == 0) {", *("    " + y for y in first), "} else {")),
            *("            " + x for x in (*("    " + y for y in later), "}", *self._side())),
            "        }",
            "    }",
        ]

    def _side(self) -> list[str]:
        """Loads and stores that are due after a product."""
        if not self.schedule.spread:
            return []
        step = f"pairs * {_LEAD[0]}"
        return [f"for (due += w->all * {_LEAD[1]}; due >= {step} && work_left(w); due -= {step}) side(w);"]

    def _size(self, axis: Axis, place: str) -> str:
        return f"least(DIM, {self.names.extent(axis.inner)} - ({place}) * DIM)" if axis.inner else "1"

    # The whole.

    def _body(self) -> list[str]:
        lines = self.moves.configuration()
        return [*lines, *(self._overlapped() if self.schedule.buffers == 2 else self._plain()), "gemmini_fence();"]

    def _plain(self) -> list[str]:
        compute = ["    compute(&s);"] if self.nest.a is not None else []
        return [
            "for (int64_t t = 0; t < arg.steps; t++) {",
            "    const step s = step_at(t);",
            "    for (int64_t n = 0; n < loads(&s); n++) load(&s, n);",
            *compute,
            "    for (int64_t n = 0; s.last && n < stores(&s); n++) store(&s, n);",
            "}",
        ]

    def _overlapped(self) -> list[str]:
        side = ["    while (work_left(&w)) side(&w);"] if not self.schedule.spread or self.nest.a is None else []
        compute = [f"    compute(&now{', &w' if self.schedule.spread else ''});"] if self.nest.a is not None else []
        return [
            "step now = step_at(0), next, done;",
            "int64_t waiting = 0; /* stores of the tile before */",
            "for (int64_t n = 0; n < loads(&now); n++) load(&now, n);",
            "for (int64_t t = 0; t < arg.steps; t++) {",
            "    const int more = t + 1 < arg.steps;",
            "    next = more ? step_at(t + 1) : now;",
            "    work w = {&next, &done, more ? plain_loads(&next) : 0, more ? loads(&next) : 0, 0, waiting, 0, 0};",
            "    w.all = w.loads + w.stores;",
            *side,
            *compute,
            "    waiting = now.last ? stores(&now) : 0;",
            "    if (now.last) done = now;",
            "    now = next;",
            "}",
            "for (int64_t n = 0; n < waiting; n++) store(&done, n);",
        ]


def _pair(kind: str, preload: str, sizes: str, other: str = "GARBAGE_ADDR") -> list[str]:
    """One block product: a preload, which names what the array holds and the destination, and a compute."""
    return [
        f"gemmini_extended_preload({preload});",
        f"gemmini_extended_compute_{kind}(A(s->half, r, k), {other}, {sizes});",
    ]


_STEP = """\
typedef struct {
    int64_t batch, row, rows, col_outer, col, cols, depth_outer, depth, depths; /* first block and number of blocks */
    int first, last; /* of the sum */
    uint32_t half, acc; /* which part of the scratchpad, of the accumulator */
} step;"""
