"""Reads of parameters: DMA by access pattern, and operands that are turned on their way in.

A read with affine indices is a pattern over the parameter's memory: so many elements from partition to partition, so
many from column to column, and an offset.  Where columns are not neighbours but rows are, the tile is loaded as it lies
in memory and transposed, 128 by 128.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import affine
from accelcore.ir.expr import Expr, index, transform, var, walk
from accelcore.ir.polynomial import constant_of, polynomial
from accelcore_nki.judging.interface import stored
from accelcore_nki.lowering.engines import Engines
from accelcore_nki.lowering.frames import COLUMN, NOMINAL, PARTITIONS, ROW, Block, Frame, Range, Value
from accelcore_nki.lowering.texts import text, tidy


@dataclass(frozen=True)
class Pattern:
    """Elements from row to row and from column to column, and the offset of the first, over a parameter's memory."""

    name: str
    dtype: str
    row: Expr
    column: Expr
    offset: Expr

    def near(self, step: Expr) -> int | None:
        """A step as a number, None when it depends on sizes."""
        found = constant_of(polynomial(step))
        return None if found is None else int(found)


def strides(extents: tuple[Expr, ...]) -> list[Expr]:
    """Row-major strides in elements."""
    found, step = [], index(1)
    for extent in reversed(extents):
        found.append(step)
        step = step * extent
    return found[::-1]


_GROUP = 512  # rows that are loaded at a time to be turned
_NEAR = 8  # widest step between columns that are loaded with all that lies between them
SHIFT = 1_000_003
"""Number of the variable that stands for a loop's variable while a pattern is looked at."""


def substitute_name(e: Expr, name: str) -> Expr:
    """The expression with a loop's variable as SHIFT."""
    return transform(e, lambda n: var(SHIFT) if n.op == "param" and n.name == name else None)


