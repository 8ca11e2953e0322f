"""The frame of a kernel's file: comment, arguments, local addresses, the exported function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from textwrap import indent
from typing import TYPE_CHECKING

from accelcore.cgen.abi import signature
from accelcore.cgen.names import ctype, identifier
from accelcore.values import AbiArg, Role, Task, abi_arguments

if TYPE_CHECKING:
    from accelcore_gemmini.lowering.ctext import Names
    from accelcore_gemmini.lowering.nest import Nest
    from accelcore_gemmini.lowering.result import Loop
    from accelcore_gemmini.moves.schedule import Schedule

_HELPERS = """\
static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }"""


def block(head: str, lines: Sequence[str]) -> str:
    """A function."""
    return "\n".join([f"{head} {{", indent("\n".join(lines), "    "), "}"])


def prelude(task: Task, schedule: Schedule) -> str:
    """What the file is, and what it needs."""
    how = "; ".join(schedule.text) or "one block at a time"
    head = f"/* {task.name} on a Gemmini accelerator.\n * Schedule: {how}.\n */"
    return f'{head}\n#include "include/gemmini.h"\n\n{_HELPERS}'


def definitions(task: Task, s: Schedule, group: int = 1) -> str:
    """Sizes of tiles, the arguments, where blocks lie in the local memories.

    group: blocks of rows that go together, for each of the schedule's rows.
    """
    s = replace(s, rows=s.rows * group)
    named = {"ROWS": s.rows, "COLS": s.cols, "DEPTH": s.depth, "LOAD_A": s.load_a, "LOAD_B": s.load_b}
    named["STORE"] = s.store
    sizes = f"enum {{ {', '.join(f'{name} = {value}' for name, value in named.items())} }};"
    fields = [f"    {_declared(a)};" for a in abi_arguments(task)]
    counts = [
        "    int64_t row_run, row_blocks, row_tiles, col_run, col_run_tiles, col_tiles;",
        "    int64_t depth_run, depth_run_steps, depth_steps, steps;",
    ]
    return "\n".join([
        "/* Blocks of DIM x DIM in a tile and in a step, and blocks that one command moves. */", sizes, "",
        "/* The arguments, and how many blocks, runs of blocks, tiles and steps they make. */",
        "static struct {", *fields, *counts, "} arg;", "",
        "/* Local addresses of blocks. */", *_places(s),
    ])  # fmt: skip


def _declared(a: AbiArg) -> str:
    if a.kind == "size":
        return f"int64_t {identifier(a.name)}"
    if a.kind == "scalar":
        return f"{ctype(a.dtype)} {identifier(a.name)}"
    return f"{'const ' if a.role is Role.IN else ''}{ctype(a.dtype)} *{identifier(a.name)}"


def _places(s: Schedule) -> list[str]:
    a, b = f"{s.rows * s.depth} * DIM", f"{s.depth * s.cols} * DIM"
    if s.banks:
        bases = "(half) * BANK_ROWS", f"({s.buffers} + (half)) * BANK_ROWS"
    else:
        bases = f"(half) * {a}", f"{s.buffers} * {a} + (half) * {b}"
    return [
        "enum { ADD = 1 << 30, FULL = 1 << 29 }; /* bits of an accumulator's address */",
        f"#define A(half, row, depth) ((uint32_t)({bases[0]} + ((row) * DEPTH + (depth)) * DIM))",
        f"#define B(half, depth, col) ((uint32_t)({bases[1]} + ((depth) * COLS + (col)) * DIM))",
        "#define ACC(half, row, col) (1u << 31 | (uint32_t)((half) * (ACC_ROWS / 2) + ((row) * COLS + (col)) * DIM))",
    ]


def entry(task: Task, nest: Nest, names: Names, refused: str, body: Sequence[str]) -> str:
    """The walk over the steps, and the exported function: 0 when done, 1 for sizes that it does not take."""
    lines = [f"arg.{identifier(a.name)} = {identifier(a.name)};" for a in abi_arguments(task)]
    lines += [f"if ({refused}) return 1;"] if refused else []
    lines += _counts(nest, names)
    lines += ["if (arg.steps > 0) run();", "return 0;"]
    head = signature(task.name, abi_arguments(task), workspace=False, restrict="")
    return "\n\n".join([block("static void run(void)", body), block(head, lines)])


def _counts(nest: Nest, names: Names) -> list[str]:
    lines = [
        f"arg.row_run = {_run(names, nest.rows.inner)};",
        f"arg.row_blocks = {_product(names, nest.rows.outer, _grouped(nest))};",
        "arg.row_tiles = parts(arg.row_blocks, ROWS);",
        f"arg.col_run = {_run(names, nest.cols.inner)};",
        "arg.col_run_tiles = parts(arg.col_run, COLS);",
        f"arg.col_tiles = {_product(names, nest.cols.outer, 'arg.col_run_tiles')};",
        f"arg.depth_run = {_run(names, nest.depth.inner)};",
        "arg.depth_run_steps = parts(arg.depth_run, DEPTH);",
        f"arg.depth_steps = {_product(names, nest.depth.outer, 'arg.depth_run_steps')};",
    ]
    every = _product(names, nest.batch, "arg.row_tiles * arg.col_tiles * arg.depth_steps")
    return [*lines, f"arg.steps = {every};"]


def _grouped(nest: Nest) -> str:
    return f"arg.row_run * {nest.rows.group}" if nest.rows.fast else "arg.row_run"


def _run(names: Names, inner: Loop | None) -> str:
    return f"parts({names.extent(inner)}, DIM)" if inner else "1"


def _product(names: Names, loops: Sequence[Loop], last: str) -> str:
    return " * ".join([*(f"({names.extent(loop)})" for loop in loops), last])
