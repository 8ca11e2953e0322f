"""Softmax in front of a product, a block of scores at a time: the scores never leave the chip.

    out[i, p] = sum over j of exp(z(i, j) - max z(i, .)) / total(i) * v[j, p]

With keys(n), blocks of n scores are computed into PSUM; each block raises the running maximum of its rows, and what was
summed before is scaled by exp(old - new).  The structure is found by form, wherever in a result it stands: one maximum
that depends on the row alone, and sums over the same index whose terms have the exponential as a factor.

Invariant of the loop over blocks: `least` is the smallest of -z so far, and `total` and each accumulator are the sums
over the scores so far with exp(z + least) for the exponential.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accelcore.ir.affine import affine
from accelcore.ir.expr import Expr, binary, call, cast, const, substitute, transform, walk
from accelcore.ir.ranges import interval
from accelcore_nki.dtypes import FLOAT32_MIN
from accelcore_nki.lowering.contractions import Contractions, Product, bare_sum, split
from accelcore_nki.lowering.conversions import has_data
from accelcore_nki.lowering.engines import PASS, SCALAR
from accelcore_nki.lowering.frames import BANK, COLUMN, COLUMNS, NOMINAL, PARTITIONS, ROW, ROWS, Frame, Range, Value
from accelcore_nki.lowering.functions import without_casts
from accelcore_nki.lowering.texts import tidy

WEIGHT = call("accelcore_weight", cast(ROWS, "real"), cast(COLUMNS, "real"), dtype="real")
"""Stands for the exponential in what multiplies it."""


@dataclass(frozen=True)
class Softmax:
    """A maximum and what is summed with it.

    top: the maximum, over the columns of `score` times `factor` (a number, or None).  until: the end of a row's own
    range where scores are masked beyond it.  totals: sums of the exponential alone.  products: sums of products of
    matrices, with the factor of each that stands left, `WEIGHT` in place of the exponential.
    """

    top: Expr
    score: Expr
    factor: Expr | None
    until: Expr | None
    totals: tuple[Expr, ...]
    products: tuple[tuple[Expr, Product], ...]

    @property
    def members(self) -> tuple[Expr, ...]:
        """All sums."""
        return (*self.totals, *(e for e, _ in self.products))


def softmaxes(e: Expr) -> Iterator[Softmax]:
    """The softmaxes in an element over ROW and COLUMN that stand in front of products of matrices."""
    for top in walk(e):
        if top.op != "reduce" or top.kind != "max" or len(top.args) != 2:
            continue
        score = without_casts(substitute(top.args[1], {top.number: COLUMNS}))
        if not {ROW, COLUMN} <= score.free or COLUMN in top.free or ROW in top.args[0].free:
            continue
        if not any(split(n) for n in walk(score) if n.op == "reduce"):
            continue
        sums = [n for n in walk(e) if n.op == "reduce" and n.kind == "sum" and n.args[0] is top.args[0]]
        totals = tuple(n for n in sums if _left(n, top, score, _over(n)) is WEIGHT)
        products = tuple(p for n in sums if (p := _product(n, top, score)) is not None)
        if products:
            plain, factor = _scaled(score)
            yield Softmax(top, plain, factor, _until(score), totals, products)


def _over(n: Expr) -> Expr:
    """The terms of a sum, over the columns."""
    alone = COLUMN not in n.free and len(n.args) == 2
    return substitute(n.args[1], {n.number: COLUMNS}) if alone else const(0.0, "real")


def _left(n: Expr, top: Expr, score: Expr, terms: Expr) -> Expr | None:
    """Terms with the exponential of score - top as WEIGHT; None when the maximum is left."""
    bare, mask = (score.args[1], score.args[0]) if _until(score) is not None else (score, None)

    def rule(e: Expr) -> Expr | None:
        if e.op == "call" and e.name == "exp" and without_casts(e.args[0]).op == "sub":
            z, m = (without_casts(a) for a in without_casts(e.args[0]).args)
            return WEIGHT if m is top and z is without_casts(bare) else None
        if e.op == "cast" and e.args[0] is WEIGHT:
            return WEIGHT
        if mask is not None and e.op == "select" and e.args[0] is mask and e.args[1] is WEIGHT:
            return WEIGHT if e.args[2].op == "const" and e.args[2].value == 0 else None
        return None

    found = transform(terms, rule)
    used = set(walk(found))
    return found if WEIGHT in used and top not in used and (mask is None or mask not in used) else None


def _product(n: Expr, top: Expr, score: Expr) -> tuple[Expr, Product] | None:
    found = split(n)
    if found is None or found.others:
        return None
    left = _left(n, top, score, substitute(found.left, {found.inner[0]: COLUMNS}))
    if left is None:
        return None
    return bare_sum(found), Product(found.inner, (), left, found.right, None)


def _until(score: Expr) -> Expr | None:
    """The end of the row's own range of a score that is masked beyond it."""
    if score.op != "select" or score.args[2].op != "const" or score.args[2].value != FLOAT32_MIN:
        return None
    condition = score.args[0]
    ends = condition.op == "lt" and condition.args[0] is COLUMNS and affine(condition.args[1], (ROW,)) is not None
    return condition.args[1] if ends and COLUMN not in condition.args[1].free else None


