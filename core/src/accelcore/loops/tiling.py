"""Register tiles of matrix products: which shape, which operands to pack, in what panels, by the machine's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from accelcore.ir.dtypes import DTYPES
from accelcore.ir.expr import Expr
from accelcore.loops.analysis import Contraction, calls
from accelcore.loops.edit import loops_of
from accelcore.loops.linear import polynomial
from accelcore.loops.nodes import Accumulate, Program, statements
from accelcore.loops.products import summed
from accelcore.loops.rewrites.compose import half_block
from accelcore.loops.unit import VectorUnit

if TYPE_CHECKING:
    from accelcore.loops.moves import Plan


_MOST_ROWS = 14
_MOST_FIXED = 16  # rows of a tile whose addresses are constants apart
_ADDRESSED = 12
"""Rows whose addresses the general registers hold; those of others wait in vector registers."""
_WIDEST = 4  # vectors of a tile's row
_FEW_ROWS = 4
"""So few rows leave registers for wider tiles."""
_LATENCY = 5.0  # cycles until a sum can be added to again: four, and one for what delays it
_START = 1.2  # cycles to clear one of a tile's vectors of sums and to store it


@dataclass(frozen=True)
class Shape:
    """A register tile: rows by vectors."""

    rows: int
    vectors: int


@dataclass(frozen=True)
class Product:
    """What a tile of a product needs to know.  Extents are 0 where they are not known.

    sums, operands: sums and shared operands of a step.  rows, columns, steps: extents; lanes: columns in a vector.
    """

    sums: int
    operands: int
    lanes: int
    rows: int = 0
    columns: int = 0
    steps: int = 0
    fixed: bool = False


def product_of(program: Program, c: Contraction, unit: VectorUnit, sizes: Mapping[str, int]) -> Product:
    """The facts of a contraction at known sizes."""
    updates = [s for s in statements(program.loop(c.inner).body) if isinstance(s, Accumulate)]
    rows, columns = (extent_of(program, name, sizes) for name in (c.row, c.column))
    steps = prod(value_of(f.extent, sizes) for f in loops_of((program.loop(c.inner),)))
    lanes = unit.lanes(updates[0].value.dtype)
    fixed = all(program.loop(name).extent.op == "const" for name in (c.row, c.column, c.inner))
    return Product(len(updates), len(c.reused), lanes, rows, columns, steps, fixed)


def shapes(p: Product, unit: VectorUnit) -> list[Shape]:
    """Register tiles that fit: the tallest ones of each width, those with the most multiply-adds per load first.

    A step of the inner loop keeps rows * vectors sums of each product, `vectors` of each shared operand, and one
    broadcast in registers, and loads rows + vectors * operands values.
    """
    found = [s for vectors in (4, 3, 2, 1) if (s := _tallest(p, unit, vectors)).rows >= 1]
    gain = {s: s.rows * s.vectors * p.sums / (s.rows + s.vectors * p.operands) for s in found}
    return sorted(found, key=lambda s: (-gain[s], s.vectors))


def _tallest(p: Product, unit: VectorUnit, vectors: int) -> Shape:
    """Of one row, each vector of a shared operand is used once, straight from memory, and takes no register."""
    rows = (unit.registers - 1 - vectors * p.operands) // (vectors * p.sums)
    single = vectors * p.sums < unit.registers
    return Shape(max(min(rows, _MOST_FIXED if p.fixed else _MOST_ROWS), int(single)), vectors)


def ranked(p: Product, unit: VectorUnit) -> list[Shape]:
    """The tiles that fit, the quickest on known extents first, the best of each width before others of its width."""
    if not p.rows or not p.columns:
        return shapes(p, unit)
    strips = -(-p.columns // p.lanes)
    cost = {
        s: _cycles_of(p, s)
        for vectors in ((16, 8, 6, 4, 3, 2, 1) if p.rows < _FEW_ROWS else (4, 3, 2, 1))
        if vectors <= strips
        for rows in range(1, _tallest(p, unit, vectors).rows + 1)
        if rows <= p.rows and (s := Shape(rows, vectors))
    }
    order = sorted(cost, key=lambda s: (cost[s], -s.rows))
    best = {s.vectors: s for s in reversed(order)}  # of each width, the quickest one
    return sorted(order, key=lambda s: best[s.vectors] is not s)


def _cycles_of(p: Product, s: Shape) -> float:
    """Cycles of a product: of whole blocks of rows, and of what is left in blocks of half a tile and row by row."""
    blocks, rest = divmod(p.rows, s.rows)
    half = max(half_block(s.rows), 1)
    parts = [(blocks, s.rows), (rest // half, half), (rest % half, 1)]
    return sum(count * _band(p, rows, s.vectors) for count, rows in parts if count)


def _band(p: Product, rows: int, vectors: int) -> float:
    """Cycles of a block of rows: whole strips of columns, then vector by vector."""
    whole, rest = divmod(p.columns, vectors * p.lanes)
    single = -(-rest // p.lanes)
    return whole * _step(p, rows, vectors) + single * _step(p, rows, 1)


def _step(p: Product, rows: int, vectors: int) -> float:
    """Cycles of a step of the inner loop, with its share of the tile's start and end.

    Two multiply-adds and two loads a cycle, at least the cycles that a sum waits for itself; loads that are hidden
    still cost a little, and those of shared operands twice that, since they come from farther away.  Addresses that do
    not fit the general registers come through the units that multiply.
    """
    shared = vectors * p.operands
    adds = rows * vectors * p.sums + (0 if p.fixed else 1.5 * max(rows - _ADDRESSED, 0))
    busy = max(adds / 2, (rows + shared) / 2, _LATENCY)
    return busy + (rows + 2 * shared) / 10 + _START * rows * vectors * p.sums / (p.steps or 256)


def tile_text(program: Program, c: Contraction, unit: VectorUnit, plan: Plan) -> str:
    """The tile of a matrix product as a rewrite."""
    product = product_of(program, c, unit, dict(plan.sizes))
    fitting = shapes(product, unit)
    best = ranked(product, unit)
    shape = next((s for s in fitting if s.vectors == plan.vectors), best[min(plan.choice, len(best) - 1)])
    rows = min(plan.rows or shape.rows, shape.rows)
    depth = _depth(program, c, unit)
    pack = "+".join(c.reused if plan.pack or depth > 1 else c.turned)
    panel = product.lanes * shape.vectors * (plan.panel or (1 if pack else 0))
    options = [f"interleave={shape.vectors}"] if shape.vectors > 1 else []
    options += [f"panel={panel}"] if panel else []
    options += [f"pack={pack}"] if pack else []
    options += ["apart=1"] if calls(program.loop(c.column)) and not plan.within else []
    options += [f"depth={depth}"] if depth > 1 else []
    return ", ".join([f"tile({c.row}, {rows}, {c.column}", *options]) + ")"


def aligned(program: Program, c: Contraction, unit: VectorUnit, sizes: Mapping[str, int]) -> bool:
    """Whether the rows of the shared operands are whole vectors."""
    p = product_of(program, c, unit, sizes)
    return p.columns % p.lanes == 0


def packed(program: Program, c: Contraction, unit: VectorUnit) -> bool:
    """Whether its tiles need a copy of an operand, at any sizes."""
    return bool(c.turned) or _depth(program, c, unit) > 1


def _depth(program: Program, c: Contraction, unit: VectorUnit) -> int:
    """Products that an instruction adds at once to each of the sums; 1 where it is one."""
    found = summed(program.loop(c.inner))
    if found is None or (DTYPES[found[0].value.dtype].is_float and not program.reassociate):
        return 1
    update, a, b = found
    return unit.steps(a.dtype, b.dtype, update.value.dtype)


def depth_of_sums(program: Program, c: Contraction, unit: VectorUnit, sizes: Mapping[str, int]) -> int:
    """Products to add at a time where a panel of the shared operands, as deep as the sums, outgrows the caches; else 0.

    So many that a dozen rows of the other operand take half of the nearest cache.
    """
    p = product_of(program, c, unit, sizes)
    size = (DTYPES[program.buffer(c.reused[0]).dtype].bits or 64) // 8
    if p.steps * p.lanes * _WIDEST * size * p.operands <= unit.l2 // 2:
        return 0
    return 1 << max((unit.l1 // (2 * _ADDRESSED * size)).bit_length() - 1, 4)


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
