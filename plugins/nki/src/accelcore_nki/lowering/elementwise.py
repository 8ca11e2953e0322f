"""Scalar operators as instructions on tiles: two-operand, one operand and a number or a column, activations, selection.

With fuse(all) an instruction takes over what its operand needs besides: the scale and bias of an activation, a second
scalar operation.  With name(functions) formulas of functions that the scalar engine has are recognised.
"""

from __future__ import annotations

import math
from dataclasses import replace

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import affine
from accelcore.ir.expr import Expr, binary, call, cast, get, substitute, unary
from accelcore.ir.ranges import interval
from accelcore_nki.judging.interface import STORED
from accelcore_nki.lowering.conversions import COMPARES, ROUGH, Conversions, has_data
from accelcore_nki.lowering.engines import GPSIMD, PASS, SCALAR, TWICE
from accelcore_nki.lowering.frames import COLUMN, ROW, Frame, Value
from accelcore_nki.lowering.functions import named, without_casts
from accelcore_nki.lowering.texts import text, tidy

ALU = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "min": "minimum", "max": "maximum",
    "pow": "power", "lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal", "land": "logical_and",
    "lor": "logical_or",
}  # fmt: skip
_COMMUTES = frozenset(("add", "mul", "min", "max", "eq", "ne", "land", "lor"))
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
ACTIVATION = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "rsqrt": "rsqrt", "tanh": "tanh", "sigmoid": "sigmoid", "erf": "erf",
    "sin": "sin", "cos": "cos", "sign": "sign", "atan": "arctan", "silu": "silu", "square": "square",
}  # fmt: skip
_SCALED = {
    "exp2": ("exp", math.log(2), 1.0),
    "log2": ("log", 1.0, 1 / math.log(2)),
    "log10": ("log", 1.0, 1 / math.log(10)),
}
_OF_NUMBERS = {
    "exp": "math.exp({})", "log": "math.log({})", "sqrt": "math.sqrt({})", "rsqrt": "(1.0 / math.sqrt({}))"
}  # fmt: skip


