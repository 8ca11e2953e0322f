"""NumPy, PyTorch and JAX text: the summary as whole-array operations.

Every value is a text together with the index variables that its dimensions stand for, outermost first; operands are
aligned by inserting dimensions.  Reads with affine indices that provably stay inside become slices, sums of products
become `@` or einsum, other reads gather (clipped where they might leave the array, which is harmless: such an element
is not selected).  Folds are the only loops.  Reals are computed in float64, unbounded integers in int64.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from accelcore.errors import UnsupportedLowering
from accelcore.ir.affine import AffineForm, affine, at_least
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.emit.dialects import Dialect
from accelcore.ir.emit.names import Names, shared_scalars
from accelcore.ir.expr import BINDERS, Expr, index, parts, substitute
from accelcore.ir.polynomial import same_polynomial
from accelcore.ir.products import factors, nested_sum
from accelcore.ir.simplify import simplify
from accelcore.values import Param, Role, Summary, Task, size_names

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Value:
    """A text, the variables of its dimensions (then `rank` dimensions of a tensor), and whether it binds tightly."""

    text: str
    axes: Axes = ()
    rank: int = 0
    atom: bool = True

    @property
    def tight(self) -> str:
        """The text where an operand is wanted."""
        return self.text if self.atom else f"({self.text})"


Key = tuple[Expr, tuple[Expr | None, ...]]
"""A node and the ranges of its variables: the same node under another binder is another value."""


@dataclass
class _Block:
    """Lines of the function or of the loop of a fold."""

    bound: Axes = ()
    lines: list[str] = field(default_factory=list)
    known: dict[Key, Value] = field(default_factory=dict)


def emit_arrays(task: Task, dialect: Dialect) -> str:
    """The text of a function of the task's inputs that returns its results."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} was not lifted: there is no summary to emit", hint="lift it first")
    return _Writer(task, dialect).function(task.reference)


