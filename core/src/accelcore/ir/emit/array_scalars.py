"""The state of one array function: blocks, names, alignment, and scalar operators."""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES, INDEX
from accelcore.ir.emit.array_values import ATOM, UNARY, Axes, Block, Value, infix
from accelcore.ir.emit.dialects import Dialect
from accelcore.ir.emit.names import Names
from accelcore.ir.expr import BINDERS, Expr
from accelcore.values import Task, size_names


class Scalars:
    """What every part of the writer needs; `_element` and `_binder` come from the classes built on it.

    `_extents`: ranges of the variables that are axes.  `_loops`: values of the variables of a fold, whose ranges are in
    `_limits`.
    """

    def __init__(self, task: Task, dialect: Dialect) -> None:
        self._task, self._d = task, dialect
        self._names = Names({p.name for p in task.params} | set(size_names(task)) | {dialect.module, "tdiv", "math"})
        self._blocks = [Block()]
        self._calls: dict[str, str] = {}
        self._extents: dict[int, Expr] = {}
        self._loops: dict[int, Value] = {}
        self._limits: dict[int, Expr] = {}
        self._used: set[str] = set()
        self._shared: frozenset[Expr] = frozenset()

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
        return self.value(e).text

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
            case "length":
                return Value(f"len({self.value(e.args[0]).text})")
        if e.op in BINDERS:
            return self._binder(e)
        return self._operator(e)

    def _element(self, e: Expr) -> Value:
        """An element of a tensor."""
        raise NotImplementedError

    def _binder(self, e: Expr) -> Value:
        """A reduction, scan, fold, ..."""
        raise NotImplementedError

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

    # Operators.

    def _operator(self, e: Expr) -> Value:
        values = [self.value(a) for a in e.args]
        if len(values) == 1:
            if e.op == "abs":
                return self._function("abs", values)
            sign = {"neg": "-", "not": "~", "lnot": "~"}[e.op]
            if sign == "~" and not values[0].axes and e.op == "lnot":
                return Value(f"not {values[0].tight}", (), 0, 3)
            return Value(f"{sign}{values[0].at(UNARY)}", values[0].axes, 0, UNARY)
        axes = self._union(values)
        left, right = (self._aligned(v, axes) for v in values)
        if e.op in ("min", "max"):
            return self._function(f"{e.op}imum", values)
        if e.op == "tdiv" and not DTYPES[e.dtype].is_float:
            self._used.add("tdiv")
            form = self._d.forms.get("tdiv", "tdiv({0}, {1})")
            texts = [self._tensor(v, t.text) for v, t in zip(values, (left, right), strict=True)]
            return Value(form.format(*texts), axes)
        if e.op == "trem":
            return self._function("fmod", values)
        if e.op == "tdiv":
            return Value(f"{self._d.module}.trunc({infix('div', left, right, axes).text})", axes)
        return infix(e.op, left, right, axes)

    def _call(self, e: Expr) -> Value:
        values = [self.value(a) for a in e.args]
        axes = self._union(values)
        texts = [self._tensor(v, self._aligned(v, axes).text) for v in values]
        if e.name in self._d.forms:
            return Value(self._d.forms[e.name].format(*(f"({t})" for t in texts)), axes, 0, 10)
        function = self._d.functions.get(e.name)
        if function is None:
            raise self._refuse(f"the function {e.name}")
        self._used.add(e.name)
        text = f"{function}({', '.join(texts)})"
        return Value(self._once(text) if axes and len(self._blocks) == 1 else text, axes)

    def _once(self, text: str) -> str:
        """A variable for a costly array: one function of another index variable has the same text."""
        if text not in self._calls:
            self._calls[text] = self._names.fresh("e")
            self._line(f"{self._calls[text]} = {text}")
        return self._calls[text]

    def _astype(self, text: str, dtype: str) -> str:
        name = self._d.dtypes.get(dtype)
        if name is None:
            raise self._refuse(f"the dtype {dtype}")
        if self._d.is_torch:
            return f"torch.as_tensor({text}).to({name})"
        if self._d.language == "numpy" and DTYPES[dtype].is_float:
            return f"{name}({text})"
        return f"{self._d.module}.asarray({text}).astype({name})"  # wraps, where np.uint8(-1) is an error

    def _cast(self, e: Expr) -> Value:
        inner = e.args[0]
        value = self.value(inner)
        source, target = DTYPES[inner.dtype], DTYPES[e.dtype]
        if source.is_float and self._d.dtypes.get(e.dtype) == self._d.dtypes.get(inner.dtype):
            return value  # reals are computed in the dtype that the value has
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
        return Value(self._method(text, value.axes, e.dtype, value.strength), value.axes, value.rank)

    def _method(self, text: str, axes: Axes, dtype: str, strength: int = ATOM) -> str:
        """An array's own conversion where it is an array for certain."""
        if not axes:
            return self._astype(text, dtype)
        name = self._d.dtypes.get(dtype)
        if name is None:
            raise self._refuse(f"the dtype {dtype}")
        return f"{Value(text, axes, 0, strength).tight}.{'to' if self._d.is_torch else 'astype'}({name})"