class Elementwise(Conversions):
    """Values without reductions."""

    def value(self, e: Expr, frame: Frame, dtype: str = "float32") -> Value:
        """The tile of `e`, computed where and when it is first needed; its type is a wish that operators grant."""
        e = self.simpler(e)
        if self._of_whole_row(e, frame):
            return self._cut(self.value(e, replace(frame, columns=frame.columns.outer or frame.columns), dtype), frame)
        block = self.place(e, frame)
        frame = self.settled(e, frame)
        key = (e, id(frame.rows), id(frame.columns) if COLUMN in e.free else 0, dtype)
        found = block.values.get(key)
        if not isinstance(found, Value):
            with self.inside(block):
                found = self.computed(e, frame, dtype)
            block.values[key] = found
        return found

    def _of_whole_row(self, e: Expr, frame: Frame) -> bool:
        """Whether a part of a row takes its value from the whole row: what is loaded, or there already."""
        outer = frame.columns.outer
        if outer is None or outer.block is not self.root or COLUMN not in e.free:
            return False
        loaded = e.op == "get" and e.args[0].op == "input"
        return loaded or self.known(e, replace(frame, columns=outer))

    def _cut(self, value: Value, frame: Frame) -> Value:
        """The frame's columns of a tile of whole rows."""
        if not value.wide:
            return value
        columns = frame.columns
        text = f"{value.text}[0:{frame.rows.count}, {columns.offset}:{columns.offset} + {columns.count}]"
        return replace(value, text=text, rows=frame.rows.count, columns=columns.count, span=columns.most)

    def known(self, e: Expr, frame: Frame) -> bool:
        """Whether the value is there already, so that nothing should compute it again as part of something else."""
        frame = self.settled(e, frame)
        key = (self.simpler(e), id(frame.rows), id(frame.columns) if COLUMN in e.free else 0, "float32")
        return key in self.place(e, frame).values

    def simpler(self, e: Expr) -> Expr:
        """Without casts that change nothing on tiles, and with functions by name when the schedule says so."""
        e = without_casts(e)
        return named(e) if self.choices.name else e

    def computed(self, e: Expr, frame: Frame, dtype: str) -> Value:
        """Emit the instructions of one node."""
        if e.op == "const":
            return Value(repr(float(e.value)), number=True, literal=float(e.value))
        if e.dtype == "i64" and not has_data(e):
            return self._index(e, frame)
        if e.op == "param":
            self.exact(e)
            return self._scalar(e, frame)
        if e.op == "get":
            return self._read(e, frame, dtype)
        if e.op == "cast":
            return self.converted(e, frame, dtype)
        if e.op == "select":
            return self._select(e, frame)
        if e.op == "call":
            return self._call(e, frame, dtype)
        if e.op in ALU:
            return self._binary(e, frame, dtype)
        if e.op in ("neg", "abs", "lnot", "fdiv", "fmod", "tdiv", "trem"):
            return self.value(self._rewritten(e), frame, dtype)
        return self.reduced(e, frame)

    def reduced(self, e: Expr, frame: Frame) -> Value:
        """Reductions and scans: `Reductions` knows them."""
        raise UnsupportedLowering(f"no NKI code for {e.op}: {str(e)[:80]}")

    # Leaves.

    def _index(self, e: Expr, frame: Frame) -> Value:
        form = affine(e, (ROW, COLUMN))
        if form is None:
            raise UnsupportedLowering(f"{e} is not affine in the position of an element")
        if not form.coefficients:
            return Value(f"float({text(e)})", number=True)
        wide = COLUMN in form.variables
        tile = self.tile(frame, wide=wide, dtype="int32", stem="position")
        start = form.rest + self.start(frame.rows.start) * form.coefficient(ROW)
        step = tidy(form.coefficient(COLUMN)) if wide else "0"
        if wide:
            start = start + self.start(frame.columns.start) * form.coefficient(COLUMN)
        pattern = f"[[{step}, {frame.columns.count if wide else 1}]]"
        self.emit(f"nisa.iota({tile.text}, {pattern}, {tidy(start)}, {tidy(form.coefficient(ROW))})")
        return self.copied(tile, frame, "float32")

    def _scalar(self, e: Expr, frame: Frame) -> Value:
        name = self.names.new(f"{e.name}_column")
        self.emit(f"{name} = scalar_column({e.name}, {frame.rows.count}, nl.{STORED[e.dtype]})")
        return Value(name, rows=frame.rows.count)

    def _read(self, e: Expr, frame: Frame, dtype: str) -> Value:
        tensor, *indices = e.args
        if tensor.op == "comp":
            body = substitute(tensor.args[1], {tensor.number: indices[0]})
            return self.value(get(body, *indices[1:]) if len(indices) > 1 else body, frame, dtype)
        if tensor.op != "input":
            return self.reduced(e, frame)
        self.exact(e)
        return self.load(tensor.name, tuple(indices), frame)

    # Operators.

    def _rewritten(self, e: Expr) -> Expr:
        """Operators that the engines lack, by those that they have."""
        a = e.args[0]
        if e.op == "neg":
            return binary("mul", a, -1)
        if e.op == "abs":
            return binary("max", a, unary("neg", a))
        if e.op == "lnot":
            return binary("eq", cast(a, "real"), 0.0)
        b = e.args[1]
        if e.op in ("tdiv", "trem") and min(interval(a, self.facts)[0], interval(b, self.facts)[0]) < 0:
            raise UnsupportedLowering(f"no NKI code for a truncating division of negative numbers: {e}")
        rest = call("accelcore_mod", cast(a, "real"), cast(b, "real"), dtype="real")
        if e.op in ("fmod", "trem"):
            return rest
        return binary("div", binary("sub", cast(a, "real"), rest), cast(b, "real"))

    def _select(self, e: Expr, frame: Frame) -> Value:
        condition, then, other = e.args
        wide = COLUMN in e.free
        test = self.value(condition, frame, "uint8")
        kept = self.value(other, frame)
        result = self.tile(frame, wide=wide)
        if kept.number:
            self.emit(f"nisa.memset({result.text}, {kept.text})")
        elif kept.wide == wide:
            self.emit(f"nisa.tensor_copy({result.text}, {kept.at(frame)})")
        else:
            self.emit(f"nisa.memset({result.text}, 0.0)")
            column = self.as_operand(kept, frame)
            self.emit(f"nisa.tensor_scalar({result.text}, {result.text}, nl.add, {column})")
        chosen = self.value(then, frame)
        if not chosen.number:
            chosen = self.spread_out(chosen, frame) if wide else chosen
            if chosen.dtype != "float32":
                chosen = self.copied(chosen, frame, "float32")
        mask = self._mask(test, frame, wide)
        source = chosen.text if chosen.number else chosen.at(frame)
        self.emit(f"nisa.tensor_copy_predicated({result.text}, {source}, {mask})")
        return result

    def _mask(self, test: Value, frame: Frame, wide: bool) -> str:
        """The condition as uint8, in the shape of the selection."""
        if test.number or (wide and not test.wide):
            test = self.spread_out(test, frame)
        if test.dtype != "uint8":
            test = self.copied(test, frame, "uint8")
        return test.at(frame)

    def _call(self, e: Expr, frame: Frame, dtype: str) -> Value:
        name = e.name
        if name == ROUGH:
            at = e.args[0]
            return self._scalar(at, frame) if at.op == "param" else self.load(at.args[0].name, at.args[1:], frame)
        if name == "accelcore_mod":
            return self._alu("mod", e.args[0], e.args[1], frame, dtype, commutes=False)
        if name in ("floor", "ceil"):
            inner = e.args[0] if name == "floor" else unary("neg", e.args[0])
            low = binary("sub", inner, call("accelcore_mod", inner, 1.0, dtype="real"))
            return self.value(low if name == "floor" else unary("neg", low), frame, dtype)
        if name in _SCALED:
            base, before, after = _SCALED[name]
            return self.value(binary("mul", call(base, binary("mul", e.args[0], before)), after), frame, dtype)
        if name not in ACTIVATION:
            raise UnsupportedLowering(f"the scalar engine has no {name}")
        return self.activation(e, frame, dtype)

    def activation(self, e: Expr, frame: Frame, dtype: str, result: str = "") -> Value:
        """f(data * scale + bias) on the scalar engine.  result: a column that also gets its sum."""
        data, scale, bias = self._scaled(e.args[0], frame) if self.choices.fuse else (e.args[0], None, None)
        given = self.value(data, frame)
        if given.number and scale is None and bias is None and e.name in _OF_NUMBERS and not result:
            return Value(_OF_NUMBERS[e.name].format(given.text), number=True)
        if given.number:
            given = self.spread_out(given, frame) if COLUMN in e.free else self._column(given, frame)
        extra = "" if scale is None else f", scale={self._operand(scale, frame)}"
        extra += "" if bias is None else f", bias={self._operand(bias, frame)}"
        extra += f", reduce_op=nl.add, reduce_res={result}, reduce_cmd=nisa.reduce_cmd.reset_reduce" if result else ""
        target = self.tile(frame, wide=given.wide, dtype=dtype)
        if given.wide:
            self.charge("scalar", SCALAR, given.span)
        self.emit(f"nisa.activation({target.text}, nl.{ACTIVATION[e.name]}, {given.at(frame)}{extra})")
        return target

    def _column(self, value: Value, frame: Frame) -> Value:
        column = self.tile(frame, wide=False)
        self.emit(f"nisa.memset({column.text}, {value.text})")
        return column

    def _operand(self, e: Expr, frame: Frame) -> str:
        return self.as_operand(self.value(e, frame), frame)

    def _scaled(self, e: Expr, frame: Frame) -> tuple[Expr, Expr | None, Expr | None]:
        """(data, scale, bias) of an argument of the form data * scale + bias, both one a partition."""
        bias = scale = None
        e = self.simpler(e)
        if e.op in ("add", "sub") and not self.known(e, frame):
            a, b = e.args
            if self._one_a_row(b, a):
                e, bias = a, b if e.op == "add" else unary("neg", b)
            elif e.op == "add" and self._one_a_row(a, b):
                e, bias = b, a
            elif e.op == "sub" and self._one_a_row(a, b):
                return b, _minus_one(b), a
        e = self.simpler(e)
        if e.op == "neg" and not self.known(e, frame):
            return e.args[0], _minus_one(e), bias
        if e.op == "div" and not self.known(e, frame) and self._one_a_row(e.args[1], e.args[0]):
            return e.args[0], binary("div", 1.0, e.args[1]), bias
        if e.op == "mul" and not self.known(e, frame):
            a, b = e.args
            if self._one_a_row(b, a):
                e, scale = a, b
            elif self._one_a_row(a, b):
                e, scale = b, a
        return e, scale, bias

    def _one_a_row(self, small: Expr, large: Expr) -> bool:
        return COLUMN not in small.free and (COLUMN in large.free or small.op == "const" or not has_data(small))

    def _binary(self, e: Expr, frame: Frame, dtype: str) -> Value:
        a, b = self.compared(e) if e.op in COMPARES else e.args
        if e.op == "div" and self.choices.fuse and COLUMN in a.free and COLUMN not in b.free and b.op != "const":
            return self._alu("multiply", a, binary("div", 1.0, b), frame, dtype, commutes=True)
        if e.op == "div" and a.op == "const" and a.value == 1:
            return self._reciprocal(b, frame)
        if e.op == "mul" and a is b and self.choices.name:
            return self.activation(call("square", a, dtype=e.dtype), frame, dtype)
        return self._alu(ALU[e.op], a, b, frame, dtype, commutes=e.op in _COMMUTES)

    def _reciprocal(self, e: Expr, frame: Frame) -> Value:
        given = self.value(e, frame)
        if given.number:
            return Value(f"(1.0 / {given.text})", number=True)
        target = self.tile(frame, wide=given.wide)
        self.emit(f"nisa.reciprocal({target.text}, {given.at(frame)})")
        return target

    def _alu(self, op: str, a: Expr, b: Expr, frame: Frame, dtype: str, *, commutes: bool) -> Value:
        """a op b: of two tiles, or of a tile and something that each row has one of."""
        if self.choices.fuse and (COLUMN in a.free or COLUMN in b.free):
            found = self._two_in_one(op, a, b, frame, dtype, commutes=commutes)
            if found is not None:
                return found
        first, second = (a, b) if self._goes_first(a, b) else (b, a)
        values = {first: self.value(first, frame)}
        values[second] = self.value(second, frame)
        left, right = values[a], values[b]
        if left.number and right.number:
            return self._numbers(op, left, right)
        if left.wide == right.wide and not (left.number or right.number):
            return self._pair(op, left, right, frame, dtype)
        reverse = right.wide or left.number
        large, small = (right, left) if reverse else (left, right)
        flag = ", reverse0=True" if reverse and not commutes else ""
        operand = self.as_operand(small, frame)
        target = self.tile(frame, wide=large.wide, dtype=dtype)
        engine = self._scalar_engine(op, None, large)
        self.emit(f"nisa.tensor_scalar({target.text}, {large.at(frame)}, nl.{op}, {operand}{flag}{engine})")
        return target

    def _goes_first(self, a: Expr, b: Expr) -> bool:
        """Whether a is computed before b: what each row has one of, which may make the tile on its way; loads last."""
        if COLUMN not in a.free or COLUMN not in b.free:
            return COLUMN not in a.free
        return _reads(self.simpler(b)) and not _reads(self.simpler(a))

    def _scalar_engine(self, op: str, second: str | None, data: Value) -> str:
        """`, engine=...` of an operation with scalars: the scalar engine multiplies, then adds."""
        options = {"vector": PASS}
        if (op, second) in (("multiply", None), ("add", None), ("multiply", "add")):
            options["scalar"] = SCALAR
        if not data.psum:
            options["gpsimd"] = GPSIMD
        return self.flag(self.pick(options, span=data.span))

    def _pair(self, op: str, left: Value, right: Value, frame: Frame, dtype: str) -> Value:
        if left.psum and right.psum:
            right = self.copied(right, frame, "float32")
        target = self.tile(frame, wide=left.wide, dtype=dtype)
        engine = self.pair_engine(left, right)
        self.emit(f"nisa.tensor_tensor({target.text}, {left.at(frame)}, {right.at(frame)}, nl.{op}{engine})")
        return target

    def _numbers(self, op: str, left: Value, right: Value) -> Value:
        signs = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
        if op in signs:
            return Value(f"({left.text} {signs[op]} {right.text})", number=True)
        if op in ("maximum", "minimum"):
            return Value(f"{op[:3]}({left.text}, {right.text})", number=True)
        raise UnsupportedLowering(f"no NKI code for {op} of two numbers")

    def _two_in_one(self, op: str, a: Expr, b: Expr, frame: Frame, dtype: str, *, commutes: bool) -> Value | None:
        """(x op0 small) op other as one instruction, when x op0 small is needed for nothing else."""
        for inner, other, reverse in ((a, b, False), (b, a, True)):
            inner = self.simpler(inner)
            if inner.op not in _INFIX and inner.op not in ("min", "max"):
                continue
            if self.known(inner, frame) or COLUMN not in inner.free or inner.args[0] is inner.args[1]:
                continue
            step = self._step(inner)
            if step is None or (COLUMN in other.free and self._starts_with_step(step[0], frame)):
                continue
            return self._fused(step, op, other, frame, dtype, reverse=reverse and not commutes)
        return None

    def _step(self, e: Expr) -> tuple[Expr, str, Expr, bool] | None:
        """(x, op0, small, reversed) of x op0 small."""
        x, small = e.args
        if e.op == "div" and COLUMN not in small.free and small.op != "const":
            return (x, "multiply", binary("div", 1.0, small), False) if COLUMN in x.free else None
        if COLUMN in x.free and COLUMN not in small.free:
            return x, ALU[e.op], small, False
        if COLUMN in small.free and COLUMN not in x.free:
            return small, ALU[e.op], x, e.op not in _COMMUTES
        return None

    def _as_activation(
        self, data: Value, op0: str, steps: tuple[Expr, Expr], given: tuple[str, str], frame: Frame
    ) -> Value | None:
        """(data +- small) * other on the scalar engine, data * other +- small * other, when that is less busy."""
        if self.choices.engine != "balance":
            return None
        if self.pick({"vector": PASS, "scalar": SCALAR}, span=data.span) != "scalar":
            return None
        small, other = steps
        bias = binary("mul", small, other)
        shift = self._operand(unary("neg", bias) if op0 == "subtract" else bias, frame)
        target = self.tile(frame, wide=True, dtype=given[1])
        self.emit(f"nisa.activation({target.text}, nl.copy, {data.at(frame)}, scale={given[0]}, bias={shift})")
        return target

    def _starts_with_step(self, e: Expr, frame: Frame) -> bool:
        """Whether it is a scalar operation itself, so that two of them make one instruction."""
        e = self.simpler(e)
        fits = e.op in _INFIX or e.op in ("min", "max")
        return fits and COLUMN in e.free and not self.known(e, frame) and self._step(e) is not None

    def _fused(
        self, step: tuple[Expr, str, Expr, bool], op: str, other: Expr, frame: Frame, dtype: str, *, reverse: bool
    ) -> Value:
        x, op0, small, reverse0 = step
        operand0 = self._operand(small, frame)
        second = None if COLUMN in other.free else self.value(other, frame)
        data = self.value(x, frame)
        second = second or self.value(other, frame)
        flags = (", reverse0=True" if reverse0 else "") + (", reverse1=True" if reverse else "")
        if second.wide and second.psum and data.psum:
            second = self.copied(second, frame, "float32")
        operand1 = second.at(frame) if second.wide else self.as_operand(second, frame)
        target = self.tile(frame, wide=True, dtype=dtype)
        name = "scalar_tensor_tensor" if second.wide else "tensor_scalar"
        if second.wide:
            self.charge("vector", PASS if data.psum or second.psum else TWICE, data.span)
        elif op0 in ("subtract", "add") and op == "multiply" and not flags:
            scalar = self._as_activation(data, op0, (small, other), (operand1, dtype), frame)
            if scalar is not None:
                return scalar
        else:
            flags += self._scalar_engine(op0, op, data)
        steps = f"nl.{op0}, {operand0}, op1=nl.{op}, operand1={operand1}{flags}"
        self.emit(f"nisa.{name}({target.text}, {data.at(frame)}, {steps})")
        return target


def _reads(e: Expr) -> bool:
    return e.op == "get" and e.args[0].op == "input"


def _minus_one(like: Expr) -> Expr:
    from accelcore.ir.expr import const

    return const(-1.0, "real")
