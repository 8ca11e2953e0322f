"""Reductions and scans on the vector engine.

A reduction that each row has one of runs along the free axis, chunk by chunk, or over whole rows with rows(whole).  One
whose terms also depend on the column is accumulated tile by tile.  Sums of products go to the tensor engine
(`contractions`) where a tile of the result is a product of matrices.
"""

from __future__ import annotations

from dataclasses import replace

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, call, param, substitute
from accelcore.ir.ranges import interval
from accelcore_nki.dtypes import FLOAT32_MIN
from accelcore_nki.lowering.conversions import has_data
from accelcore_nki.lowering.elementwise import ACTIVATION, ALU
from accelcore_nki.lowering.engines import GPSIMD, PASS, SCALAR, TWICE
from accelcore_nki.lowering.frames import COLUMN, COLUMNS, NOMINAL, ROW, Frame, Value
from accelcore_nki.lowering.recurrences import Recurrences, recurrence
from accelcore_nki.lowering.separate import Separate
from accelcore_nki.lowering.texts import tidy

_KINDS = {
    "sum": ("add", 0.0),
    "prod": ("multiply", 1.0),
    "max": ("maximum", FLOAT32_MIN),
    "min": ("minimum", -FLOAT32_MIN),
}
_COMBINE = {"sum": "add", "prod": "mul", "max": "max", "min": "min"}
_UNROLLED = 16  # repetitions of a loop that may share a window of what it loads


