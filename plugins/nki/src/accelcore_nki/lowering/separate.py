"""Softmax in front of a product whose blocks of scores do not wait for each other: each has a maximum of its own.

With weights(half), the weights of a block are exp(z - its maximum) * 2**14 as float16, which the tensor engine turns
and multiplies at its full rate.  What the blocks gave is put together at the end of a row:

    total = sum over blocks of exp(maximum - the largest maximum) * 2**-14 * part

and the products in the same way.  Tiles of PSUM come from pools, so that as many blocks are in work as fit.

A weight is off by 2**-11 of itself at most.  The sum over n weights is itself known to n * 2**-24 * factor, the judge's
bound for float32, so the rounding is within it where n * factor is 2**13; the kernel's domain says so.  A weight below
2**-28 of its block's largest has fewer digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import log

from accelcore.errors import IllegalRewrite
from accelcore.ir.expr import Expr, binary, index
from accelcore_nki.judging.interface import extent
from accelcore_nki.lowering.contractions import Held, Product, split
from accelcore_nki.lowering.engines import GPSIMD, PASS, SCALAR
from accelcore_nki.lowering.frames import BANK, NOMINAL, PARTITIONS, Block, Frame, Range, Value
from accelcore_nki.lowering.online import WEIGHT, Online, Softmax, regions, slot
from accelcore_nki.lowering.texts import tidy

_DIGITS = 14  # binary, by which weights are scaled up, so that float16 keeps the small ones
_ROUNDING = 2**13  # of float16 in units of float32's: 2**-11 by 2**-24
_PSUM = 7 * BANK  # float32 columns of PSUM that pools have; the eighth bank is for sums and operands that are turned
_TURNED = BANK // 2  # float32 columns of a piece of turned weights: 512 of float16
_SUMS = 3 * BANK // 4  # columns of sums that may be in work


class Separate(Online):
    """Softmaxes whose blocks are independent."""

    def _blockwise(self, found: Softmax, frame: Frame) -> dict[Expr, Value]:
        if not self._halves(found):
            return super()._blockwise(found, frame)
        self._pools(frame)
        rows, wide, blocks = frame.rows.count, frame.columns.count, self.names.new("blocks")
        self.emit(f"{blocks} = -(-({tidy(found.top.args[0])}) // {self.choices.keys})")
        lows, parts = (self._many(stem, rows, blocks) for stem in ("lows", "parts"))
        sums = [self._many("summed", rows, f"{blocks} * {wide}") for _ in found.products]
        with self._block(found, frame) as (block, at):
            low, part = (f"{name}[0:{rows}, {at}:{at} + 1]" for name in (lows, parts))
            weight = self._weights(found, block, low, part)
            turned = self._upright(weight, block, at)
            for (_, product), name in zip(found.products, sums, strict=True):
                self._product_of(product, turned, block, frame, f"{name}[0:{rows}, {at} * {wide}")
        return self._combined(found, frame, blocks, (lows, parts, sums))

    def _halves(self, found: Softmax) -> bool:
        """Whether the weights are float16; IllegalRewrite where their sum is too short for that."""
        in_turns = self.choices.pipeline > 1 and not self.choices.turns
        if not self.choices.weights or found.until is not None or in_turns:
            return False
        if any(product.left is not WEIGHT or not self.splits(product) for _, product in found.products):
            return False
        weights, least = found.top.args[0], round(_ROUNDING / self.task.tolerance.factor)
        for sizes in self.task.sizes:
            if extent(weights, dict(sizes)) < least:
                raise IllegalRewrite(f"weights(half) needs a sum of {least} weights", hint="judge at larger sizes")
        self.limits.append(binary("le", index(least), weights))
        return True

    def _pools(self, frame: Frame) -> None:
        """Tiles of PSUM for scores and turned weights, once a kernel, and tokens for sums."""
        if self.root.values.get("pools"):
            return
        self.root.values["pools"] = True
        keys = -(-self.choices.keys // BANK) * BANK
        scores = (_PSUM - 2 * _TURNED) // keys
        if not scores:
            raise IllegalRewrite(
                f"keys({self.choices.keys}): no block of scores fits in PSUM with what weights(half) keeps"
            )
        wide = frame.columns.count if frame.columns.block is self.root else str(BANK)
        with self.inside(self.root):
            self.emit(f"pools = nl.ndarray(({PARTITIONS}, {_PSUM}), dtype=nl.float32, buffer=nl.psum)")
            self.emit("nisa.memset(pools[0:1, 0:1], 0.0)  # the first use places it: nothing smaller is in the way yet")
            pieces = f"pools[:, s:s + {keys}] for s in range(0, {scores * keys}, {keys})"
            self.emit(f"free_scores = [{pieces}]")
            pieces = f"pools[:, s:s + {_TURNED}] for s in range({scores * keys}, {_PSUM}, {_TURNED})"
            self.emit(f"free_turned = [piece.view(nl.float16) for piece in ({pieces})]")
            self.emit(f"free_sums = [None] * max(1, {_SUMS} // min({BANK}, {wide}))")

    def _many(self, stem: str, rows: str, columns: str) -> str:
        name = self.names.new(stem)
        self.emit(f"{name} = on_chip({rows}, {columns})")
        return name

    @contextmanager
    def _block(self, found: Softmax, frame: Frame) -> Iterator[tuple[Frame, str]]:
        """A block of scores, and its number."""
        start, count, at = (self.names.new(stem) for stem in ("j0", "jn", "at"))
        end, keys = tidy(found.top.args[0]), self.choices.keys
        with self.repetition(start, f"range(0, {end}, {keys})", NOMINAL / keys) as block:
            self.emit(f"{count} = min({keys}, {end} - {start})")
            self.emit(f"{at} = {start} // {keys}")
            yield Frame(frame.rows, Range(start, count, keys, block, self.whole(end), start)), at

    def _weights(self, found: Softmax, block: Frame, low: str, part: str) -> Value:
        """exp(score - the block's maximum) * 2**14; the smallest of -score, raised by that, and the sum."""
        scale = self.value(found.factor, block).text if found.factor is not None else "1.0"
        product, room = split(found.score), self.names.new("room")
        if product is None or product.scale is not None:
            room, score = "", self.spread_out(self.value(found.score, block), block)
        else:
            name = self.names.new("scores")
            self.emit(f"{room} = free_scores.pop(0)")
            self.emit(f"{name} = {room}[0:{block.rows.count}, 0:{block.columns.count}]")
            score = self.in_banks(product, block, name, used=True)
        least = self.tile(block, wide=False, stem="least")
        self.charge("vector", PASS, score.span)
        self.emit(f"nisa.tensor_reduce({least.text}, nl.maximum, {score.at(block)}, axis=1, negate=True)")
        steps = f"nl.multiply, {scale}, op1=nl.add, operand1={_DIGITS * log(2)}"
        self.emit(f"nisa.tensor_scalar({low}, {least.text}, {steps})")
        weight = self.tile(block, wide=True, dtype="float16", stem="weight")
        self.charge("scalar", SCALAR, score.span)
        extra = f"scale={scale}, bias={low}, reduce_op=nl.add, reduce_res={part}"
        given = f"{weight.text}, nl.exp, {score.at(block)}, {extra}, reduce_cmd=nisa.reduce_cmd.reset_reduce"
        self.emit(f"nisa.activation({given})")
        if room:
            self.emit(f"free_scores.append({room})")
        return weight

    def _upright(self, weight: Value, block: Frame, at: str) -> str:
        """The weights with scores on the partitions: 128 of them in the first columns, the next beside them."""
        rows, count, name = block.rows.count, block.columns.count, self.names.new("upright")
        self.emit(f"{name} = on_chip(min({PARTITIONS}, {count}), -(-{count} // {PARTITIONS}) * {rows}, nl.float16)")
        every = self.choices.detour
        if not every:
            self._piecewise(weight, block, name, at)
            return name
        with self._under(f"if {at} % {every} == {every - 1} and {count} % {PARTITIONS} == 0:"):
            lying, standing, groups = (self.names.new(stem) for stem in ("lying", "standing", "groups"))
            self.emit(f"{groups} = {count} // {PARTITIONS}")
            self.emit(f"{lying} = {weight.text}.reshape(({rows}, {groups}, {PARTITIONS}))")
            self.emit(f"{standing} = {name}.reshape(({PARTITIONS}, {groups}, {rows}))")
            self.emit(f"nisa.dma_transpose(dst={standing}, src={lying})")
        with self._under("else:"):
            self._piecewise(weight, block, name, at)
        return name

    @contextmanager
    def _under(self, head: str) -> Iterator[None]:
        outer = self.block
        self.block = Block(outer, head, trips=outer.trips)
        yield
        self.block.close()
        self.block = outer

    def _piecewise(self, weight: Value, block: Frame, name: str, number: str) -> None:
        """Turn weights by the tensor engine, four times 128 at a time, through PSUM."""
        rows, count = block.rows.count, block.columns.count
        at, width, bank, full, rest = (self.names.new(stem) for stem in ("w0", "wn", "turned", "full", "rest"))
        with self.loop(at, f"range(0, {count}, {BANK})", self.choices.keys / BANK):
            self.emit(f"{width} = min({BANK}, {count} - {at})")
            self.emit(f"{full}, {rest} = divmod({width}, {PARTITIONS})")
            self.emit(f"{bank} = free_turned.pop(0)")
            t, tn = self.names.new("t"), self.names.new("tn")
            with self.loop(t, f"range(0, {width}, {PARTITIONS})", 1):
                self.emit(f"{tn} = min({PARTITIONS}, {width} - {t})")
                piece = f"{weight.text}[0:{rows}, {at} + {t}:{at} + {t} + {tn}]"
                self.emit(f"nisa.nc_transpose({slot(bank, t, tn, rows)}, {piece}, engine=nisa.engine.tensor)")
            first, second = self._copiers()
            base = f"{at} // {PARTITIONS} * {rows}"
            for when, region in regions(full, rest, rows):
                high, columns = region[1:-1].split(", ")
                begin, end = columns.split(":")
                target = f"{name}[{high}, {base} + {begin}:{base} + {end}]"
                copy = f"nisa.tensor_copy({target}, {bank}{region}"
                with self._under(f"if {when}:"):
                    if first == second:
                        self.emit(f"{copy}{self.flag(first)})")
                        continue
                    every = max(1, self.choices.detour)
                    self.emit(f"if ({number} // {every} * {-(-self.choices.keys // BANK)} + {at} // {BANK}) % 2:")
                    self.emit(f"    {copy}{self.flag(second)})")
                    self.emit("else:")
                    self.emit(f"    {copy}{self.flag(first)})")
            self.emit(f"free_turned.append({bank})")

    def _copiers(self) -> list[str]:
        """The engines of copies of turned weights, in turns: as levels a block's work on maxima and weights."""
        if self.choices.engine != "balance":
            return [self.pick({"vector": PASS / 2, "scalar": SCALAR}) for _ in range(2)]
        every, keys = self.choices.detour, self.choices.keys
        busy = {"vector": PASS * keys, "scalar": SCALAR * keys}
        costs = {"vector": PASS / 2 * keys / 2, "scalar": SCALAR * keys / 2}
        found = []
        for _ in range(2):
            best = min(costs, key=lambda engine: busy[engine] + costs[engine])
            busy[best] += costs[best] * (1 - 1 / every if every else 1)
            self.charge(best, costs[best] / keys * BANK, 1)
            found.append(best)
        return sorted(found)

    def _product_of(self, product: Product, turned: str, block: Frame, frame: Frame, target: str) -> None:
        """The block's weights times the other operand, a bank of the result at a time; target: text up to a column."""
        held = self.held_moving(product, frame)
        at, count, wide, rows = self.names.new("d0"), self.names.new("dn"), frame.columns.count, frame.rows.count
        with self.loop(at, f"range(0, {wide}, {BANK})", 1) as body:
            self.emit(f"{count} = min({BANK}, {wide} - {at})")
            columns = Range(at, count, BANK, body, frame.columns, at)
            token, name = self.names.new("token"), self.names.new("sums")
            self.emit(f"{token} = free_sums.pop(0)")
            self.emit(f"{name} = nl.ndarray(({rows}, {count}), dtype=nl.float32, buffer=nl.psum)")
            self._summed_up(product, held, turned, block, columns, name)
            engine = self.copy_engine(Value(name, True, psum=True, span=PARTITIONS))
            begin = target.rpartition(", ")[2]
            self.emit(f"nisa.tensor_copy({target} + {at}:{begin} + {at} + {count}], {name}{engine})")
            self.emit(f"free_sums.append({token})")

    def _summed_up(
        self, product: Product, held: Held | None, turned: str, block: Frame, columns: Range, name: str
    ) -> None:
        t, tn, key = (self.names.new(stem) for stem in ("t", "tn", "key"))
        with self.loop(t, f"range(0, {block.columns.count}, {PARTITIONS})") as inner:
            self.emit(f"{tn} = min({PARTITIONS}, {block.columns.count} - {t})")
            self.emit(f"{key} = {block.columns.start} + {t}")
            self.loops[key] = inner
            part = Range(key, tn, PARTITIONS, inner)
            right = held.piece(key, columns) if held else self.moving(product, Frame(part, columns))
            self.emit(f"nisa.nc_matmul({name}, {slot(turned, t, tn, block.rows.count)}, {right.text})")
            del self.loops[key]

    def _combined(
        self, found: Softmax, frame: Frame, blocks: str, given: tuple[str, str, list[str]]
    ) -> dict[Expr, Value]:
        """The maximum, the total and the products of all blocks."""
        (lows, parts, sums), rows, on = given, frame.rows.count, ", engine=nisa.engine.gpsimd"
        least, top, total = (self.tile(frame, wide=False, stem=stem) for stem in ("least", "top", "total"))
        self.emit(f"nisa.tensor_reduce({least.text}, nl.minimum, {lows}, axis=1)")
        steps = f"nl.multiply, -1.0, op1=nl.add, operand1={_DIGITS * log(2)}"
        self.emit(f"nisa.tensor_scalar({top.text}, {least.text}, {steps}{on})")
        factors = self._many("factors", rows, blocks)
        self.emit(f"nisa.activation({factors}, nl.exp, {lows}, scale=-1.0, bias={least.text})")
        self.emit(f"nisa.tensor_scalar({factors}, {factors}, nl.multiply, {2.0**-_DIGITS}{on})")
        self.emit(f"nisa.tensor_tensor({parts}, {parts}, {factors}, nl.multiply{on})")
        self.emit(f"nisa.tensor_reduce({total.text}, nl.add, {parts}, axis=1)")
        results = {found.top: top} | dict.fromkeys(found.totals, total)
        return results | {
            e: self._added(frame, blocks, factors, name) for (e, _), name in zip(found.products, sums, strict=True)
        }

    def _added(self, frame: Frame, blocks: str, factors: str, name: str) -> Value:
        """sum over blocks of factor * its columns of a tile."""
        rows, wide, on = frame.rows.count, frame.columns.count, ", engine=nisa.engine.gpsimd"
        result = self.tile(frame, wide=True, stem="summed")
        piece, factor = f"{name}[0:{rows}, 0:{wide}]", f"{factors}[0:{rows}, 0:1]"
        self.emit(f"nisa.tensor_scalar({result.text}, {piece}, nl.multiply, {factor}{on})")
        at = self.names.new("b")
        with self.loop(at, f"range(1, {blocks})", NOMINAL / self.choices.keys):
            scaled = self.tile(frame, wide=True, stem="scaled")
            piece, factor = (
                f"{name}[0:{rows}, {at} * {wide}:({at} + 1) * {wide}]",
                f"{factors}[0:{rows}, {at}:{at} + 1]",
            )
            self.charge("gpsimd", 2 * GPSIMD, PARTITIONS)
            self.emit(f"nisa.tensor_scalar({scaled.text}, {piece}, nl.multiply, {factor}{on})")
            self.emit(f"nisa.tensor_tensor({result.text}, {result.text}, {scaled.text}, nl.add{on})")
        return result