def _scaled(score: Expr) -> tuple[Expr, Expr | None]:
    """(x, c) of x * c or x / c, where c is a number that is not negative."""
    if score.op in ("mul", "div"):
        x, c = score.args
        if score.op == "mul" and COLUMN not in x.free:
            x, c = c, x
        if not has_data(c) and not c.free and interval(c)[0] >= 0:
            return without_casts(x), binary("div", const(1.0, "real"), c) if score.op == "div" else c
    return score, None


class Online(Contractions):
    """Softmaxes in front of products, block by block."""

    softmaxes: dict[Expr, tuple[Softmax, Frame]] = {}  # noqa: RUF012  # replaced, never changed: for each part anew

    def find_softmaxes(self, e: Expr, frame: Frame) -> None:
        """Note the softmaxes of a part, when the schedule works on them block by block."""
        self.softmaxes = {}
        if not self.choices.keys or not self.choices.rows or frame.rows.most == 1:
            return
        if frame.columns.block.depth > frame.rows.block.depth:
            return
        for found in softmaxes(e):
            self.softmaxes |= dict.fromkeys((found.top, *found.members), (found, frame))

    def online(self, e: Expr) -> Value | None:
        """The value of a softmax's maximum or sum; all of them are computed with the first."""
        if e not in self.softmaxes:
            return None
        found, frame = self.softmaxes[e]
        with self.inside(frame.rows.block):
            results = self._blockwise(found, frame)
        for member, value in results.items():
            columns = id(frame.columns) if COLUMN in member.free else 0
            frame.rows.block.values[member, id(frame.rows), columns, "float32"] = value
        return results[e]

    def _blockwise(self, found: Softmax, frame: Frame) -> dict[Expr, Value]:
        """The loop over blocks of scores."""
        least, total = self._started(frame, -FLOAT32_MIN, "least"), self._started(frame, 0.0, "total")
        sums = [self._started(frame, 0.0, "summed", wide=True) for _ in found.products]
        scale = self.value(found.factor, frame).text if found.factor is not None else "1.0"
        with self._scores(found, frame) as block:
            score = self.in_psum(found.score, block)
            raised = self.tile(block, wide=False, stem="raised")
            self._raise(score, scale, least, raised, block)
            part = self.tile(block, wide=False, stem="part")
            weight = self.tile(block, wide=True, stem="weight")
            extra = f"scale={scale}, bias={raised.text}, reduce_op=nl.add, reduce_res={part.text}"
            self.charge("scalar", SCALAR, score.span)
            given = f"{weight.text}, nl.exp, {score.at(block)}, {extra}, reduce_cmd=nisa.reduce_cmd.reset_reduce"
            self.emit(f"nisa.activation({given})")
            grown = self.tile(block, wide=False, stem="grown")
            self.emit(f"nisa.activation({grown.text}, nl.exp, {least.text}, scale=-1.0, bias={raised.text})")
            steps = f"nl.multiply, {grown.text}, op1=nl.add, operand1={part.text}, engine=nisa.engine.gpsimd"
            self.emit(f"nisa.tensor_scalar({total.text}, {total.text}, {steps})")
            block.columns.block.values[WEIGHT, id(block.rows), id(block.columns), "float32"] = weight
            for (_, product), summed in zip(found.products, sums, strict=True):
                self._weighed(product, block, frame, summed, grown)
            self.emit(f"{least.text} = {raised.text}")
        top = self.tile(frame, wide=False, stem="top")
        self.emit(f"nisa.tensor_scalar({top.text}, {least.text}, nl.multiply, -1.0, engine=nisa.engine.gpsimd)")
        results = {found.top: top} | dict.fromkeys(found.totals, total)
        return results | {e: value for (e, _), value in zip(found.products, sums, strict=True)}

    def _started(self, frame: Frame, value: float, stem: str, *, wide: bool = False) -> Value:
        tile = self.tile(frame, wide=wide, stem=stem)
        self.emit(f"nisa.memset({tile.text}, {value!r}, engine=nisa.engine.gpsimd)")
        return tile

    def _raise(self, score: Value, scale: str, least: Value, raised: Value, block: Frame) -> None:
        """The new smallest of -z."""
        low = self.tile(block, wide=False, stem="low")
        self.charge("vector", PASS, score.span)
        self.emit(f"nisa.tensor_reduce({low.text}, nl.maximum, {score.at(block)}, axis=1, negate=True)")
        steps = f"nl.multiply, {scale}, op1=nl.minimum, operand1={least.text}"
        self.emit(f"nisa.tensor_scalar({raised.text}, {low.text}, {steps})")

    @contextmanager
    def _scores(self, found: Softmax, frame: Frame) -> Iterator[Frame]:
        """The loop over blocks of scores, as far as a row of the tile has any."""
        end = tidy(found.top.args[0])
        if found.until is not None:
            last = self.start(frame.rows.start) + self.start(frame.rows.count) - 1
            slope = affine(found.until, (ROW,))
            assert slope is not None
            row = last if (slope.constant(ROW) or 0) > 0 else self.start(frame.rows.start)
            end = f"min({end}, {tidy(substitute(found.until, {ROW: row}))})"
        at, count, size = self.names.new("j0"), self.names.new("jn"), self.choices.keys
        with self.loop(at, f"range(0, {end}, {size})", NOMINAL / size) as block:
            self.emit(f"{count} = min({size}, {end} - {at})")
            whole = self.whole(tidy(found.top.args[0]))
            yield Frame(frame.rows, Range(at, count, size, block, whole, at))

    # The product with the weights.

    def _weighed(self, product: Product, block: Frame, frame: Frame, summed: Value, grown: Value) -> None:
        """summed = summed * grown + weights times the other operand, a bank of the result at a time."""
        left = self.value(product.left, block)
        held = self.held_moving(product, frame)
        at, count, wide = self.names.new("d0"), self.names.new("dn"), frame.columns.count
        with self.loop(at, f"range(0, {wide}, {BANK})", 1) as body:
            self.emit(f"{count} = min({BANK}, {wide} - {at})")
            columns = Range(at, count, BANK, body, frame.columns, at)
            name, rows = self.names.new("sums"), frame.rows.count
            self.emit(f"{name} = nl.ndarray(({rows}, {count}), dtype=nl.float32, buffer=nl.psum)")
            for key, part, tiles in self._turned_weights(left, block, narrow=self.splits(product)):
                right = held.piece(key, columns) if held else self.moving(product, Frame(part, columns))
                for tile in tiles:
                    self.emit(f"nisa.nc_matmul({name}, {tile}, {right.text})")
            target = f"{summed.text}[0:{rows}, {at}:{at} + {count}]"
            steps = f"nl.multiply, {grown.text}, op1=nl.add, operand1={name}"
            self.emit(f"nisa.scalar_tensor_tensor({target}, {target}, {steps})")

    def _turned_weights(self, left: Value, block: Frame, *, narrow: bool) -> Iterator[tuple[str, Range, list[str]]]:
        """128 columns of the weights at a time as stationary operand: the key of their rows, those rows, the tiles.

        Four are turned into one bank of PSUM and leave it together: as float32, or as two bfloat16 that add up to it.
        """
        rows, count = block.rows.count, block.columns.count
        at, width, full, rest, high = (self.names.new(n) for n in ("w0", "wn", "full", "rest", "high"))
        with self.loop(at, f"range(0, {count}, {BANK})"):
            self.emit(f"{width} = min({BANK}, {count} - {at})")
            self.emit(f"{full}, {rest} = divmod({width}, {PARTITIONS})")
            bank, t, tn = self.names.new("turned"), self.names.new("t"), self.names.new("tn")
            shape = f"min({PARTITIONS}, {width}), ({full} + ({rest} > 0)) * {rows}"
            self.emit(f"{bank} = nl.ndarray(({shape}), dtype=nl.float32, buffer=nl.psum)")
            with self.loop(t, f"range(0, {width}, {PARTITIONS})"):
                self.emit(f"{tn} = min({PARTITIONS}, {width} - {t})")
                piece = f"{left.text}[0:{rows}, {at} + {t}:{at} + {t} + {tn}]"
                self.emit(f"nisa.nc_transpose({slot(bank, t, tn, rows)}, {piece}, engine=nisa.engine.tensor)")
            low = self.names.new("low") if narrow else ""
            for name in filter(None, (high, low)):
                self.emit(f"{name} = on_chip({shape}, nl.{'bfloat16' if narrow else 'float32'})")
            for condition, region in regions(full, rest, rows):
                self._out_of_psum(condition, f"{bank}{region}", f"{high}{region}", low and f"{low}{region}")
            with self.loop(t, f"range(0, {width}, {PARTITIONS})") as inner:
                self.emit(f"{tn} = min({PARTITIONS}, {width} - {t})")
                key = self.names.new("key")
                self.emit(f"{key} = {block.columns.start} + {at} + {t}")
                self.loops[key] = inner
                yield key, Range(key, tn, PARTITIONS, inner), [slot(n, t, tn, rows) for n in (high, low) if n]
                del self.loops[key]

    def _out_of_psum(self, condition: str, source: str, high: str, low: str) -> None:
        """Copy a bank where there is something in it; or its high part, and what that leaves."""
        span = BANK
        engine = self.copy_engine(Value("", True, psum=True, span=span))
        self.emit(f"if {condition}:")
        self.emit(f"    nisa.tensor_copy({high}, {source}{engine})")
        if low:
            self.charge("vector", PASS, span)
            self.emit(f"    nisa.tensor_tensor({low}, {source}, {high}, nl.subtract)")


def slot(name: str, t: str, count: str, rows: str) -> str:
    """The place of a turned piece in its bank."""
    start = f"{t} // {PARTITIONS} * {rows}"
    return f"{name}[0:{count}, {start}:{start} + {rows}]"


def regions(full: str, rest: str, rows: str) -> Iterable[tuple[str, str]]:
    """What of a bank was written: whole pieces, and a lower one at the end."""
    yield full, f"[0:{PARTITIONS}, 0:{full} * {rows}]"
    yield rest, f"[0:{rest}, {full} * {rows}:({full} + 1) * {rows}]"
