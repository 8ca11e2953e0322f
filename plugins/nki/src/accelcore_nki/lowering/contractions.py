"""Sums of products on the tensor engine: [K, M] stationary, [K, N] moving, accumulated over K in PSUM.

A tile of a result is such a product when the factors of its terms split into those that depend on the row and those
that depend on the column, and share a summed index.  Operands are computed like any value, with the summed index on the
partitions; one that holds a reduction over columns of its row is computed in its rows and turned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from accelcore.ir.expr import Expr, binary, index, param, substitute, walk
from accelcore.ir.products import factors, nested_sum
from accelcore_nki.lowering.elementwise import Elementwise
from accelcore_nki.lowering.frames import (
    BANK,
    COLUMN,
    COLUMNS,
    NOMINAL,
    PARTITIONS,
    ROW,
    ROWS,
    Block,
    Frame,
    Range,
    Value,
)
from accelcore_nki.lowering.loads import Pattern
from accelcore_nki.lowering.texts import tidy

_LONG = 2048  # columns of a row that are loaded at a time to be turned
_MATRIX = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Product:
    """sum over `summed` of left * right, times `scale`; `inner` of the summed indices is contracted."""

    inner: tuple[int, Expr]
    others: tuple[tuple[int, Expr], ...]
    left: Expr
    right: Expr
    scale: Expr | None


def split(e: Expr) -> Product | None:
    """The parts of a sum of products; None when it is no product of matrices in its row and column."""
    if e.op != "reduce" or e.kind != "sum" or len(e.args) != 2 or not {ROW, COLUMN} <= e.free:
        return None
    ranges, body = nested_sum(e)
    summed = frozenset(number for number, _ in ranges)
    found, sign = factors(body, summed)
    sides: dict[str, list[Expr]] = {"left": [], "right": [], "scale": []}
    for factor in found:
        if not factor.free & summed:
            sides["scale"].append(factor)
        elif {ROW, COLUMN} <= factor.free:
            return None
        else:
            sides["right" if COLUMN in factor.free else "left"].append(factor)
    if not sides["left"] or not sides["right"]:
        return None
    left, right = _times(sides["left"]), _times(sides["right"])
    inner = [r for r in ranges if r[0] in left.free and r[0] in right.free]
    if not inner:
        return None
    scale = ([] if sign > 0 else [index_real(-1)]) + sides["scale"]
    others = tuple(r for r in ranges if r is not inner[-1])
    return Product(inner[-1], others, left, right, _times(scale) if scale else None)


def index_real(value: int) -> Expr:
    """A constant real."""
    from accelcore.ir.expr import const

    return const(float(value), "real")


def _times(found: Sequence[Expr]) -> Expr:
    total = found[0]
    for factor in found[1:]:
        total = binary("mul", total, factor)
    return total


class Contractions(Elementwise):
    """Products of matrices."""

    def product(self, e: Expr, frame: Frame) -> Value | None:
        """The tile of a sum of products; None when it is none."""
        found = split(e)
        if found is None or frame.rows.most == 1:
            return None
        if found.scale is not None:
            bare = bare_sum(found)
            return self.value(binary("mul", bare, found.scale), frame)
        if frame.columns.most <= BANK:
            return self._bank(found, frame)
        result = self.tile(frame, wide=True, stem="product")
        with self.chunks(frame.columns.count, BANK, base=frame.columns) as columns:
            part = self._bank(found, replace(frame, columns=columns))
            rows, at = frame.rows.count, columns.offset
            target = f"{result.text}[0:{rows}, {at}:{at} + {columns.count}]"
            self.emit(f"nisa.tensor_copy({target}, {part.text}{self.copy_engine(part)})")
        return result

    @contextmanager
    def chunks(self, extent: str, size: int, base: Range | None = None) -> Iterator[Range]:
        """A loop over an axis (or over the range `base`) in parts of `size`."""
        at = self.names.new("j0")
        with self.loop(at, f"range(0, {extent}, {size})", _trips(base, size)) as block:
            count = self.names.new("jn")
            self.emit(f"{count} = min({size}, {extent} - {at})")
            start = at
            if base is not None and base.start != "0":
                start = self.names.new("j")
                self.emit(f"{start} = {base.start} + {at}")
                self.loops[start] = block
            yield Range(start, count, size, block, outer=base, offset=at)

    def in_psum(self, e: Expr, frame: Frame) -> Value:
        """The tile of an expression, over several banks of PSUM where it is a product of matrices."""
        found = split(e)
        if found is None or found.scale is not None:
            return self.spread_out(self.value(e, frame), frame)
        name = self.names.new("scores")
        self.emit(f"{name} = nl.ndarray(({frame.rows.count}, {frame.columns.count}), dtype=nl.float32, buffer=nl.psum)")
        return self.in_banks(found, frame, name)

    def in_banks(self, found: Product, frame: Frame, name: str, *, used: bool = False) -> Value:
        """A product in a tile over several banks of PSUM; used: what is in the tile is written over."""
        rows, count = frame.rows.count, frame.columns.count
        at, size = self.names.new("b0"), self.names.new("bn")
        with self.loop(at, f"range(0, {count}, {BANK})", _trips(frame.columns, BANK)) as block:
            self.emit(f"{size} = min({BANK}, {count} - {at})")
            start = self.names.new("b")
            self.emit(f"{start} = {frame.columns.start} + {at}")
            columns = Range(start, size, BANK, block, frame.columns.outer, start)
            self._bank(found, replace(frame, columns=columns), f"{name}[0:{rows}, {at}:{at} + {size}]", used=used)
        return Value(name, True, psum=True, rows=rows, columns=count, span=min(frame.columns.most, NOMINAL))

    def _bank(self, found: Product, frame: Frame, name: str = "", *, used: bool = False) -> Value:
        """One PSUM tile (or `name`): the loop over the summed indices, a product each."""
        left, right = self._hoisted(found, frame)
        rows, columns = frame.rows.count, frame.columns.count
        if not name:
            name = self.names.new("sums")
            self.emit(f"{name} = nl.ndarray(({rows}, {columns}), dtype=nl.float32, buffer=nl.psum)")
        with self._summed(found) as (inner, keys, names):
            a = left.piece(keys, frame.rows) if left else self._left(_at(found.left, names), found, frame, inner)
            b = right.piece(keys, frame.columns) if right else self._right(_at(found.right, names), found, frame, inner)
            a, b = self._alike(a, b, frame, inner)
            adds = f", accumulate=any(({keys},))" if used else ""
            self.emit(f"nisa.nc_matmul({name}, {a.text}, {b.text}{adds})")
        span = min(frame.columns.most, BANK)
        return Value(name, True, psum=True, rows=rows, columns=columns, span=span)

    @contextmanager
    def _summed(self, found: Product) -> Iterator[tuple[Range, str, dict[int, Expr]]]:
        """The loops over the summed indices: the contracted range, a key of all, and names of the others."""
        names: dict[int, Expr] = {}
        keys: list[str] = []
        with ExitStack() as stack:
            for number, extent in found.others:
                variable = self.names.new("s")
                stack.enter_context(self.loop(variable, f"range({tidy(_at(extent, names))})"))
                names[number] = param(variable, "i64")
                keys.append(variable)
            variable, depth = self.names.new("k0"), tidy(found.inner[1])
            block = stack.enter_context(self.loop(variable, f"range(0, {depth}, {PARTITIONS})", NOMINAL / PARTITIONS))
            count = self.names.new("kn")
            self.emit(f"{count} = min({PARTITIONS}, {depth} - {variable})")
            whole = self.whole(depth) if self.choices.rows else None
            yield Range(variable, count, PARTITIONS, block, whole, variable), ", ".join([*keys, variable]), names

    def _left(self, e: Expr, found: Product, frame: Frame, inner: Range) -> Value:
        """The stationary operand [K, rows]."""
        number = found.inner[0]
        if _reduces(e, ROW) and frame.rows.most <= PARTITIONS:
            lying = self._narrowed(substitute(e, {number: COLUMNS}), Frame(frame.rows, inner), found)
            if lying.psum or lying.dtype not in _MATRIX:
                lying = self.copied(lying, Frame(frame.rows, inner), "float32")
            turned = Frame(inner, frame.rows)
            target = self.tile(turned, wide=True, dtype=lying.dtype, stem="stationary")
            source = lying.at(Frame(frame.rows, inner))
            self.turn(target.text, source, inner.count, frame.rows.count, lying.dtype)
            return target
        return self._operand_tile(substitute(e, {number: ROWS, ROW: COLUMNS}), Frame(inner, frame.rows), found)

    def _right(self, e: Expr, found: Product, frame: Frame, inner: Range) -> Value:
        """The moving operand [K, columns]."""
        return self._operand_tile(substitute(e, {found.inner[0]: ROWS}), Frame(inner, frame.columns), found)

    def _operand_tile(self, e: Expr, frame: Frame, found: Product) -> Value:
        value = self._narrowed(e, frame, found)
        value = self.spread_out(value, frame)
        if value.psum or value.dtype not in _MATRIX:
            value = self.copied(value, frame, "float32")
        return replace(value, text=value.at(frame), rows=frame.rows.count, columns=frame.columns.count)

    def _narrowed(self, e: Expr, frame: Frame, found: Product) -> Value:
        """The operand's tile, in bfloat16 when the schedule allows and another operand is stored so."""
        read = found.left.inputs | found.right.inputs  # names of loops are among them
        stored = {p.dtype for p in self.task.params if p.name in read}
        narrow = self.choices.narrow and "bf16" in stored
        return self.value(e, frame, "bfloat16" if narrow else "float32")

    def _alike(self, a: Value, b: Value, frame: Frame, inner: Range) -> tuple[Value, Value]:
        """Both operands in one type: float32 does not mix with narrower ones."""
        if (a.dtype == "float32") == (b.dtype == "float32"):
            return a, b
        if a.dtype == "float32":
            return a, self.copied(b, Frame(inner, frame.columns), "float32")
        return self.copied(a, Frame(inner, frame.rows), "float32"), b

    def whole(self, extent: str) -> Range:
        """All of an axis as columns; one range for each extent, so that values are shared."""
        found = self.root.values.get(("whole", extent))
        if not isinstance(found, Range):
            found = Range("0", extent, 1 << 30, self.root)
            self.root.values["whole", extent] = found
        return found

    # Operands that are loaded once for a block.

    def _hoisted(self, found: Product, frame: Frame) -> tuple[Held | None, Held | None]:
        chosen = self.choices.hoist
        left = right = None
        if chosen in ("stationary", "both") and not _reduces(found.left, ROW):
            left = self._held(found, frame, frame.rows.outer or frame.rows, stationary=True)
        if chosen in ("moving", "both"):
            wide = _reduces(found.left, ROW) and not self.choices.narrow
            right = self._held(found, frame, frame.columns.outer or frame.columns, stationary=False, wide=wide)
        return left, right

    def held_moving(self, found: Product, frame: Frame) -> Held | None:
        """The moving operand of a product with computed weights, kept for all of the frame's columns."""
        if self.choices.hoist not in ("moving", "both"):
            return None
        held = self._held(found, frame, frame.columns, stationary=False, wide=not self.splits(found), late=True)
        if held.load:
            self.emit(f"if not {held.name}:")
            self.emit(f"    {held.load}()")
        return held

    def moving(self, found: Product, frame: Frame) -> Value:
        """The tile of the moving operand, its summed index on the frame's rows."""
        tile = self._operand_tile(substitute(found.right, {found.inner[0]: ROWS}), frame, found)
        return tile if self.splits(found) or tile.dtype == "float32" else self.copied(tile, frame, "float32")

    def splits(self, found: Product) -> bool:
        """Whether a computed operand may be narrow: where the schedule says so, and the other is as it is stored."""
        right = self.simpler(found.right)
        plain = right.op == "get" and right.args[0].op == "input"
        return bool(self.choices.split or self.choices.weights) and plain and right.dtype == "bf16"

    def _held(
        self, found: Product, frame: Frame, over: Range, *, stationary: bool, wide: bool = False, late: bool = False
    ) -> Held:
        """All tiles of an operand for a range of the result, in a dictionary by summed indices.

        wide: as float32, because it multiplies what is.  late: loaded where it is first needed.
        """
        side = found.left if stationary else found.right
        block = self.place(substitute(side, {ROW: index(0), COLUMN: index(0)}), frame)
        block = max((block, over.block), key=lambda b: b.depth)
        key = ("held", substitute(side, {ROW: COLUMNS}), found.inner, found.others, id(over))
        known = block.values.get(key)
        if isinstance(known, Held):
            return known
        with self.inside(block):
            name = self.names.new("held")
            self.emit(f"{name} = {{}}")
            lying = self._lying(found, over) if stationary else None
            if lying is not None:
                held = self._turned_wide(name, lying, found, over)
                block.values[key] = held
                return held
            plain = None if stationary else self._plain(found)
            if plain is not None:
                held = self._grouped(name, plain, found, over, wide=wide, late=late and block.turns is None)
                block.values[key] = held
                return held
            with self._summed(found) as (inner, keys, names):
                e = _at(side, names)
                if stationary:
                    e = substitute(e, {found.inner[0]: ROWS, ROW: COLUMNS})
                else:
                    e = substitute(e, {found.inner[0]: ROWS})
                tile = self._operand_tile(e, Frame(inner, over), found)
                if wide and tile.dtype != "float32":
                    tile = self.copied(tile, Frame(inner, over), "float32")
                self.emit(f"{name}[{keys}] = {tile.text}")
        held = Held(name, over, tile.dtype)
        block.values[key] = held
        return held

    def _lying(self, found: Product, over: Range) -> Pattern | None:
        """The pattern of a stationary operand that lies in memory with its summed index fastest; else None."""
        side = self.simpler(found.left)
        if side.op != "get" or side.args[0].op != "input" or found.others or self.choices.transpose != "tensor":
            return None
        at = substitute(side, {ROW: ROWS, found.inner[0]: COLUMNS})
        p = self.pattern(side.args[0].name, at.args[1:])
        return p if p.near(p.column) == 1 and p.near(p.row) != 1 and p.dtype in _MATRIX else None

    def _plain(self, found: Product) -> Pattern | None:
        """The pattern of a moving operand that is read as it lies in memory, its columns neighbours; else None."""
        side = self.simpler(found.right)
        if side.op != "get" or side.args[0].op != "input" or found.others:
            return None
        p = self.pattern(side.args[0].name, substitute(side, {found.inner[0]: ROWS}).args[1:])
        return p if p.near(p.column) == 1 and p.near(p.row) != 0 and p.dtype in _MATRIX else None

    def _grouped(self, name: str, p: Pattern, found: Product, over: Range, *, wide: bool, late: bool) -> Held:
        """Load an operand with several tiles of its rows in one DMA, as many as make a long row of SBUF."""
        if late:
            load, outer = self.names.new(f"load_{name}"), self.block
            self.block = Block(outer, f"def {load}():", trips=outer.trips)
            held = replace(self._grouped(name, p, found, over, wide=wide, late=False), load=load)
            self.block.close()
            self.block = outer
            return held
        depth, width = tidy(found.inner[1]), over.count
        group, at, count, t = (self.names.new(stem) for stem in ("group", "k0", "kn", "t"))
        dtype = "float32" if wide else p.dtype
        self.emit(f"{group} = {PARTITIONS} * max(1, {_LONG} // {width})")
        with self.loop(at, f"range(0, {depth}, {group})", NOMINAL / PARTITIONS):
            self.emit(f"{count} = min({group}, {depth} - {at})")
            begin = p.offset + self.start(at) * p.row + self.start(over.start) * p.column
            tile = self.stacked(p, count, width, p.row, f"[1, {width}]", begin, dtype)
            with self.loop(t, f"range(0, {count}, {PARTITIONS})", 1):
                row = f"{t} // {PARTITIONS} * {width}"
                piece = f"{tile}[0:min({PARTITIONS}, {count} - {t}), {row}:{row} + {width}]"
                self.emit(f"{name}[{at} + {t}] = {piece}")
        return Held(name, over, dtype)

    def _turned_wide(self, name: str, p: Pattern, found: Product, over: Range) -> Held:
        """Load long rows of the operand, and turn them 128 by 128."""
        depth = tidy(found.inner[1])
        at, k0, part = (self.names.new(stem) for stem in ("c0", "k0", "w0"))
        with self.loop(k0, f"range(0, {depth}, {PARTITIONS})", NOMINAL / PARTITIONS):
            self.emit(f"{name}[{k0}] = on_chip(min({PARTITIONS}, {depth} - {k0}), {over.count}, nl.{p.dtype})")
        with self.loop(at, f"range(0, {over.count}, {PARTITIONS})", _trips(over, PARTITIONS)) as block:
            count, first = self.names.new("cn"), self.names.new("c")
            self.emit(f"{count} = min({PARTITIONS}, {over.count} - {at})")
            self.emit(f"{first} = {over.start} + {at}")
            with self.loop(part, f"range(0, {depth}, {_LONG})", 1) as inner:
                width, w = self.names.new("wn"), self.names.new("w")
                self.emit(f"{width} = min({_LONG}, {depth} - {part})")
                frame = Frame(Range(first, count, PARTITIONS, block), Range(part, width, _LONG, inner))
                tile = self._loaded(p, frame, wide=True)
                with self.loop(w, f"range(0, {width}, {PARTITIONS})", 1):
                    rows = f"min({PARTITIONS}, {width} - {w})"
                    target = f"{name}[{part} + {w}][:, {at}:{at} + {count}]"
                    self.turn(target, f"{tile.text}[:, {w}:{w} + {rows}]", rows, count, p.dtype)
        return Held(name, over, p.dtype)


