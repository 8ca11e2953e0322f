"""C with the hardware's own loop: a group of commands for each tile, which the accelerator unrolls and overlaps."""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES
from accelcore.values import Task
from accelcore_gemmini.lowering.ctext import Names, bare, field, number_text, place_text
from accelcore_gemmini.lowering.frame import definitions, entry, prelude
from accelcore_gemmini.lowering.moves_text import scale_text
from accelcore_gemmini.lowering.nest import Axis, Nest
from accelcore_gemmini.lowering.reads import Read
from accelcore_gemmini.lowering.selfcheck import self_check
from accelcore_gemmini.moves.schedule import Schedule


class Hardware:
    """The text of one kernel.  UnsupportedLowering for nests that the loop cannot walk."""

    def __init__(self, task: Task, nest: Nest, schedule: Schedule, refused: str = "") -> None:
        self.task, self.nest, self.schedule, self.refused = task, nest, schedule, refused
        self.names = Names(nest)
        outer = (*nest.rows.outer, *nest.cols.outer, *nest.depth.outer)
        if nest.a is None or nest.b is None or outer or nest.guards or nest.result.pool or not nest.weights_held:
            raise UnsupportedLowering("the hardware loop walks one loop each of rows, columns and depth")
        if len(nest.result.terms) > 1:
            raise UnsupportedLowering("the hardware loop adds one bias")
        self.a, self.b = nest.a, nest.b
        self.d = nest.result.terms[0] if nest.result.terms else None

    def text(self) -> str:
        """The whole file."""
        parts = [prelude(self.task, self.schedule), definitions(self.task, self.schedule)]
        parts.append(entry(self.task, self.nest, self.names, self.refused, [*self._configuration(), *self._loops()]))
        return "\n\n".join(part for part in (*parts, self_check(self.task)) if part) + "\n"

    def _stride(self, read: Read, rows: Axis, *, whole: int = 1) -> str:
        """Distance of rows in memory, in elements or in bytes."""
        text = bare(number_text(read.stride(rows.variable), self.names.of))
        return text if whole == 1 else f"({text}) * {whole}"

    def _bytes(self, read: Read, rows: Axis) -> str:
        return self._stride(read, rows, whole=(DTYPES[read.dtype].bits or 8) // 8)

    def _configuration(self) -> list[str]:
        n, r = self.nest, self.nest.result
        activation = "RELU" if r.relu else "NO_ACTIVATION"
        turned = f"{int(n.a_turned)}, {int(n.b_turned)}"
        lines = [
            f"gemmini_extended_config_ex(WEIGHT_STATIONARY, NO_ACTIVATION, 0, 1, {turned});",
            f"gemmini_extended_config_st({self._bytes(r.target, n.rows)}, {activation}, {scale_text(r.scale)});",
            self._load(self.a, n.depth if n.a_turned else n.rows, 0),
            self._load(self.b, n.cols if n.b_turned else n.depth, 1),
        ]
        return [*lines, self._load(self.d, n.rows, 2)] if self.d else lines

    def _load(self, read: Read, rows: Axis, state: int) -> str:
        shrunk = int(state == 2 and read.dtype == "i8")
        return f"gemmini_extended3_config_ld({self._bytes(read, rows)}, MVIN_SCALE_IDENTITY, {shrunk}, {state});"

    def _loops(self) -> list[str]:
        s = self.schedule
        outer, inner = ("row", "col") if s.outer == "rows" else ("col", "row")
        sizes = {"row": "ROWS", "col": "COLS"}
        lines = ["for (int64_t t = 0; t < arg.steps / (arg.row_tiles * arg.col_tiles * arg.depth_steps); t++) {"]
        lines += [
            f"    for (int64_t {outer} = 0; {outer} < arg.{outer}_run; {outer} += {sizes[outer]})",
            f"    for (int64_t {inner} = 0; {inner} < arg.{inner}_run; {inner} += {sizes[inner]})",
            "    for (int64_t depth = 0; depth < arg.depth_run; depth += DEPTH) {",
            *("        " + line for line in self._tile()),
            "    }",
            "}",
            "gemmini_fence();",
        ]
        return lines

    def _tile(self) -> list[str]:
        n = self.nest
        lines = ["int64_t batch = t;", *self.names.walked(n.batch, "batch")] if n.batch else []
        for name, axis, size in (("row", n.rows, "ROWS"), ("col", n.cols, "COLS"), ("depth", n.depth, "DEPTH")):
            lines.append(f"const int64_t {name}s = least({size}, arg.{name}_run - {name});")
            extent = self.names.extent(axis.inner)
            lines.append(f"const int64_t {name}_pad = most(0, ({name} + {name}s) * DIM - ({extent}));")
            if axis.inner:
                lines.append(f"const int64_t {self.names.of[axis.inner.variable]} = {name} * DIM;")
        bias = f"depth == 0 ? {self._at(self.d)} : NULL" if self.d else "NULL"
        adds = "1" if self.d else "depth > 0"
        strides = [
            self._stride(self.a, n.depth if n.a_turned else n.rows),
            self._stride(self.b, n.cols if n.b_turned else n.depth),
            self._stride(self.d, n.rows) if self.d else "0",
            self._stride(n.result.target, n.rows),
        ]
        flags = f"{int(n.a_turned)}, {int(n.b_turned)}, {int(n.result.full)}, {int(self._low())}, {adds}"
        activation = "RELU" if n.result.relu else "NO_ACTIVATION"
        return [
            *lines,
            "gemmini_loop_ws(rows, cols, depths, row_pad, col_pad, depth_pad,",
            f"                {self._at(self.a)}, {self._at(self.b)}, {bias},",
            f"                depth + depths == arg.depth_run ? {self._at(n.result.target)} : NULL,",
            f"                {', '.join(strides)},",
            f"                {flags}, {activation}, 0, 0, 0);",
        ]

    def _low(self) -> bool:
        """Whether the bias is of elements."""
        return self.d is not None and self.d.dtype == "i8"

    def _at(self, read: Read | None) -> str:
        assert read is not None
        return f"{field(read.name)} + ({place_text(read, self.names.of)})"
