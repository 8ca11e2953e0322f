"""Reductions, contractions, folds, scans, scatters and selections as array operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accelcore.ir.affine import affine
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.emit.array_reads import Reads
from accelcore.ir.emit.array_values import SUM, UNARY, Axes, Block, Value, infix, is_neutral, matrix_product
from accelcore.ir.expr import Expr, parts, substitute
from accelcore.ir.products import factors, nested_sum


class Binders(Reads):
    """Every binder but comp, which is the array itself."""

    def _binder(self, e: Expr) -> Value:
        match e.op:
            case "reduce":
                return self._reduce(e)
            case "fold":
                return self._fold(e)
            case "scan":
                return self._scan(e)
            case "filter":
                return self._filter(e)
            case "scatter":
                return self._scatter(e)
        raise self._refuse(f"a {e.op}")

    def _bind(self, number: int, extent: Expr) -> Expr | None:
        """Bring a variable into scope as an axis.  A range that varies is returned; the axis has its maximum."""
        if not any(n in self._extents for n in extent.free):
            self._extents[number] = extent
            return None
        form = affine(extent, self._extents.keys() & extent.free)
        if form is None or any((form.constant(n) or 0) < 0 for n in form.variables):
            raise self._refuse("a range that depends on an index in this way")
        self._extents[number] = substitute(extent, {n: self._extents[n] - 1 for n in form.variables})
        return extent

    def _reduce(self, e: Expr) -> Value:
        found = self._contraction(e) if e.kind == "sum" else None
        value = found or self._reduced(e)
        if len(e.args) < 3 or is_neutral(e):
            return value
        return self._started(e, value)

    def _started(self, e: Expr, value: Value) -> Value:
        """A reduction combined with its start value."""
        start = self.value(e.args[2])
        if e.kind in ("max", "min"):
            return self._function(f"{e.kind}imum", [start, value])
        axes = self._union([start, value])
        op = {"sum": "add", "prod": "mul", "any": "lor", "all": "land"}[e.kind]
        return infix(op, self._aligned(start, axes), self._aligned(value, axes), axes)

    def _reduced(self, e: Expr) -> Value:
        ragged = self._bind(e.number, e.args[0])
        body = self.value(e.args[1])
        if ragged is not None:
            body = self._masked(e, body, ragged)
        body = self._along(body, e)
        at = body.axes.index(e.number)
        rest = tuple(n for n in body.axes if n != e.number)
        name = {"max": "amax", "min": "amin"}.get(e.kind, e.kind) if self._d.is_torch else e.kind
        dtype = f", dtype={self._d.dtypes[e.dtype]}" if e.kind in ("sum", "prod") else ""
        return Value(f"{self._d.module}.{name}({body.text}, {self._d.axis}={at}{dtype})", rest)

    def _along(self, body: Value, e: Expr) -> Value:
        """A body that does not vary with the index, repeated along it."""
        if e.number in body.axes:
            return body
        axes = self._union([body, Value("", (e.number,))])
        wide = self._aligned(body, axes)
        zero = f"{self._d.module}.zeros({self._scalar(self._extents[e.number])}, dtype={self._d.dtypes[INDEX]})"
        lane = self._aligned(Value(zero, (e.number,)), axes).tight
        if e.args[1].dtype == "bool":
            return Value(f"{wide.at(SUM)} | ({lane} > 0)", axes, 0, 5)
        return Value(f"{wide.at(SUM)} + {lane}", axes, 0, SUM)

    def _masked(self, e: Expr, body: Value, extent: Expr) -> Value:
        """The body where the index is below a range that varies, the neutral value elsewhere."""
        low, high = DTYPES[e.args[1].dtype].low, DTYPES[e.args[1].dtype].high
        worst = {
            "max": 'float("-inf")' if low is None else repr(low),
            "min": 'float("inf")' if high is None else repr(high),
        }
        neutral = {"sum": "0", "prod": "1", "any": "False", "all": "True"}.get(e.kind) or worst.get(e.kind)
        if neutral is None or (e.kind in worst and e.dtype == "int"):
            raise self._refuse(f"{e.kind} over a range that depends on an index")
        k, length = self._index_variable(e.number), self.value(extent)
        axes = self._union([k, length])
        mask = infix("lt", self._aligned(k, axes), self._aligned(length, axes), axes)
        return self._function("where", [mask, body, Value(neutral)])

    def _contraction(self, e: Expr) -> Value | None:
        """`@` or einsum for a sum of products of arrays over different variables."""
        ranges, body = nested_sum(e)
        summed = frozenset(number for number, _ in ranges)
        found, sign = factors(body, summed)
        if len(found) < 2 or any(extent.free & self._extents.keys() for _, extent in ranges):
            return None
        for number, extent in ranges:
            self._extents[number] = extent
        values = [self._factor(f) for f in found]
        if len({frozenset(v.axes) for v in values}) < 2 and len(ranges) == 1 and len(values[0].axes) > 1:
            return None
        if not all(any(n in v.axes for v in values) for n in summed) or DTYPES[body.dtype].kind == "bool":
            return None
        scalars = [v for v in values if not v.axes]
        arrays = [v for v in values if v.axes]
        out = tuple(n for n in self._union(arrays) if n not in summed)
        text = self._product(arrays, out)
        for s in scalars:
            text = f"{s.at(10)} * ({text})"
        return Value(f"-({text})" if sign < 0 else text, out, 0, UNARY if sign < 0 else 10)

    def _product(self, arrays: list[Value], out: Axes) -> str:
        if len(arrays) == 2:
            for a, b in (arrays, arrays[::-1]):
                text = matrix_product(a, b, out)
                if text is not None:
                    return text
        every = self._union(arrays)
        letters = {n: chr(ord("a") + at) if len(every) > 18 else "ijklmnopqrstuvwxyz"[at] for at, n in enumerate(every)}
        spec = ",".join("".join(letters[n] for n in v.axes) for v in arrays)
        spec = f"{spec}->{''.join(letters[n] for n in out)}"
        return f'{self._d.module}.einsum("{spec}", {", ".join(v.text for v in arrays)})'

    def _fold(self, e: Expr) -> Value:
        """A Python loop over accumulators that have all the dimensions that the fold varies with."""
        before, updates, _ = parts(e)
        which = e.attrs[2]
        assert isinstance(which, int)
        if any(n in self._extents for n in before[0].free):
            raise self._refuse("a fold whose length depends on an index")
        axes = tuple(n for n in sorted(e.free, reverse=True) if n in self._extents)
        accs = [Value(self._names.fresh("acc"), axes) for _ in updates]
        for acc, start in zip(accs, before[1:], strict=True):
            self._line(f"{acc.text} = {self._spread(self.value(start), axes)}")
        k, extent = self._names.fresh("k"), self._scalar(before[0])
        with self._stepping(e, Value(k), accs):
            new = [self._spread(self.value(u), axes) for u in updates]
            self._line(f"{', '.join(a.text for a in accs)} = {', '.join(new)}")
            lines = self._blocks[-1].lines
        self._blocks[-1].lines += [f"for {k} in range({extent}):", *(f"    {line}" for line in lines)]
        return accs[which]

    @contextmanager
    def _stepping(self, e: Expr, k: Value, accs: list[Value]) -> Iterator[None]:
        """The block of a fold's loop: its index is a number, its accumulators are arrays."""
        saved = self._extents, self._loops, self._limits
        self._extents = {n: x for n, x in self._extents.items() if n not in e.bound}
        self._loops = {**self._loops, **dict(zip(e.bound, (k, *accs), strict=True))}
        self._limits = {**self._limits, e.number: e.args[0]}
        self._blocks.append(Block(e.bound))
        yield
        self._blocks.pop()
        self._extents, self._loops, self._limits = saved

    def _spread(self, value: Value, axes: Axes) -> str:
        """A value over all axes of a fold, so that its accumulators keep their shape."""
        if value.axes == axes:
            return value.text
        shape = ", ".join(self._scalar(self._extents[n]) for n in axes)
        text = self._tensor(value, self._aligned(value, axes).text)
        return f"{self._d.module}.broadcast_to({text}, ({shape},))"

    def _scan(self, e: Expr) -> Value:
        if self._bind(e.number, e.args[0]) is not None:
            raise self._refuse("a scan whose length depends on an index")
        body = self._along(self.value(e.args[1]), e)
        axes = (*(n for n in body.axes if n != e.number), e.number)
        if body.axes != axes:
            raise self._refuse("this running reduction")
        names = {"sum": "cumsum({0}, -1)", "prod": "cumprod({0}, -1)"}
        torch = {k: f"cum{k}({{0}}, -1).values" for k in ("max", "min")}
        others = {k: f"{k}imum.accumulate({{0}}, -1)" for k in ("max", "min")}
        form = names.get(e.kind) or (torch if self._d.is_torch else others).get(e.kind)
        if form is None:
            raise self._refuse(f"a running {e.kind}")
        found = Value(f"{self._d.module}.{form.format(body.text)}", axes)
        if len(e.args) > 2 and not is_neutral(e):
            found = self._started(e, self._named(found))
        if found.axes != axes:
            raise self._refuse("this running reduction")
        return Value(found.text, axes[:-1], 1, found.strength)

    def _scatter(self, e: Expr) -> Value:
        """An array of start values and one indexed update."""
        before, inside, (init,) = parts(e)
        if e.free or self._bind(e.number, before[-1]) is not None:
            raise self._refuse("a scatter for every index")
        start = self.value(init)
        shape = ", ".join(self._scalar(x) for x in before[:-1])
        table = self._named(Value(f"{self._d.module}.full(({shape},), {start.text}, dtype={self._d.dtypes[e.dtype]})"))
        axis = (e.number,)
        count = f"({self._scalar(self._extents[e.number])},)"
        texts = []
        for v in (self.value(x) for x in inside):
            same = v.axes == axis
            texts.append(v.text if same else f"{self._d.module}.broadcast_to({self._tensor(v)}, {count})")
        where, value, combine = ", ".join(texts[:-1]), texts[-1], str(e.attrs[1])
        form = self._d.scatters.get(combine)
        if form is None:
            raise self._refuse(f"a scatter that combines with {combine}")
        self._line(form.format(t=table.text, at=where, value=value))
        return Value(table.text, (), e.rank)

    def _filter(self, e: Expr) -> Value:
        if self._bind(e.number, e.args[0]) is not None or e.free:
            raise self._refuse("a selection for every index")
        holds, value = self.value(e.args[1]), self.value(e.args[2])
        if holds.axes != (e.number,) or value.axes != (e.number,):
            raise self._refuse("this selection")
        return Value(f"{value.tight}[{holds.text}]", (), 1)