class Loads(Engines):
    """Tiles from HBM and to HBM."""

    def pattern(self, name: str, indices: tuple[Expr, ...]) -> Pattern:
        """The access pattern of an element of a parameter; UnsupportedLowering when it is not affine."""
        param = self.task.param(name)
        flat = index(0)
        for at, stride in zip(indices, strides(param.shape), strict=True):
            flat = flat + at * stride
        form = affine(flat, (ROW, COLUMN))
        if form is None:
            raise UnsupportedLowering(f"{name}[{', '.join(map(str, indices))}] gathers: its index is not affine")
        text(form.rest)  # refuses indices that depend on data
        return Pattern(name, stored(param), form.coefficient(ROW), form.coefficient(COLUMN), form.rest)

    def region(self, p: Pattern, frame: Frame, *, wide: bool) -> str:
        """`.ap` text of the frame's elements."""
        offset = p.offset + self.start(frame.rows.start) * p.row
        columns = ("1", "1")
        if wide:
            offset = offset + self.start(frame.columns.start) * p.column
            columns = (tidy(p.column), frame.columns.count)
        rows = f"[{tidy(p.row)}, {frame.rows.count}]"
        return f"{p.name}.ap([{rows}, [{columns[0]}, {columns[1]}]], {tidy(offset)})"

    def start(self, shown: str) -> Expr:
        """The start of a range as an expression."""
        from accelcore.ir.expr import param

        return index(int(shown)) if shown.isdigit() else param(shown, "i64")

    def load(self, name: str, indices: tuple[Expr, ...], frame: Frame) -> Value:
        """The tile of elements of an input."""
        p = self.pattern(name, indices)
        wide = p.near(p.column) != 0
        key = ("load", p, id(frame.rows), id(frame.columns) if wide else 0)
        found = self.block.values.get(key)
        if not isinstance(found, Value):
            found = self._windowed(p, frame, wide=wide) or self._loaded(p, frame, wide=wide)
            self.block.values[key] = found
        return found

    def _windowed(self, p: Pattern, frame: Frame, *, wide: bool) -> Value | None:
        """The part of a window that all repetitions of a short loop share; None when there is none to share.

        The loop shifts the pattern along the columns, or, for one element a row, is itself the columns of the window.
        """
        if not self.choices.unroll:
            return None
        if not wide and self.choices.rows:
            found = self._whole_row(p, frame)
            if found is not None:
                return found
        for name, extent in self.repeats.items():
            block = self.loops.get(name)
            step = affine(substitute_name(p.offset, name), (SHIFT,))
            if block is None or block is not self.block or block.parent is None or step is None:
                continue
            if step.constant(SHIFT) != 1 or (wide and p.near(p.column) != 1):
                continue
            base = replace(p, column=index(1), offset=step.rest)
            count = f"{frame.columns.count} + {extent - 1}" if wide else str(extent)
            window = Range(frame.columns.start if wide else "0", count, 1 << 30, block.parent)
            with self.inside(block.parent):
                found = self._window(base, Frame(frame.rows, window), id(frame.columns) if wide else extent)
            last = f"{name} + {frame.columns.count}" if wide else f"{name} + 1"
            text_ = f"{found.text}[0:{frame.rows.count}, {name}:{last}]"
            return replace(found, text=text_, wide=wide, columns=frame.columns.count if wide else "1")
        return None

    def _whole_row(self, p: Pattern, frame: Frame) -> Value | None:
        """The column of a step among those of all steps of the loop, which are loaded at once: neighbours in memory."""
        for name, extent in self.rows_of.items():
            block = self.loops.get(name)
            step = affine(substitute_name(p.offset, name), (SHIFT,))
            if block is None or block is not self.block or block.parent is None or step is None:
                continue
            if step.constant(SHIFT) != 1 or not self._known_before(step.rest, block):
                continue
            count = tidy(extent)
            base, window = replace(p, column=index(1), offset=step.rest), Range("0", count, 1 << 30, block.parent)
            with self.inside(block.parent):
                found = self._window(base, Frame(frame.rows, window), count)
            at = f"{found.text}[0:{frame.rows.count}, {name}:{name} + 1]"
            return replace(found, text=at, wide=False, columns="1")
        return None

    def _known_before(self, e: Expr, block: Block) -> bool:
        """Whether an expression depends on no loop as deep as the block."""
        depths = [self.loops[n.name].depth for n in walk(e) if n.op == "param" and n.name in self.loops]
        return max(depths, default=0) < block.depth

    def _window(self, p: Pattern, frame: Frame, columns: int | str) -> Value:
        key = ("window", p, id(frame.rows), columns)
        found = self.block.values.get(key)
        if not isinstance(found, Value):
            found = self._loaded(p, frame, wide=True)
            self.block.values[key] = found
        return found

    def _loaded(self, p: Pattern, frame: Frame, *, wide: bool) -> Value:
        """Emit the DMA of a tile."""
        turned = wide and p.near(p.column) != 1 and p.near(p.row) == 1 and frame.rows.most > 1
        if turned and self.choices.transpose != "strided" and p.dtype in ("float32", "bfloat16", "float16"):
            return self._turned(p, frame)
        step = p.near(p.column)
        if wide and step is not None and 1 < step <= _NEAR:
            return self._spaced(p, frame, step)
        tile = self.tile(frame, wide=wide, dtype=p.dtype, stem=f"{p.name}_tile")
        self.emit(f"nisa.dma_copy(dst={tile.text}, src={self.region(p, frame, wide=wide)})")
        return tile

    def _spaced(self, p: Pattern, frame: Frame, step: int) -> Value:
        """Load all from the first column to the last, and look at every `step`-th: DMA is slow on single elements."""
        name, span, rows = self.names.new(f"{p.name}_tile"), self.names.new("span"), frame.rows.count
        self.emit(f"{span} = ({frame.columns.count} - 1) * {step} + 1")
        self.emit(f"{name} = on_chip({rows}, {span}, nl.{p.dtype})")
        offset = p.offset + self.start(frame.rows.start) * p.row + self.start(frame.columns.start) * p.column
        self.emit(f"nisa.dma_copy(dst={name}, src={p.name}.ap([[{tidy(p.row)}, {rows}], [1, {span}]], {tidy(offset)}))")
        most = min(frame.columns.most, NOMINAL)
        return Value(f"{name}[0:{rows}, 0:{span}:{step}]", True, dtype=p.dtype, rows=rows,
                     columns=frame.columns.count, span=most)  # fmt: skip

    def _turned(self, p: Pattern, frame: Frame) -> Value:
        """Load as it lies in memory, 128 of the frame's columns on partitions at a time, and transpose."""
        tile = self.tile(frame, wide=True, dtype=p.dtype, stem=f"{p.name}_turned")
        at, rows = self.names.new("c0"), frame.rows.count
        offset = p.offset + self.start(frame.rows.start) * p.row
        by_dma = self.choices.transpose == "dma"
        size = PARTITIONS if by_dma else _GROUP
        with self.loop(at, f"range(0, {frame.columns.count}, {size})", min(frame.columns.most, NOMINAL) / size):
            count = self.names.new("cn")
            self.emit(f"{count} = min({size}, {frame.columns.count} - {at})")
            begin = offset + (self.start(frame.columns.start) + self.start(at)) * p.column
            if by_dma:
                source = f"{p.name}.ap([[{tidy(p.column)}, {count}], [1, {rows}]], {tidy(begin)})"
                self.emit(f"nisa.dma_transpose(dst={tile.text}[0:{rows}, {at}:{at} + {count}], src={source})")
            else:
                lying = self.stacked(p, count, rows, p.column, f"[1, {rows}]", begin, p.dtype)
                self._turned_pieces(tile.text, lying, at, count, rows, p.dtype)
        return tile

    def _turned_pieces(self, target: str, lying: str, at: str, count: str, rows: str, dtype: str) -> None:
        """Turn what `stacked` loaded, 128 columns of the target at a time."""
        t, tn = self.names.new("t"), self.names.new("tn")
        with self.loop(t, f"range(0, {count}, {PARTITIONS})", _GROUP / PARTITIONS):
            self.emit(f"{tn} = min({PARTITIONS}, {count} - {t})")
            start = f"{t} // {PARTITIONS} * {rows}"
            piece = f"{target}[0:{rows}, {at} + {t}:{at} + {t} + {tn}]"
            self.turn(piece, f"{lying}[0:{tn}, {start}:{start} + {rows}]", rows, tn, dtype)

    def stacked(self, p: Pattern, count: str, width: str, step: Expr, inner: str, begin: Expr, dtype: str) -> str:
        """A tile of `count` rows of `width` elements, 128 rows on the partitions and the next 128 beside them.

        step: elements from row to row in memory.  inner: the pattern of a row.  Whole groups of 128 rows are one DMA.
        """
        full, rest = self.names.new("full"), self.names.new("rest")
        self.emit(f"{full}, {rest} = divmod({count}, {PARTITIONS})")
        shape = f"min({PARTITIONS}, {count}), ({full} + ({rest} > 0)) * {width}"
        name = loaded = self.names.new("stacked")
        self.emit(f"{loaded} = on_chip({shape}, nl.{p.dtype})")
        if dtype != p.dtype:
            name = self.names.new("stacked")
            self.emit(f"{name} = on_chip({shape}, nl.{dtype})")
        tail = begin + self.start(full) * index(PARTITIONS) * step
        whole = f"[{tidy(step)}, {PARTITIONS}], [{tidy(step * index(PARTITIONS))}, {full}], {inner}"
        regions = (
            (full, f"[0:{PARTITIONS}, 0:{full} * {width}]", f"{p.name}.ap([{whole}], {tidy(begin)})"),
            (rest, f"[0:{rest}, {full} * {width}:({full} + 1) * {width}]",
             f"{p.name}.ap([[{tidy(step)}, {rest}], {inner}], {tidy(tail)})"),
        )  # fmt: skip
        for condition, region, source in regions:
            self.emit(f"if {condition}:")
            self.emit(f"    nisa.dma_copy(dst={loaded}{region}, src={source})")
            if name != loaded:
                engine = self.copy_engine(Value(name, True))
                self.emit(f"    nisa.tensor_copy({name}{region}, {loaded}{region}{engine})")
        return name

    def turn(self, target: str, source: str, rows: str, columns: str, dtype: str) -> None:
        """target [rows, columns] = the transposed source, by the tensor engine through PSUM."""
        bank = self.names.new("turned")
        self.emit(f"{bank} = nl.ndarray(({rows}, {columns}), dtype=nl.{dtype}, buffer=nl.psum)")
        self.emit(f"nisa.nc_transpose({bank}, {source}, engine=nisa.engine.tensor)")
        self.emit(
            f"nisa.tensor_copy({target}, {bank}{self.copy_engine(Value(bank, True, psum=True, span=PARTITIONS))})"
        )

    def store(self, name: str, indices: tuple[Expr, ...], value: Value, frame: Frame) -> None:
        """Write the frame's tile of a result."""
        p = self.pattern(name, indices)
        if value.number or (not value.wide and COLUMN in {n for i in indices for n in i.free}):
            value = self.spread_out(value, frame, p.dtype)
        if value.psum or value.dtype != p.dtype:
            value = self.copied(value, frame, p.dtype)
        wide = value.wide and p.near(p.column) != 0
        region = self.region(Pattern(f"{name}_hbm", p.dtype, p.row, p.column, p.offset), frame, wide=wide)
        self.emit(f"nisa.dma_copy(dst={region}, src={value.at(frame)})")