class Reductions(Separate, Recurrences):
    """What repeats over an index that the result does not have."""

    def reduced(self, e: Expr, frame: Frame) -> Value:
        """A reduction, or an element of a running one."""
        together = self.online(e)
        if together is not None:
            return together
        running = recurrence(e)
        if running is not None:
            return self.running(running, e, frame)
        if e.op != "reduce" or e.kind not in _KINDS:
            raise UnsupportedLowering(f"no NKI code for {e.op} {e.attrs[1:2]}: {str(e)[:80]}")
        if len(e.args) == 3:
            plain = self._without_start(e)
            return self.value(binary(_COMBINE[e.kind], plain, e.args[2]), frame)
        if not e.args[1].free & {e.number}:
            return self._repeated(e, frame)
        outside = self._outside(e)
        if outside is not None:
            return self.value(outside, frame)
        if COLUMN in e.free:
            product = self.product(e, frame)
            return product if product is not None else self._accumulated(e, frame)
        return self._along(e, frame)

    def _without_start(self, e: Expr) -> Expr:
        from accelcore.ir.expr import reduce

        return reduce(e.kind, e.args[0], lambda k: substitute(e.args[1], {e.number: k}))

    def _outside(self, e: Expr) -> Expr | None:
        """c * max(x) of a largest c * x, where c is not negative and the same for all x; likewise for a smallest."""
        body = self.simpler(e.args[1])
        if e.kind not in ("max", "min") or body.op not in ("mul", "div"):
            return None
        x, factor = body.args
        if body.op == "mul" and e.number not in x.free:
            x, factor = factor, x
        if e.number in factor.free or has_data(factor) or not interval(factor, self.facts)[0] >= 0:
            return None
        from accelcore.ir.expr import reduce

        return binary(body.op, reduce(e.kind, e.args[0], lambda k: substitute(x, {e.number: k})), factor)

    def _repeated(self, e: Expr, frame: Frame) -> Value:
        """A reduction of equal terms."""
        body, extent = e.args[1], e.args[0]
        if e.kind == "sum":
            return self.value(binary("mul", body, _real(extent)), frame)
        if e.kind in ("max", "min"):
            return self.value(body, frame)
        raise UnsupportedLowering(f"no NKI code for a power: {str(e)[:80]}")

    # Along the free axis.

    def _along(self, e: Expr, frame: Frame) -> Value:
        """One element for each row: the body over the reduced index as columns."""
        body = substitute(e.args[1], {e.number: COLUMNS})
        extent = tidy(e.args[0])
        if self.choices.rows:
            columns = self.whole(extent)
            return self._part(e.kind, body, replace(frame, columns=columns), None)
        total = self.tile(frame, wide=False, stem="total")
        self.emit(f"nisa.memset({total.text}, {_KINDS[e.kind][1]!r})")
        with self.chunks(extent, self.choices.tile) as columns:
            part = self._part(e.kind, body, replace(frame, columns=columns), None)
            combine = _KINDS[e.kind][0]
            at = total.at(frame)
            self.emit(f"nisa.tensor_tensor({at}, {at}, {part.at(frame)}, nl.{combine})")
        return total

    def _part(self, kind: str, body: Expr, frame: Frame, _: object) -> Value:
        """The reduction of the body over the frame's columns."""
        body = self.simpler(body)
        op = _KINDS[kind][0]
        if self.choices.fuse and kind == "sum":
            fused = self._summed_on_the_way(body, frame)
            if fused is not None:
                return fused
        terms = self.value(body, frame)
        if not terms.wide:
            terms = self.spread_out(terms, frame)
        part = self.tile(frame, wide=False, stem="part")
        if kind == "sum" and self.pick({"vector": PASS, "scalar": SCALAR}, span=terms.span) == "scalar":
            again = self.tile(frame, wide=True, dtype=terms.dtype)
            sums = f"reduce_op=nl.add, reduce_res={part.text}, reduce_cmd=nisa.reduce_cmd.reset_reduce"
            self.emit(f"nisa.activation({again.text}, nl.copy, {terms.at(frame)}, {sums})")
            return part
        if kind != "sum":
            self.charge("vector", PASS, terms.span)
        self.emit(f"nisa.tensor_reduce({part.text}, nl.{op}, {terms.at(frame)}, axis=1)")
        return part

    def _summed_on_the_way(self, body: Expr, frame: Frame) -> Value | None:
        """The sum as a by-product of the instruction that makes the terms; the terms are kept too."""
        if self.known(body, frame):
            return None
        key = (body, id(frame.rows), id(frame.columns) if COLUMN in body.free else 0, "float32")
        square = body.op == "mul" and body.args[0] is body.args[1]
        if (body.op == "call" and body.name in ACTIVATION) or square:
            settled = self.settled(body, frame)
            if settled is not frame or self.place(body, frame) is not self.block:
                return None
            part = self.tile(frame, wide=False, stem="part")
            function = call("square", body.args[0], dtype="real") if square else body
            self.block.values[key] = self.activation(function, frame, "float32", part.text)
            return part
        if body.op in ALU and body.op not in ("div",) and COLUMN in body.free:
            step = self._step(body)
            if step is None or ROW not in body.free or self.place(body, frame) is not self.block:
                return None
            x, op0, small, reverse = step
            data, operand = self.value(x, frame), self._operand(small, frame)
            part, target = self.tile(frame, wide=False, stem="part"), self.tile(frame, wide=True)
            flag = ", reverse0=True" if reverse else ""
            given = f"{target.text}, {data.at(frame)}, nl.{op0}, {operand}, nl.add, {part.text}{flag}"
            self.emit(f"nisa.tensor_scalar_reduce({given})")
            self.block.values[key] = target
            return part
        return None

    # Tile by tile.

    def _accumulated(self, e: Expr, frame: Frame) -> Value:
        """acc = acc op body for each value of the reduced index, on whole tiles."""
        if self.choices.unroll and e.args[0].op == "const" and 0 < int(e.args[0].value) <= _UNROLLED:
            return self._unrolled(e, frame)
        total = self._accumulator(frame)
        self.emit(f"nisa.memset({total.text}, {_KINDS[e.kind][1]!r})")
        variable = self.names.new("k")
        self.rows_of[variable] = e.args[0]
        if e.args[0].op == "const" and int(e.args[0].value) <= _UNROLLED:
            self.repeats[variable] = int(e.args[0].value)
        with self.repetition(variable, f"range({tidy(e.args[0])})"):
            body = self.simpler(substitute(e.args[1], {e.number: param(variable, "i64")}))
            self._add_to(total, total, body, e.kind, frame)
        return total

    def _accumulator(self, frame: Frame) -> Value:
        """A tile of the frame, in PSUM where the schedule says so: the vector engine reads it at twice the speed."""
        if self.choices.accumulate != "psum":
            return self.tile(frame, wide=True, stem="total")
        name, rows, columns = self.names.new("total"), frame.rows.count, frame.columns.count
        self.emit(f"{name} = nl.ndarray(({rows}, {columns}), dtype=nl.float32, buffer=nl.psum)")
        return Value(name, True, psum=True, rows=rows, columns=columns, span=min(frame.columns.most, NOMINAL))

    def _unrolled(self, e: Expr, frame: Frame) -> Value:
        """The same, written out: the first term needs no start, and every step its own engine.

        Each step has a variable of its own: a step may use the text of a value of the one before.
        """
        total: Value | None = None
        count = int(e.args[0].value)
        for at in range(count):
            variable = self.names.new("k")
            self.repeats[variable] = count
            with self.step(variable, at):
                body = self.simpler(substitute(e.args[1], {e.number: param(variable, "i64")}))
                if total is None:
                    total = self.spread_out(self.value(body, frame), frame)
                else:
                    target = self.tile(frame, wide=True, stem="total")
                    self._add_to(target, total, body, e.kind, frame, at)
                    total = target
        assert total is not None
        return total

    def _add_to(self, target: Value, total: Value, body: Expr, kind: str, frame: Frame, at: int = 0) -> None:
        """target = total op body; a product with a column may be one instruction.  at: which step it is, if known."""
        op = _KINDS[kind][0]
        step = self._step(body) if body.op == "mul" and self.choices.fuse and kind == "sum" else None
        if step is not None and self._in_one(at, total.span):
            x, op0, small, _ = step
            data, operand = self.value(x, frame), self._operand(small, frame)
            steps = f"nl.{op0}, {operand}, op1=nl.add, operand1={total.at(frame)}"
            self.charge("vector", TWICE, total.span)
            self.emit(f"nisa.scalar_tensor_tensor({target.text}, {data.at(frame)}, {steps})")
            return
        terms = self.spread_out(self.value(body, frame), frame)
        pair = f"{total.at(frame)}, {terms.at(frame)}, nl.{op}{self.pair_engine(total, terms)}"
        self.emit(f"nisa.tensor_tensor({target.at(frame)}, {pair})")

    def _in_one(self, at: int, span: int) -> bool:
        """Whether a product and its sum are one instruction: as the schedule says, else unless engines are idle."""
        if self.choices.sums and at:
            return at > self.choices.sums
        return not self._idle(span)

    def _idle(self, span: int) -> bool:
        """Whether a product on the scalar engine and a sum on GpSimd end before both on the vector engine would."""
        weight = self.block.trips * span
        busy = {name: self.busy.get(name, 0.0) for name in ("vector", "scalar", "gpsimd")}
        apart = max(busy["scalar"] + weight * SCALAR, busy["gpsimd"] + weight * GPSIMD)
        return self.choices.engine == "balance" and apart < busy["vector"] + weight * TWICE


def _real(e: Expr) -> Expr:
    from accelcore.ir.expr import cast

    return cast(e, "real")
