"""Running values: scans, and folds up to the column that are linear in their accumulator.

    h[j] = factor[j] * h[j-1] + term[j]        one tensor_tensor_scan along the columns

Chunks of columns are computed in order; each starts from the last column of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import difference
from accelcore.ir.expr import Expr, binary, const, substitute, walk
from accelcore_nki.lowering.elementwise import Elementwise
from accelcore_nki.lowering.engines import TWICE
from accelcore_nki.lowering.frames import COLUMN, COLUMNS, Frame, Value
from accelcore_nki.lowering.functions import without_casts

_SCANS = {
    "sum": ("multiply", "add"),
    "prod": ("multiply", "multiply"),
    "max": ("maximum", "maximum"),
    "min": ("minimum", "minimum"),
}
_STARTS = {"sum": 0.0, "prod": 1.0}


@dataclass(frozen=True)
class Recurrence:
    """state = (factor first state) second term, over the columns, from `start`.  factor: None where it is not read."""

    factor: Expr | None
    term: Expr
    start: Expr | None
    first: str
    second: str


def recurrence(e: Expr) -> Recurrence | None:
    """The recurrence whose element at the column `e` is; None when it is none."""
    if e.op == "get" and e.args[0].op == "scan" and e.args[1] is COLUMNS and COLUMN not in e.args[0].free:
        scan = e.args[0]
        return _plain(scan.kind, scan.number, scan.args)
    if e.op == "reduce" and difference(e.args[0], COLUMNS) == 1 and not {COLUMN} & e.args[1].free:
        return _plain(e.kind, e.number, e.args)
    if e.op == "fold" and len(e.args) == 3 and difference(e.args[0], COLUMNS) == 1:
        return _linear(e)
    return None


def _plain(kind: str, number: int, args: tuple[Expr, ...]) -> Recurrence | None:
    if kind not in _SCANS:
        return None
    term = substitute(args[1], {number: COLUMNS})
    start = args[2] if len(args) > 2 else None
    if start is None and kind in _STARTS:
        start = const(_STARTS[kind], "real")
    first, second = _SCANS[kind]
    factor = const(1.0, "real") if kind in _STARTS else None
    return Recurrence(factor, term, start, first, second)


def _linear(e: Expr) -> Recurrence | None:
    """factor * state + term of a fold's body."""
    _, start, body = e.args
    state = e.bound[1]
    parts = _parts(without_casts(body), state)
    if parts is None or COLUMN in body.free:
        return None
    factor, term = (substitute(p, {e.number: COLUMNS}) for p in parts)
    return Recurrence(factor, term, start, "multiply", "add")


def _parts(body: Expr, state: int) -> tuple[Expr, Expr] | None:
    """(factor, term) of a body that is linear in the state."""
    zero, one = const(0.0, "real"), const(1.0, "real")
    if state not in body.free:
        return zero, body
    if body.op == "var":
        return one, zero
    if body.op == "cast":
        return _parts(without_casts(body), state) if without_casts(body) is not body else None
    if body.op in ("add", "sub"):
        a, b = (_parts(without_casts(x), state) for x in body.args)
        if a is None or b is None:
            return None
        return _sum(body.op, a[0], b[0]), _sum(body.op, a[1], b[1])
    if body.op == "mul":
        for x, other in (body.args, body.args[::-1]):
            if state not in other.free:
                inner = _parts(without_casts(x), state)
                return None if inner is None else (_product(inner[0], other), _product(inner[1], other))
    return None


def _is(e: Expr, value: float) -> bool:
    return e.op == "const" and e.value == value


def _sum(op: str, a: Expr, b: Expr) -> Expr:
    if _is(b, 0):
        return a
    return b if _is(a, 0) and op == "add" else binary(op, a, b)


def _product(a: Expr, b: Expr) -> Expr:
    if _is(a, 0) or _is(b, 1):
        return a
    return b if _is(a, 1) else binary("mul", a, b)


class Recurrences(Elementwise):
    """Running values along the columns."""

    def running(self, found: Recurrence, e: Expr, frame: Frame) -> Value:
        """The tile of all states of the frame's columns."""
        if frame.rows is self.all_rows and frame.rows.most > 1:
            frame = Frame(self.one, frame.columns)
        term = self._full(found.term, frame)
        factor = term if found.factor is None else self._full(found.factor, frame)
        if term.psum and factor.psum:
            term = self.copied(term, frame, "float32")
        start = self._start(found, frame)
        result = self.tile(frame, wide=True, stem="state")
        states, key = self._carried(e, frame)
        initial = f"{states}[{key}] if {frame.columns.start} else {start}" if states else start
        self.charge("vector", TWICE)
        given = f"{result.text}, {factor.at(frame)}, {term.at(frame)}, {initial}"
        self.emit(f"nisa.tensor_tensor_scan({given}, op0=nl.{found.first}, op1=nl.{found.second})")
        if states:
            last = f"{frame.columns.count} - 1:{frame.columns.count}"
            self.emit(f"{states}[{key}] = {result.text}[0:{frame.rows.count}, {last}]")
        return result

    def _full(self, e: Expr, frame: Frame) -> Value:
        return self.spread_out(self.value(e, frame), frame)

    def _start(self, found: Recurrence, frame: Frame) -> str:
        if found.start is None:
            term = self._full(found.term, frame)
            return f"{term.text}[0:{frame.rows.count}, 0:1]"
        start = self.value(found.start, frame)
        if start.wide:
            raise UnsupportedLowering("no NKI code for a recurrence that starts elsewhere in each column")
        return self.as_operand(start, frame)

    def _carried(self, e: Expr, frame: Frame) -> tuple[str, str]:
        """The dictionary of last columns, made before the loop over columns, and the key of this one; or nothing."""
        block = frame.columns.block
        if frame.columns.start == "0" or block.parent is None:
            return "", ""
        key = ", ".join(sorted({n.name for n in walk(e) if n.op == "param" and n.name in self.loops})) or "0"
        with self.inside(block.parent):
            states = self.names.new("states")
            self.emit(f"{states} = {{}}")
        return states, key
