"""Register tiles of matrix products: which shape, which operands to pack, in what panels, by the machine's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.analysis import Contraction, calls, widest
from accelcore.loops.linear import polynomial
from accelcore.loops.nodes import Accumulate, Program, statements
from accelcore.loops.products import summed
from accelcore.loops.unit import VectorUnit

if TYPE_CHECKING:
    from accelcore.loops.moves import Plan


@dataclass(frozen=True)
class Shape:
    """A register tile: rows by vectors."""

    rows: int
    vectors: int


def shapes(program: Program, c: Contraction, unit: VectorUnit) -> list[Shape]:
    """Register tiles that fit, those with the most multiply-adds per load first.

    A step of the inner loop keeps rows * vectors sums of each product, `vectors` of each shared operand, and one
    broadcast in registers, and loads rows + vectors * operands values.
    """
    sums = sum(isinstance(s, Accumulate) for s in statements(program.loop(c.inner).body)) or 1
    operands = len(c.reused)
    found = []
    for vectors in (4, 3, 2, 1):
        rows = min((unit.registers - 1 - vectors * operands) // (vectors * sums), 14)
        if rows >= 1:
            found.append(Shape(rows, vectors))
    gain = {s: s.rows * s.vectors * sums / (s.rows + s.vectors * operands) for s in found}
    return sorted(found, key=lambda s: (-gain[s], s.vectors))


def tile_text(program: Program, c: Contraction, unit: VectorUnit, plan: Plan) -> str:
    """The tile of a matrix product as a rewrite."""
    fitting = shapes(program, c, unit)
    shape = next((s for s in fitting if s.vectors == plan.vectors), fitting[0])
    if not plan.vectors and plan.sizes:
        shape = _matching(program, c, unit, fitting, dict(plan.sizes))
    rows = min(plan.rows or shape.rows, shape.rows)
    lanes, depth = _lanes(program, c, unit), _depth(program, c, unit)
    pack = "+".join(c.reused if plan.pack or depth > 1 else c.turned)
    panel = lanes * shape.vectors * (plan.panel or (1 if pack else 0))
    options = [f"interleave={shape.vectors}"] if shape.vectors > 1 else []
    options += [f"panel={panel}"] if panel else []
    options += [f"pack={pack}"] if pack else []
    options += ["apart=1"] if calls(program.loop(c.column)) else []
    options += [f"depth={depth}"] if depth > 1 else []
    return ", ".join([f"tile({c.row}, {rows}, {c.column}", *options]) + ")"


def _lanes(program: Program, c: Contraction, unit: VectorUnit) -> int:
    """Columns in a vector of sums."""
    return unit.lanes(widest(program, program.loop(c.column)))


def _depth(program: Program, c: Contraction, unit: VectorUnit) -> int:
    """Products that an instruction adds at once to each of the sums; 1 where it is one."""
    found = summed(program.loop(c.inner))
    if found is None or (DTYPES[found[0].value.dtype].is_float and not program.reassociate):
        return 1
    update, a, b = found
    return unit.steps(a.dtype, b.dtype, update.value.dtype)


def _matching(program: Program, c: Contraction, unit: VectorUnit, fitting: list[Shape], sizes: dict[str, int]) -> Shape:
    """The tile that wastes least on known extents: rows evened out over the blocks, columns over the strips.

    A tile costs, per step of the inner loop, its multiply-adds and its loads at two a cycle, at least the four cycles
    that a sum waits for itself.
    """
    total_rows, total_columns = (extent_of(program, name, sizes) for name in (c.row, c.column))
    if not total_rows or not total_columns:
        return fitting[0]
    strips = -(-total_columns // _lanes(program, c, unit))
    operands = len(c.reused)
    options: dict[Shape, float] = {}
    for s in fitting:
        vectors = min(s.vectors, strips)
        blocks = -(-total_rows // s.rows)
        rows = -(-total_rows // blocks)
        step = max(rows * vectors / 2, (rows + vectors * operands) / 2, 4.0)
        options.setdefault(Shape(rows, vectors), step * total_rows / rows * -(-strips // vectors))
    return min(options, key=lambda s: (options[s], -s.rows))  # more rows read the shared operand less often


def extent_of(program: Program, iterator: str, sizes: Mapping[str, int]) -> int:
    """Iterations of a loop at known sizes; 0 when they are not known."""
    return value_of(program.loop(iterator).extent, sizes)


def value_of(extent: Expr, sizes: Mapping[str, int]) -> int:
    """An extent at known sizes; 0 when it is not a polynomial of known ones."""
    total = 0
    for monomial, factor in polynomial(extent).items():
        part = factor
        for atom in monomial:
            if not isinstance(atom, str) or atom not in sizes:
                return 0
            part *= sizes[atom]
        total += part
    return max(total, 0)


def bytes_of(program: Program, name: str, sizes: Mapping[str, int]) -> int:
    """Bytes of a buffer at known sizes; 0 when they are not known."""
    buffer = program.buffer(name)
    return prod(value_of(extent, sizes) for extent in buffer.shape) * (DTYPES[buffer.dtype].bits or 64) // 8