@dataclass(frozen=True)
class Held:
    """Tiles of an operand by summed indices; each has the columns of `over`.  load: a function that loads them."""

    name: str
    over: Range
    dtype: str
    load: str = ""

    def piece(self, keys: str, part: Range) -> Value:
        """The part of a tile for a part of the range."""
        text = f"{self.name}[{keys}]"
        if part is not self.over:
            text = f"{text}[:, {part.offset}:{part.offset} + {part.count}]"
        return Value(text, True, dtype=self.dtype, rows="", columns=part.count)


def _trips(base: Range | None, size: int) -> float:
    """How often a loop over an axis, or a part of it, runs."""
    return min(base.most if base else NOMINAL, NOMINAL) / size


def _at(e: Expr, names: dict[int, Expr]) -> Expr:
    return substitute(e, {n: v for n, v in names.items() if n in e.free})


def bare_sum(found: Product) -> Expr:
    """The sum without its scale."""
    body = binary("mul", found.left, found.right)
    for number, extent in (found.inner, *reversed(found.others)):
        body = _over(number, extent, body)
    return body


def _over(number: int, extent: Expr, body: Expr) -> Expr:
    from accelcore.ir.expr import reduce

    return reduce("sum", extent, lambda k: substitute(body, {number: k}))


def _reduces(e: Expr, number: int) -> bool:
    """Whether a reduction inside depends on a variable."""
    return any(n.op in ("reduce", "scan", "fold") and number in n.free for n in walk(e))


__all__ = ["Block", "Contractions", "Held", "Product", "split"]
