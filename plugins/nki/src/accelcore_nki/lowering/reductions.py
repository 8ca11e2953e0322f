"""Reductions and scans on the vector engine.

A reduction that each row has one of runs along the free axis, chunk by chunk, or over whole rows with rows(whole).  One
whose terms also depend on the column is accumulated tile by tile.  Sums of products go to the tensor engine
(`contractions`) where a tile of the result is a product of matrices.
"""

from __future__ import annotations

from dataclasses import replace

from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, binary, call, param, substitute
from accelcore_nki.dtypes import FLOAT32_MIN
from accelcore_nki.lowering.contractions import Contractions
from accelcore_nki.lowering.elementwise import ACTIVATION, ALU
from accelcore_nki.lowering.frames import COLUMN, COLUMNS, ROW, Block, Frame, Range, Value
from accelcore_nki.lowering.texts import tidy

_KINDS = {
    "sum": ("add", 0.0),
    "prod": ("multiply", 1.0),
    "max": ("maximum", FLOAT32_MIN),
    "min": ("minimum", -FLOAT32_MIN),
}
_COMBINE = {"sum": "add", "prod": "mul", "max": "max", "min": "min"}
_UNROLLED = 16  # repetitions of a short accumulation that are written as one loop over tiles


class Reductions(Contractions):
    """What repeats over an index that the result does not have."""

    def reduced(self, e: Expr, frame: Frame) -> Value:
        """A reduction, or an element of a scan."""
        if e.op == "get" and e.args[0].op == "scan":
            return self._scanned(e, frame)
        if e.op != "reduce" or e.kind not in _KINDS:
            raise UnsupportedLowering(f"no NKI code for {e.op} {e.attrs[1:2]}: {str(e)[:80]}")
        if len(e.args) == 3:
            plain = self._without_start(e)
            return self.value(binary(_COMBINE[e.kind], plain, e.args[2]), frame)
        if not e.args[1].free & {e.number}:
            return self._repeated(e, frame)
        if COLUMN in e.free:
            product = self.product(e, frame)
            return product if product is not None else self._accumulated(e, frame)
        return self._along(e, frame)

    def _without_start(self, e: Expr) -> Expr:
        from accelcore.ir.expr import reduce

        return reduce(e.kind, e.args[0], lambda k: substitute(e.args[1], {e.number: k}))

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

    def whole(self, extent: str) -> Range:
        """All of an axis as columns; one range for each extent, so that values are shared."""
        found = self.root.values.get(("whole", extent))
        if not isinstance(found, Range):
            found = Range("0", extent, 1 << 30, self.root)
            self.root.values["whole", extent] = found
        return found

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
        op, neutral = _KINDS[e.kind]
        total = self.tile(frame, wide=True, stem="total")
        self.emit(f"nisa.memset({total.text}, {neutral!r})")
        variable = self.names.new("k")
        with self.loop(variable, f"range({tidy(e.args[0])})"):
            body = self.simpler(substitute(e.args[1], {e.number: param(variable, "i64")}))
            step = self._step(body) if body.op == "mul" and self.choices.fuse else None
            if step is not None and e.kind == "sum":
                x, op0, small, _ = step
                data, operand = self.value(x, frame), self._operand(small, frame)
                at = total.at(frame)
                steps = f"nl.{op0}, {operand}, op1=nl.add, operand1={at}"
                self.emit(f"nisa.scalar_tensor_tensor({at}, {data.at(frame)}, {steps})")
            else:
                terms = self.spread_out(self.value(body, frame), frame)
                at = total.at(frame)
                self.emit(f"nisa.tensor_tensor({at}, {at}, {terms.at(frame)}, nl.{op})")
        return total

    # Scans.

    def _scanned(self, e: Expr, frame: Frame) -> Value:
        """The running reduction along the columns: columns are computed in order and chained by their last one."""
        scan, at = e.args
        if at is not COLUMNS or scan.kind not in ("sum", "prod", "max", "min"):
            raise UnsupportedLowering(f"no NKI code for an element of a scan that is not the column: {str(e)[:80]}")
        if COLUMN in scan.free or frame.columns.block is not self.block:
            raise UnsupportedLowering(f"no NKI code for a scan inside another value: {str(e)[:80]}")
        body = substitute(scan.args[1], {scan.number: COLUMNS})
        terms = self.spread_out(self.value(body, frame), frame)
        op, neutral = _KINDS[scan.kind]
        start = self.value(scan.args[2], frame) if len(scan.args) > 2 else Value(repr(neutral), number=True)
        carried = self._carried(scan, start, frame)
        ones = self._ones(frame)
        result = self.tile(frame, wide=True, stem="running")
        given = f"{result.text}, {ones}, {terms.at(frame)}, {carried.at(replace(frame, columns=self.one))}"
        first = "multiply" if scan.kind in ("sum", "prod") else "bypass"
        if first == "bypass":
            given = f"{result.text}, {terms.at(frame)}, {terms.at(frame)}, {carried.at(frame)}"
            self.emit(f"nisa.tensor_tensor_scan({given}, op0=nl.{op}, op1=nl.{op})")
        elif scan.kind == "sum":
            self.emit(f"nisa.tensor_tensor_scan({given}, op0=nl.multiply, op1=nl.add)")
        else:
            self.emit(f"nisa.tensor_tensor_scan({given}, op0=nl.multiply, op1=nl.multiply)")
        last = f"{result.text}[0:{frame.rows.count}, {frame.columns.count} - 1:{frame.columns.count}]"
        self.emit(f"nisa.tensor_copy({carried.at(frame)}, {last})")
        return result

    def _carried(self, scan: Expr, start: Value, frame: Frame) -> Value:
        """The column that goes from chunk to chunk, made before the loop over columns."""
        outer = frame.columns.block.parent if frame.columns.start != "0" else self.block
        assert isinstance(outer, Block)
        with self.inside(outer):
            carried = self.tile(frame, wide=False, stem="carried")
            if start.number:
                self.emit(f"nisa.memset({carried.text}, {start.text})")
            else:
                self.emit(f"nisa.tensor_copy({carried.text}, {start.at(frame)})")
        return carried

    def _ones(self, frame: Frame) -> str:
        ones = self.tile(frame, wide=True, stem="ones")
        self.emit(f"nisa.memset({ones.text}, 1.0)")
        return ones.text


def _real(e: Expr) -> Expr:
    from accelcore.ir.expr import cast

    return cast(e, "real")