class _Writer:
    """The state of one function."""

    def __init__(self, task: Task, dialect: Dialect) -> None:
        self._task, self._d = task, dialect
        self._names = Names({p.name for p in task.params} | set(size_names(task)) | {dialect.module, "tdiv", "math"})
        self._blocks = [_Block()]
        self._extents: dict[int, Expr] = {}
        self._loops: dict[int, Value] = {}
        self._limits: dict[int, Expr] = {}
        self._used: set[str] = set()
        self._shared: frozenset[Expr] = frozenset()

    # The function.

    def function(self, summary: Summary) -> str:
        """Header, helpers, the function."""
        self._shared = shared_scalars([e for _, e in summary.post])
        given = [p for p in self._task.params if p.role is not Role.OUT]
        arguments = [p.name for p in given] + self._prologue(given)
        names = [self._result(self._task.param(name), e) for name, e in summary.post]
        returned = f"return {', '.join(names)}"
        body = "\n".join(f"    {line}" for line in [*self._blocks[0].lines, returned])
        helpers = "\n".join(self._d.helpers[name] for name in sorted(self._used) if name in self._d.helpers)
        head = self._d.header + (helpers and f"\n{helpers.rstrip()}\n")
        return f"{head}\n\ndef {self._task.name}({', '.join(arguments)}):\n{body}\n"

    def _prologue(self, given: list[Param]) -> list[str]:
        """Sizes from the shapes of arguments; those that no shape gives become further arguments."""
        missing = set(size_names(self._task)) - {p.name for p in given}
        for param in given:
            for axis, extent in enumerate(param.shape):
                if extent.op == "size" and extent.name in missing:
                    missing.discard(extent.name)
                    self._line(f"{extent.name} = {param.name}.shape[{axis}]")
        return sorted(missing)

    def _result(self, param: Param, e: Expr) -> str:
        order: list[int] = []
        while e.op == "comp":
            self._extents[e.number] = e.args[0]
            order.append(e.number)
            e = e.args[1]
        value = self.value(e)
        text = self._full(value, tuple(order), param)
        if e.dtype != param.dtype:
            text = self._astype(text, param.dtype)
        name = param.name if param.role is Role.OUT else self._names.fresh(f"new_{param.name}")
        self._line(f"{name} = {text}")
        return name

    def _full(self, value: Value, order: Axes, param: Param) -> str:
        """The value with all dimensions of the result, at their lengths."""
        if value.axes == order:
            return value.text
        shape = ", ".join(self._scalar(x) for x in param.shape)
        shape = f"({shape},)" if len(param.shape) == 1 else f"({shape})"
        text = self._aligned(value, order).text
        if self._d.is_torch:
            return f"torch.broadcast_to({self._tensor(value, text)}, {shape}).clone()"
        return f"{self._d.module}.broadcast_to({text}, {shape}).copy()"

    # Lines and names.

    def _line(self, text: str) -> None:
        self._blocks[-1].lines.append(text)

    def _refuse(self, what: str) -> UnsupportedLowering:
        return UnsupportedLowering(
            f"{what} has no whole-array form", where=f"emit {self._d.language}", hint="emit c instead"
        )

    def _named(self, value: Value, stem: str = "t") -> Value:
        name = self._names.fresh(stem)
        self._line(f"{name} = {value.text}")
        return Value(name, value.axes, value.rank)

    def value(self, e: Expr) -> Value:
        """The value of a node; binders and shared parts get names in the block of their innermost loop."""
        key = (e, tuple(self._extents.get(n) for n in sorted(e.free)))
        for block in self._blocks:
            if key in block.known:
                return block.known[key]
        if e.op not in BINDERS and e not in self._shared:
            return self._compute(e)
        at = max((n for n, b in enumerate(self._blocks) if any(v in e.free for v in b.bound)), default=0)
        aside = self._blocks[at + 1 :]
        del self._blocks[at + 1 :]
        found = self._blocks[at].known[key] = self._named(self._compute(e))
        self._blocks += aside
        return found

    def _scalar(self, e: Expr) -> str:
        """A size or index expression as text."""
        return self.value(e).tight

    def _compute(self, e: Expr) -> Value:
        match e.op:
            case "const":
                return Value(self._literal(e))
            case "size" | "param":
                return Value(e.name)
            case "input":
                return Value(e.name, (), e.rank)
            case "var":
                return self._index_variable(e.number)
            case "get":
                return self._element(e)
            case "cast":
                return self._cast(e)
            case "call":
                return self._call(e)
            case "select":
                return self._function("where", [self.value(a) for a in e.args])
        if e.op in BINDERS:
            return self._binder(e)
        return self._operator(e)

    def _index_variable(self, number: int) -> Value:
        if number in self._loops:
            return self._loops[number]
        return Value(f"{self._d.module}.arange({self._scalar(self._extents[number])})", (number,))

    def _literal(self, e: Expr) -> str:
        if e.dtype == "bool":
            return str(bool(e.value))
        text = repr(e.value)
        if "n" in text:
            return f'float("{text}")'
        return f"({text})" if text.startswith("-") else text

    # Alignment.

    def _aligned(self, value: Value, axes: Axes) -> Value:
        """With dimensions inserted so that it broadcasts over the axes (it may lack leading ones)."""
        have = value.axes
        if not have or have == axes[len(axes) - len(have) :]:
            return value
        first = min(axes.index(n) for n in have)
        marks = ", ".join(":" if n in have else "None" for n in axes[first:])
        return Value(f"{value.tight}[{marks}]", axes[first:])

    def _union(self, values: list[Value]) -> Axes:
        return tuple(sorted({n for v in values for n in v.axes}, reverse=True))

    def _tensor(self, value: Value, text: str | None = None) -> str:
        """PyTorch's functions want tensors: a Python number becomes one."""
        text = value.text if text is None else text
        if not self._d.is_torch or value.axes:
            return text
        return f"torch.as_tensor({text})"

    def _function(self, name: str, values: list[Value]) -> Value:
        axes = self._union(values)
        shown = [self._aligned(v, axes) for v in values]
        texts = [self._tensor(v, s.text) for v, s in zip(values, shown, strict=True)]
        return Value(f"{self._d.module}.{name}({', '.join(texts)})", axes)

    # Scalars.

    def _operator(self, e: Expr) -> Value:
        values = [self.value(a) for a in e.args]
        if len(values) == 1:
            if e.op == "abs":
                return self._function("abs", values)
            sign = {"neg": "-", "not": "~", "lnot": "~"}[e.op]
            if sign == "~" and not values[0].axes and e.op == "lnot":
                return Value(f"not {values[0].tight}", (), atom=False)
            return Value(f"{sign}{values[0].tight}", values[0].axes, atom=False)
        axes = self._union(values)
        a, b = (self._aligned(v, axes).tight for v in values)
        if e.op in ("min", "max"):
            return self._function(f"{e.op}imum", values)
        if e.op == "tdiv" and not DTYPES[e.dtype].is_float:
            self._used.add("tdiv")
            form = self._d.forms.get("tdiv", "tdiv({0}, {1})")
            texts = [self._tensor(v, t) for v, t in zip(values, (a, b), strict=True)]
            return Value(form.format(*texts), axes)
        if e.op == "trem":
            return self._function("fmod", values)
        if e.op == "tdiv":
            return Value(f"{self._d.module}.trunc({self._tensor(values[0], a)} / {b})", axes)
        return Value(f"{a} {_SIGNS[e.op]} {b}", axes, atom=False)

    def _call(self, e: Expr) -> Value:
        values = [self.value(a) for a in e.args]
        axes = self._union(values)
        texts = [self._tensor(v, self._aligned(v, axes).text) for v in values]
        if e.name in self._d.forms:
            return Value(self._d.forms[e.name].format(*(f"({t})" for t in texts)), axes, atom=False)
        function = self._d.functions.get(e.name)
        if function is None:
            raise self._refuse(f"the function {e.name}")
        self._used.add(e.name)
        return Value(f"{function}({', '.join(texts)})", axes)

    def _astype(self, text: str, dtype: str) -> str:
        name = self._d.dtypes.get(dtype)
        if name is None:
            raise self._refuse(f"the dtype {dtype}")
        if self._d.is_torch:
            return f"torch.as_tensor({text}).to({name})"
        return f"{self._d.module}.asarray({text}).astype({name})" if self._d.language == "jax" else f"{name}({text})"

    def _cast(self, e: Expr) -> Value:
        inner = e.args[0]
        value = self.value(inner)
        source, target = DTYPES[inner.dtype], DTYPES[e.dtype]
        text, m = value.text, self._d.module
        if inner.dtype in (INDEX, "int") and e.dtype in (INDEX, "int") and not value.axes:
            return value
        if source.is_float and not target.is_float and target.kind != "bool":
            rint = "round" if self._d.is_torch else "rint"
            rounding = {"nearest": rint, "trunc": "trunc", "floor": "floor", "ceil": "ceil"}[str(e.attrs[0])]
            text = self._method(f"{m}.{rounding}({self._tensor(value)})", value.axes, "int")
        if e.attrs[1] == "saturate" and target.bits is not None:
            clip = "clamp" if self._d.is_torch else "clip"
            text = f"{m}.{clip}({self._tensor(value, text)}, {target.low!r}, {target.high!r})"
        if not value.axes and not value.rank and e.dtype in ("real", "f64") and inner.op in ("size", "param", "var"):
            return Value(f"float({text})")
        return Value(self._method(text, value.axes, e.dtype, value.atom), value.axes, value.rank)

    def _method(self, text: str, axes: Axes, dtype: str, atom: bool = True) -> str:
        """An array's own conversion where it is an array for certain."""
        if not axes:
            return self._astype(text, dtype)
        name = self._d.dtypes.get(dtype)
        if name is None:
            raise self._refuse(f"the dtype {dtype}")
        return f"{text if atom else f'({text})'}.{'to' if self._d.is_torch else 'astype'}({name})"

    # Elements.

    def _factor(self, e: Expr) -> Value:
        """A factor of a product, its dimensions in the order of the array: products name them, so none is turned."""
        if e.op == "cast" and e not in self._shared and DTYPES[e.dtype].is_float and e.args[0].op == "get":
            inner = self._factor(e.args[0])
            if inner.axes:
                return Value(self._method(inner.text, inner.axes, e.dtype, inner.atom), inner.axes)
        return self._element(e, natural=True) if e.op == "get" else self.value(e)

    def _element(self, e: Expr, natural: bool = False) -> Value:
        if e.rank:
            raise self._refuse("a row read as a whole")
        tensor = e.args[0]
        value = self.value(tensor)
        extents = self._task.param(tensor.name).shape if tensor.op == "input" else self._tensor_extents(tensor)
        indices = list(e.args[1:])
        forms = [affine(i, self._extents.keys() & i.free) for i in indices]
        inside = [self._inside(i, n) for i, n in zip(indices, extents, strict=True)]
        if not value.axes and all(inside):
            sliced = self._sliced(value, [f for f in forms if f is not None], extents, natural)
            if sliced is not None and len(forms) == len([f for f in forms if f is not None]):
                return sliced
        return self._gathered(value, indices, extents, inside)

    def _tensor_extents(self, tensor: Expr) -> tuple[Expr, ...]:
        return tensor.args[: tensor.rank] if tensor.op == "scatter" else (tensor.args[0],)

    def _inside(self, at: Expr, extent: Expr) -> bool:
        """Whether an index provably stays inside."""
        if at.op == "const" and at.value == 0:
            return True  # the first element: an array that has none is not read at all
        limits = self._limits | self._extents
        if not at.free <= limits.keys():
            return False
        return at_least(at, 0, limits) and at_least(extent - 1 - at, 0, limits)

    def _sliced(self, value: Value, forms: list[AffineForm], extents: tuple[Expr, ...], natural: bool) -> Value | None:
        """Basic slicing: one variable, or none, in every index; no variable twice."""
        texts: list[str] = []
        axes: list[int] = []
        for form, extent in zip(forms, extents, strict=True):
            if len(form.coefficients) > 1:
                return None
            if not form.coefficients:
                texts.append(self._scalar(form.rest))
                continue
            number, step = form.coefficients[0][0], form.constant(form.coefficients[0][0])
            if number in axes or step is None or step < 1:
                return None
            axes.append(number)
            texts.append(self._range(form.rest, self._extents[number], step, extent))
        text = value.text if all(t == ":" for t in texts) else f"{value.tight}[{', '.join(texts)}]"
        ordered = tuple(axes) if natural else tuple(sorted(axes, reverse=True))
        if tuple(axes) != ordered:
            text = self._permuted(text, [axes.index(n) for n in ordered])
        return Value(text, ordered)

    def _range(self, first: Expr, count: Expr, step: int, extent: Expr) -> str:
        if step == 1 and same_polynomial(first, index(0)) and same_polynomial(count, extent):
            return ":"
        last = simplify(first + (count - 1) * step + 1)
        start = "" if same_polynomial(first, index(0)) else self.value(first).text
        stop = "" if same_polynomial(last, extent) else self.value(last).text
        return f"{start}:{stop}" + (f":{step}" if step > 1 else "")

    def _permuted(self, text: str, order: list[int]) -> str:
        if order == [1, 0]:
            return f"{text}.T"
        return (
            f"{text}.permute({', '.join(map(str, order))})" if self._d.is_torch else f"{text}.transpose({tuple(order)})"
        )

    def _gathered(self, value: Value, indices: list[Expr], extents: tuple[Expr, ...], inside: list[bool]) -> Value:
        """Index arrays that broadcast against each other; outer dimensions of the tensor are indexed by themselves."""
        at = [Value(f"{self._d.module}.arange({self._scalar(self._extents[n])})", (n,)) for n in value.axes]
        for e, extent, safe in zip(indices, extents, inside, strict=True):
            i = self.value(e)
            if not safe and (i.axes or not e.free):
                clip = "clamp" if self._d.is_torch else "clip"
                i = Value(f"{self._d.module}.{clip}({self._tensor(i)}, 0, {self._scalar(extent)} - 1)", i.axes)
            at.append(i)
        axes = self._union(at)
        texts = ", ".join(self._aligned(i, axes).text for i in at)
        return Value(f"{value.tight}[{texts}]", axes)

    # Binders.

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
        a, b = (self._aligned(v, axes).tight for v in (start, value))
        return Value(f"{a} {({'sum': '+', 'prod': '*', 'any': '|', 'all': '&'})[e.kind]} {b}", axes, atom=False)

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
        wide = self._aligned(body, axes).tight
        zero = f"{self._d.module}.zeros({self._scalar(self._extents[e.number])}, dtype={self._d.dtypes[INDEX]})"
        lane = self._aligned(Value(zero, (e.number,)), axes).tight
        return Value(f"{wide} | ({lane} > 0)" if e.args[1].dtype == "bool" else f"{wide} + {lane}", axes, atom=False)

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
        mask = Value(f"{self._aligned(k, axes).tight} < {self._aligned(length, axes).tight}", axes, atom=False)
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
            text = f"{s.tight} * {text}"
        return Value(f"-({text})" if sign < 0 else text, out, atom=False)

    def _product(self, arrays: list[Value], out: Axes) -> str:
        if len(arrays) == 2:
            for a, b in (arrays, arrays[::-1]):
                text = _matrix_product(a, b, out)
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
        self._blocks.append(_Block(e.bound))
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
        return Value(found.text, axes[:-1], 1, found.atom)

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


_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "fdiv": "//", "fmod": "%", "pow": "**", "lt": "<", "le": "<=",
    "eq": "==", "ne": "!=", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>", "land": "&", "lor": "|",
}  # fmt: skip


def _matrix_product(a: Value, b: Value, out: Axes) -> str | None:
    """a @ b for matrices and vectors, transposed where that is needed."""
    common = [n for n in a.axes if n in b.axes]
    if len(common) != 1 or common[0] in out or len(a.axes) > 2 or len(b.axes) > 2 or max(len(a.axes), len(b.axes)) < 1:
        return None
    k = common[0]
    if (*(n for n in a.axes if n != k), *(n for n in b.axes if n != k)) != out:
        return None
    left = a.tight if a.axes[-1] == k else f"{a.tight}.T"
    right = b.tight if b.axes[0] == k else f"{b.tight}.T"
    return f"{left} @ {right}"


def is_neutral(e: Expr) -> bool:
    """Whether the start value of a reduction over exact numbers changes nothing."""
    start = e.args[2]
    neutral = {"sum": 0, "prod": 1, "any": False, "all": True}.get(e.kind)
    return neutral is not None and start.op == "const" and start.value == neutral and e.dtype in ("int", "real", "bool")
