"""Expressions of the tensor language: one immutable, hash-consed node class.

Equal expressions are the same object: construction interns, bound variables have canonical names, and unpickling
interns again.  So `is` is equality up to renaming of bound variables, and a shared sub-expression is stored, printed,
evaluated and lowered once.

Invariants, kept by the constructors in this file (`Expr` itself is never called elsewhere):

* A binder (comp, reduce, scan, fold, scatter, filter) binds variables that are named by *height*: one more than the
  largest bound number inside its body.  Bound variables inside a binder therefore have smaller numbers than its own.
* `dtype` is the element's dtype; `rank` the number of axes (0 for scalars).  A tensor-valued expression is a comp, a
  scan, a scatter, a filter, or an input named whole.
* Sizes and index variables have dtype INDEX ("i64") and mean unbounded integers: they never wrap.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Union

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX, promote

Attr = Union[str, int, float, bool, None, tuple["Attr", ...]]  # noqa: UP007  a string inside cannot be or-ed

# Scalar operators by arity.  tdiv/trem truncate (C), fdiv/fmod floor (Python); div is exact division of reals or the
# float division of its dtype.  shr is arithmetic on signed dtypes.  Bitwise operators work on integers, land/lor/lnot
# on bools.
UNARY = frozenset({"neg", "abs", "not", "lnot"})
ARITHMETIC = frozenset({"add", "sub", "mul", "div", "tdiv", "trem", "fdiv", "fmod", "min", "max", "pow"})
BITWISE = frozenset({"and", "or", "xor", "shl", "shr"})
LOGICAL = frozenset({"land", "lor"})
COMPARE = frozenset({"lt", "le", "eq", "ne"})
BINARY = ARITHMETIC | BITWISE | LOGICAL | COMPARE
COMMUTATIVE = frozenset({"add", "mul", "min", "max", "and", "or", "xor", "land", "lor", "eq", "ne"})
FUNCTIONS = frozenset(
    {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "cbrt", "sin", "cos", "tan", "asin"}
    | {"acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "erf", "erfc", "floor", "ceil", "trunc", "round", "sign"}
    | {"isnan", "isinf", "atan2", "hypot"}
)
"""Named scalar functions; `round` is to nearest even.  Others may be called by name: they are uninterpreted."""

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all", "argmax", "argmin"})
"""Reductions by name.  count is a sum of select(c, 1, 0).  argmax/argmin give the first index of the extreme."""

ROUNDINGS = frozenset({"nearest", "trunc", "floor", "ceil"})
MODES = frozenset({"wrap", "saturate", "exact"})
COMBINES = frozenset({"set", "add", "mul", "max", "min"})
"""What a scatter does with a value that meets an earlier one."""

BINDERS = frozenset({"comp", "reduce", "scan", "fold", "scatter", "filter"})


class Expr:
    """A node: operator, arguments, attributes, dtype, rank.  Made only by the functions below.

    Layout by `op` (args | attrs):
      const      ()                       | (value,)
      size       ()                       | (name,)                     extent parameter
      param      ()                       | (name,)                     scalar parameter
      var        ()                       | (number,)                   bound variable, an index unless dtype says else
      input      ()                       | (name,)   rank > 0          an array parameter at entry
      get        (tensor, index...)       | ()                          element of a tensor-valued expression
      UNARY, BINARY operators             | ()
      select     (condition, then, else)  | ()
      cast       (e,)                     | (rounding, mode)            rounding: nearest|trunc|floor|ceil,
                                                                        mode: wrap|saturate|exact
      call       (e...)                   | (function,)
      comp       (extent, body)           | (variable,)                 [body for variable < extent]
      reduce     (extent, body, *init)    | (variable, kind)            init: value for the empty range, folded in
      scan       (extent, body, *init)    | (variable, kind)            inclusive running reduction, rank 1
      fold       (extent, *inits, *bodies)| (variable, (acc var, ...), which)   general fold; value of accumulator which
      scatter    (*extents, count, *index, value, init) | (variable, combine, rank)   init[index] combine= value
      filter     (count, condition, value)| (variable,)                 values whose condition holds, in order, rank 1
      length     (tensor,)                | (axis,)                     extent of a filter
    """

    __slots__ = ("__dict__", "__weakref__", "args", "attrs", "dtype", "free", "height", "op", "rank")
    _table: ClassVar[weakref.WeakValueDictionary[tuple[object, ...], Expr]] = weakref.WeakValueDictionary()

    op: str
    args: tuple[Expr, ...]
    attrs: tuple[Attr, ...]
    dtype: str
    rank: int
    free: frozenset[int]
    """Numbers of the variables that occur unbound."""
    height: int
    """Largest number that a binder inside (or this binder) binds; -1 when there is none."""

    def __new__(
        cls, op: str, args: tuple[Expr, ...] = (), attrs: tuple[Attr, ...] = (), dtype: str = INDEX, rank: int = 0
    ) -> Expr:
        """The one node with these parts."""
        # Attributes are keyed with their types: 1, 1.0 and True are different constants; -0.0 differs from 0.0.
        key = (op, tuple(map(id, args)), tuple((type(a), repr(a)) for a in attrs), dtype, rank)
        found = cls._table.get(key)
        if found is not None:
            return found
        node = object.__new__(cls)
        node.op, node.args, node.attrs, node.dtype, node.rank = op, args, attrs, dtype, rank
        # Computed here and not on demand, so that no property recurses through a long chain of additions.
        node.free, node.height = _scope(node)
        return cls._table.setdefault(key, node)

    __iter__ = None  # __getitem__ alone would make every tensor an endless iterable

    def __reduce__(self) -> tuple[object, ...]:
        # A table instead of nested tuples: linear in the distinct nodes, and no recursion in pickle.
        return _from_rows, (to_rows(self),)

    def __repr__(self) -> str:
        from accelcore.ir.printer import text

        return text(self)

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Names of the size parameters in it."""
        return frozenset(node.name for node in walk(self) if node.op == "size")

    @cached_property
    def inputs(self) -> frozenset[str]:
        """Names of the array and scalar parameters in it."""
        return frozenset(node.name for node in walk(self) if node.op in ("input", "param"))

    @cached_property
    def digest(self) -> str:
        """A short hash of the structure, the same in every process: an order of expressions that runs agree on."""
        for node in walk(self):
            if "digest" not in node.__dict__:
                inner = ",".join(a.__dict__["digest"] for a in node.args)
                text = f"{node.op}({inner}){node.attrs!r}{node.dtype}{node.rank}"
                node.__dict__["digest"] = hashlib.sha256(text.encode()).hexdigest()[:24]
        return str(self.__dict__["digest"])

    @property
    def name(self) -> str:
        """The name of a size, param, input, or called function."""
        return str(self.attrs[0])

    @property
    def value(self) -> int | float | bool:
        """The value of a const."""
        value = self.attrs[0]
        assert isinstance(value, int | float)
        return value

    @property
    def number(self) -> int:
        """The number of a var, or of the (first) variable that a binder binds."""
        number = self.attrs[0]
        assert isinstance(number, int)
        return number

    @property
    def kind(self) -> str:
        """The kind of a reduce or scan."""
        return str(self.attrs[1])

    @property
    def bound(self) -> tuple[int, ...]:
        """Numbers of the variables that this binder binds."""
        if self.op == "fold":
            accs = self.attrs[1]
            assert isinstance(accs, tuple)
            return (self.number, *(a for a in accs if isinstance(a, int)))
        return (self.number,)

    # Operators build expressions.  == stays identity, so that expressions live in sets and dictionaries.
    def __add__(self, other: Operand) -> Expr:
        return binary("add", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return binary("add", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return binary("sub", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return binary("sub", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return binary("mul", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return binary("mul", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return binary("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return binary("div", other, self)

    def __floordiv__(self, other: Operand) -> Expr:
        return binary("fdiv", self, other)

    def __mod__(self, other: Operand) -> Expr:
        return binary("fmod", self, other)

    def __neg__(self) -> Expr:
        return unary("neg", self)

    def __lt__(self, other: Operand) -> Expr:
        return binary("lt", self, other)

    def __le__(self, other: Operand) -> Expr:
        return binary("le", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return binary("lt", other, self)

    def __ge__(self, other: Operand) -> Expr:
        return binary("le", other, self)

    def __getitem__(self, index: Operand | tuple[Operand, ...]) -> Expr:
        return get(self, *(index if isinstance(index, tuple) else (index,)))


Operand = Expr | int | float | bool
"""What the constructors accept: Python numbers become constants."""


def _scope(node: Expr) -> tuple[frozenset[int], int]:
    """(free variables, height) of a node from those of its arguments."""
    if node.op == "var":
        return frozenset({node.number}), -1
    if not node.args:
        return frozenset(), -1
    height = max(a.height for a in node.args)
    first = node.args[0].free
    free = first if all(a.free is first for a in node.args) else first.union(*(a.free for a in node.args[1:]))
    if node.op not in BINDERS:
        return free, height
    # Extents and start values lie outside the binder; the numbering keeps them free of its variables.
    return free.difference(node.bound), max(height, *node.bound)


Row = tuple[str, tuple[int, ...], tuple[Attr, ...], str, int]
"""One node of a table: operator, positions of the arguments (all smaller than its own), attributes, dtype, rank."""


def to_rows(*roots: Expr) -> tuple[Row, ...]:
    """The distinct nodes under the roots, children first; a single root is the last row."""
    place: dict[Expr, int] = {}
    rows: list[Row] = []
    for root in roots:
        for node in walk(root):
            if node not in place:
                place[node] = len(rows)
                rows.append((node.op, tuple(place[a] for a in node.args), node.attrs, node.dtype, node.rank))
    return tuple(rows)


def from_rows(rows: Iterable[Row]) -> list[Expr]:
    """The nodes of a table, interned.  The rows are trusted; `accelcore.codec` checks them."""
    nodes: list[Expr] = []
    for op, args, attrs, dtype, rank in rows:
        nodes.append(Expr(op, tuple(nodes[a] for a in args), attrs, dtype, rank))
    return nodes


def _from_rows(rows: tuple[Row, ...]) -> Expr:
    return from_rows(rows)[-1]


# Leaves.


def const(value: int | float | bool, dtype: str | None = None) -> Expr:
    """A constant; without a dtype: bool, "int" or "real" after Python's type."""
    if dtype is None:
        dtype = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "real"
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return Expr("const", (), (bool(value),), dtype)
    if facts.is_float:
        return Expr("const", (), (_representable(float(value), dtype),), dtype)
    if value != int(value):
        raise IrError(f"{value} is no {dtype}", hint="cast a real constant where it shall be rounded")
    if facts.low is not None and facts.high is not None and not facts.low <= value <= facts.high:
        raise IrError(f"{value} does not fit {dtype}")
    return Expr("const", (), (int(value),), dtype)


def _representable(value: float, dtype: str) -> float:
    """The value of that float dtype nearest to a Python float; infinite when it is too large."""
    layout = {"f16": "e", "f32": "f", "bf16": "f"}.get(dtype)
    if layout is None or value != value or value in (float("inf"), float("-inf")):
        return value
    if dtype == "bf16":
        return _bfloat(value)
    try:
        return float(struct.unpack(layout, struct.pack(layout, value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _bfloat(value: float) -> float:
    """Nearest bf16 (ties to even), from the exact double: 8 significand bits, f32's exponents."""
    if value == 0.0:
        return value
    _, exponent = math.frexp(value)
    unit = max(exponent - 8, -133)  # 2**-133 is the smallest subnormal
    rounded = math.ldexp(round(math.ldexp(value, -unit)), unit)
    return math.copysign(rounded if abs(rounded) < 2.0**128 else math.inf, value)


def index(value: int) -> Expr:
    """An index constant."""
    return const(value, INDEX)


def size(name: str) -> Expr:
    """An extent parameter, a non-negative integer."""
    return Expr("size", (), (name,), INDEX)


def param(name: str, dtype: str) -> Expr:
    """A scalar parameter."""
    return Expr("param", (), (name,), dtype)


def array(name: str, dtype: str, rank: int) -> Expr:
    """An array parameter, at entry."""
    if rank < 1:
        raise IrError(f"array {name!r} needs at least one axis; use param() for a scalar")
    return Expr("input", (), (name,), dtype, rank)


def var(number: int, dtype: str = INDEX) -> Expr:
    """A bound variable, to be used inside binders only; `fresh` gives unused ones."""
    return Expr("var", (), (number,), dtype)


_FRESH = 1_000_000
_counter = itertools.count(_FRESH + 1)  # next() on it is atomic: threads never get one number twice


def fresh(dtype: str = INDEX) -> Expr:
    """A variable that occurs nowhere else, for building bodies; binders rename it."""
    return var(next(_counter), dtype)


# Scalar nodes.


def coerce(value: Operand, like: str | None = None) -> Expr:
    """An Expr from a Python number; `like` is the dtype that an int constant takes where it can."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, bool) or like is None or like == "bool":
        return const(value)
    if isinstance(value, float) and not DTYPES[like].is_float:
        return const(value)
    return const(value, like)


def binary(op: str, left: Operand, right: Operand) -> Expr:
    """A binary operator.  Operands must agree in dtype, except that index and constant "int" operands adapt."""
    if op not in BINARY:
        raise IrError(f"unknown operator {op!r}")
    a = coerce(left, right.dtype if isinstance(right, Expr) else None)
    b = coerce(right, a.dtype)
    _scalars(op, a, b)
    a, b = _meet(op, a, b)
    if op == "div" and not DTYPES[a.dtype].is_float:  # exact division leaves the integers
        a, b = cast(a, "real"), cast(b, "real")
    kind = DTYPES[a.dtype].kind
    if op in ARITHMETIC and kind == "bool":
        raise IrError(f"{op} needs numbers, not bool", hint='cast(e, "int") makes 0 and 1 of truth values')
    if op in LOGICAL and kind != "bool":
        raise IrError(f"{op} needs bool operands, not {a.dtype}")
    if op in BITWISE and kind not in ("int", "uint", "bool"):
        raise IrError(f"{op} needs integer operands, not {a.dtype}")
    return Expr(op, (a, b), (), "bool" if op in COMPARE else a.dtype)


def _scalars(what: str, *operands: Expr) -> None:
    """Refuse tensors where elements are meant."""
    if any(o.rank for o in operands):
        raise IrError(f"{what} takes scalars, not a tensor", hint="index the tensor first, inside a comp")


def _meet(op: str, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Both operands in one dtype: by an implicit exact widening to "int" or "real", else they must agree."""
    if a.dtype == b.dtype:
        return a, b
    target = promote(a.dtype, b.dtype)
    if target in ("int", "real") or INDEX in (a.dtype, b.dtype):
        return cast(a, target), cast(b, target)
    raise IrError(f"operands of {op} have dtypes {a.dtype} and {b.dtype}; cast one of them")


def unary(op: str, operand: Operand) -> Expr:
    """neg, abs, not (bitwise), lnot (logical)."""
    a = coerce(operand)
    if op not in UNARY:
        raise IrError(f"unknown operator {op!r}")
    _scalars(op, a)
    kind = DTYPES[a.dtype].kind
    if (op == "lnot") != (kind == "bool") or (op == "not" and kind == "float"):
        raise IrError(f"{op} cannot be applied to {a.dtype}", hint="lnot is for bool, not for integers")
    return Expr(op, (a,), (), a.dtype)


def select(condition: Expr, then: Operand, other: Operand) -> Expr:
    """`then` where the condition holds, else `other`; both are defined only where they are chosen."""
    a = coerce(then, other.dtype if isinstance(other, Expr) else None)
    b = coerce(other, a.dtype)
    _scalars("select", condition, a, b)
    a, b = _meet("select", a, b)
    if condition.dtype != "bool":
        raise IrError(f"select needs a bool condition, not {condition.dtype}")
    return Expr("select", (condition, a, b), (), a.dtype)


def cast(e: Expr, dtype: str, rounding: str = "nearest", mode: str = "wrap") -> Expr:
    """Conversion.  Widening to "int"/"real" is exact.  mode "exact" states that the value fits (an obligation)."""
    if dtype not in DTYPES:
        raise IrError(f"unknown dtype {dtype!r}", hint="one of " + ", ".join(DTYPES))
    if rounding not in ROUNDINGS or mode not in MODES:
        raise IrError(f"a cast has no rounding {rounding!r} with mode {mode!r}")
    if e.dtype == dtype:
        return e
    if e.op == "comp":  # a cast of a list is the list of casts
        body = cast(e.args[1], dtype, rounding, mode)
        return Expr("comp", (e.args[0], body), e.attrs, dtype, e.rank)
    if e.op == "const" and e.dtype in ("int", "real", INDEX) and dtype in ("int", "real", INDEX, "f64"):
        if DTYPES[dtype].is_float or e.dtype != "real":
            return const(e.value, dtype)
    return Expr("cast", (e,), (rounding, mode), dtype, e.rank)


def call(function: str, *args: Operand, dtype: str | None = None) -> Expr:
    """A named scalar function; the result has the first argument's dtype unless one is given.

    The functions of FUNCTIONS work on floats and reals: integer arguments become reals; isnan and isinf give bool.
    """
    operands = tuple(coerce(a) for a in args)
    if not operands:
        raise IrError(f"{function} needs an argument")
    _scalars(function, *operands)
    if function in FUNCTIONS:
        operands = tuple(a if DTYPES[a.dtype].is_float else cast(a, "real") for a in operands)
        if len({a.dtype for a in operands}) > 1:
            raise IrError(f"arguments of {function} have dtypes {', '.join(a.dtype for a in operands)}")
        dtype = "bool" if function in ("isnan", "isinf") else operands[0].dtype
    return Expr("call", operands, (function,), dtype or operands[0].dtype)


def get(tensor: Expr, *indices: Operand) -> Expr:
    """Element of a tensor-valued expression.  A comp is beta-reduced, fewer indices than axes give the rest."""
    if len(indices) > tensor.rank:
        raise IrError(f"{len(indices)} indices for a tensor of rank {tensor.rank}")
    where = [coerce(i, INDEX) for i in indices]
    while where and tensor.op == "comp":
        tensor = substitute(tensor.args[1], {tensor.number: where.pop(0)})
    if not where:
        return tensor
    if tensor.op == "cast":  # element of a cast tensor
        element = get(tensor.args[0], *where)
        return Expr("cast", (element,), tensor.attrs, tensor.dtype, element.rank)
    if tensor.op == "get":  # indices given one by one: t[i][j] is t[i, j]
        return Expr("get", (*tensor.args, *where), (), tensor.dtype, tensor.rank - len(where))
    return Expr("get", (tensor, *where), (), tensor.dtype, tensor.rank - len(where))


# Binders.  Each takes a function of the variable, or a body over a variable that the caller made with `fresh`.

Body = Callable[[Expr], Expr]


def comp(extent: Operand, body: Body) -> Expr:
    """The tensor [body(i) for i in range(extent)]; the body may itself be a tensor."""
    i = fresh()
    return bind("comp", i, (coerce(extent, INDEX),), (coerce(body(i)),))


def reduce(kind: str, extent: Operand, body: Body, init: Operand | None = None) -> Expr:
    """kind over body(k) for k < extent, folded into `init` where given.

    Without init an empty sum is 0, prod 1, any False, all True; max, min, argmax, argmin of nothing are undefined.
    """
    if kind not in REDUCTIONS:
        raise IrError(f"unknown reduction {kind!r}")
    return _running("reduce", kind, extent, body, init)


def scan(kind: str, extent: Operand, body: Body, init: Operand | None = None) -> Expr:
    """Running inclusive reduction: element i is kind over body(0..i), rank 1, length extent."""
    if kind not in REDUCTIONS or kind in ("argmax", "argmin"):
        raise IrError(f"no scan of kind {kind!r}", hint="a fold keeps an index beside the extreme")
    return _running("scan", kind, extent, body, init)


def _running(op: str, kind: str, extent: Operand, body: Body, init: Operand | None) -> Expr:
    k = fresh()
    e = coerce(body(k))
    _scalars(f"{op} of {kind}", e)
    if (kind in ("any", "all")) != (e.dtype == "bool"):
        raise IrError(f"{kind} cannot be taken over {e.dtype}")
    if init is not None and kind in ("argmax", "argmin"):
        raise IrError(f"{kind} has no start value")
    start = () if init is None else (coerce(init, e.dtype),)
    if start and start[0].dtype != e.dtype:
        raise IrError(f"{op} of {kind}: the start value has dtype {start[0].dtype}, the terms {e.dtype}")
    return bind(op, k, (coerce(extent, INDEX),), (e,), start, (kind,))


def fold(
    extent: Operand, inits: Sequence[Operand], body: Callable[[tuple[Expr, ...], Expr], Sequence[Expr]], which: int = 0
) -> Expr:
    """The accumulator number `which` after a sequential fold of several accumulators."""
    starts = tuple(coerce(i) for i in inits)
    accs = tuple(fresh(s.dtype) for s in starts)
    k = fresh()
    bodies = tuple(coerce(b, s.dtype) for b, s in zip(body(accs, k), starts, strict=False))
    if len(bodies) != len(starts):
        raise IrError(f"a fold of {len(starts)} accumulators got {len(bodies)} updates")
    for at, (start, update) in enumerate(zip(starts, bodies, strict=True)):
        if start.dtype != update.dtype or update.rank:
            raise IrError(f"accumulator {at} starts as {start.dtype} and is updated with {update.dtype}")
    return _bind_fold(coerce(extent, INDEX), starts, (k, *accs), bodies, which)


def _bind_fold(
    extent: Expr, starts: tuple[Expr, ...], variables: tuple[Expr, ...], bodies: tuple[Expr, ...], which: int
) -> Expr:
    """Close the updates over the index and the accumulators, which get consecutive numbers."""
    number = _number((extent, *starts), bodies, {v.number for v in variables}, len(variables))
    if number != variables[0].number < _FRESH:
        opened = {v.number: fresh(v.dtype) for v in variables}
        inside = tuple(substitute(b, opened) for b in bodies)
        return _bind_fold(extent, starts, tuple(opened.values()), inside, which)
    names = tuple(var(number + at, v.dtype) for at, v in enumerate(variables))
    mapping = {v.number: n for v, n in zip(variables, names, strict=True) if v is not n}
    renamed = tuple(substitute(b, mapping) for b in bodies)
    attrs: tuple[Attr, ...] = (number, tuple(n.number for n in names[1:]), which)
    return Expr("fold", (extent, *starts, *renamed), attrs, starts[which].dtype)


def scatter(
    extents: Sequence[Operand], count: Operand, at: Callable[[Expr], Sequence[Expr]], value: Body, init: Operand,
    combine: str = "set",
) -> Expr:  # fmt: skip
    """A tensor of `extents` filled with init, then for k < count in order: t[at(k)] combine= value(k).

    combine: "set" (last wins), "add", "mul", "max", "min".
    """
    if combine not in COMBINES:
        raise IrError(f"unknown combination {combine!r}", hint="one of " + ", ".join(sorted(COMBINES)))
    k = fresh()
    e = coerce(value(k))
    where = tuple(coerce(x, INDEX) for x in at(k))
    _scalars("scatter", e, *where)
    shape = tuple(coerce(x, INDEX) for x in extents)
    if len(where) != len(shape):
        raise IrError(f"scatter into rank {len(shape)} with {len(where)} indices")
    outer = (*shape, coerce(count, INDEX))
    return bind("scatter", k, outer, (*where, e), (coerce(init, e.dtype),), (combine, len(shape)))


def filtered(count: Operand, condition: Body, value: Body) -> Expr:
    """The values whose condition holds, in order; its length is `length(t)`."""
    k = fresh()
    holds, kept = condition(k), coerce(value(k))
    _scalars("filter", holds, kept)
    if holds.dtype != "bool":
        raise IrError(f"filter needs a bool condition, not {holds.dtype}")
    return bind("filter", k, (coerce(count, INDEX),), (holds, kept))


def length(tensor: Expr, axis: int = 0) -> Expr:
    """Extent of an axis: the expression itself for a comp, a node for a filter."""
    return shape(tensor)[axis]


def bind(
    op: str, variable: Expr, outer: tuple[Expr, ...], inner: tuple[Expr, ...], after: tuple[Expr, ...] = (),
    attrs: tuple[Attr, ...] = (),
) -> Expr:  # fmt: skip
    """A binder of one variable with its canonical number; `outer` and `after` must not use the variable.

    The number is one more than every bound number inside.  A free variable of that number can only be an enclosing
    binder's while bodies are rebuilt from the inside; then the next is taken, and the enclosing binder, when it is
    closed, gives the right one.
    """
    number = _number((*outer, *after), inner, {variable.number}, 1)
    if number != variable.number < _FRESH:  # numbers inside may have made way for this one: measure without it
        opened = fresh(variable.dtype)
        return bind(op, opened, outer, tuple(substitute(b, {variable.number: opened}) for b in inner), after, attrs)
    mapping = {} if variable.number == number else {variable.number: var(number, variable.dtype)}
    body = tuple(substitute(b, mapping) for b in inner)
    last = body[-1]
    dtype = last.dtype
    if op == "reduce" and attrs[0] in ("argmax", "argmin"):
        dtype = INDEX
    rank = {"comp": last.rank + 1, "scan": 1, "filter": 1}.get(op, 0)
    if op == "scatter":
        extents = attrs[1]
        assert isinstance(extents, int)
        rank = extents
    return Expr(op, (*outer, *body, *after), (number, *attrs), dtype, rank)


def _number(outer: tuple[Expr, ...], inner: tuple[Expr, ...], own: set[int], count: int) -> int:
    """The least number above all bound ones inside from which `count` numbers are free to bind."""
    none: frozenset[int] = frozenset()
    taken = none.union(*(b.free for b in inner)) - own | none.union(*(b.free for b in outer))
    number = 1 + max(b.height for b in inner)
    while any(number + at in taken for at in range(count)):
        number += 1
    return number


# Traversal.


def parts(e: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...], tuple[Expr, ...]]:
    """(before, inside, after) of a binder's arguments: only `inside` sees the bound variables.

    Every other node has all its arguments before.
    """
    if e.op not in BINDERS:
        return e.args, (), ()
    if e.op == "fold":
        first = 1 + len(e.bound) - 1
        return e.args[:first], e.args[first:], ()
    first = 1 + e.rank if e.op == "scatter" else 1
    last = first + {"filter": 2, "scatter": e.rank + 1}.get(e.op, 1)
    return e.args[:first], e.args[first:last], e.args[last:]


def spine(e: Expr, known: Callable[[Expr], bool]) -> list[Expr]:
    """A path of operators from `e` down, each an operand of the one before and not known yet; the last is to be
    computed first.  Recursive analyses follow it with a loop, so that long sums and products need no stack.

    Only operands that are always needed are followed: not the branches of a select, nor the right of an `and`.
    """
    path = [e]
    while True:
        node = path[-1]
        strict = node.args[:1] if node.op in LOGICAL or node.op == "select" else node.args
        if node.op in BINDERS:
            return path
        below = next((a for a in strict if a.args and a.rank == 0 and not known(a)), None)
        if below is None:
            return path
        path.append(below)


def rebuild(e: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same node over other arguments, in canonical form; its dtype follows theirs."""
    if args == e.args:
        return e
    if e.op in BINDERS:
        return _close(e, args)
    if e.op == "get":
        return get(args[0], *args[1:])
    if e.op == "cast":
        return cast(args[0], e.dtype, str(e.attrs[0]), str(e.attrs[1]))
    if all(new.dtype == old.dtype for new, old in zip(args, e.args, strict=True)):
        return Expr(e.op, args, e.attrs, e.dtype, e.rank)
    if e.op in BINARY:  # other dtypes inside: the node's own follows, or it is refused
        return binary(e.op, *args)
    if e.op in UNARY:
        return unary(e.op, *args)
    if e.op == "select":
        return select(*args)
    if e.op == "length":
        return length(args[0])
    return call(e.name, *args, dtype=args[0].dtype if e.dtype == e.args[0].dtype else e.dtype)


def _close(e: Expr, args: tuple[Expr, ...]) -> Expr:
    """The binder over other arguments, renumbered where their heights differ."""
    before, inside, _ = parts(e)
    first, last = len(before), len(before) + len(inside)
    if e.op == "fold":
        count = len(e.bound) - 1
        accs = tuple(var(n, a.dtype) for n, a in zip(e.bound[1:], e.args[1:], strict=False))
        which = e.attrs[2]
        assert isinstance(which, int)
        return _bind_fold(args[0], args[1 : 1 + count], (var(e.number), *accs), args[first:], which)
    return bind(e.op, var(e.number), args[:first], args[first:last], args[last:], e.attrs[1:])


def substitute(e: Expr, mapping: Mapping[int, Expr]) -> Expr:
    """Replace free variables by expressions, without capture.

    Linear in the distinct nodes that contain one of the variables; recursion goes through binders only.
    """
    keys = frozenset(mapping)
    if not keys & e.free:
        return e
    memo: dict[Expr, Expr] = {}
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        node, ready = stack.pop()
        if node in memo:
            continue
        if not keys & node.free:
            memo[node] = node
        elif node.op == "var":
            memo[node] = mapping[node.number]
        elif node.op in BINDERS:
            memo[node] = _under(node, mapping)
        elif ready:
            memo[node] = rebuild(node, tuple(memo[a] for a in node.args))
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in node.args)
    return memo[e]


def _under(node: Expr, mapping: Mapping[int, Expr]) -> Expr:
    """Substitute in a binder.  Its variables are renamed first where a replacement mentions the same numbers."""
    before, inside, after = parts(node)
    used = {key: value for key, value in mapping.items() if key in node.free}  # never one that it binds
    if any(value.free.intersection(node.bound) for value in used.values()):
        renamed = {n: fresh(d) for n, d in zip(node.bound, _bound_dtypes(node), strict=True)}
        opened = tuple(substitute(a, {**used, **renamed}) for a in inside)
        outer = tuple(substitute(a, used) for a in before)
        if node.op == "fold":
            which = node.attrs[2]
            assert isinstance(which, int)
            return _bind_fold(outer[0], outer[1:], tuple(renamed.values()), opened, which)
        rest = tuple(substitute(a, used) for a in after)
        return bind(node.op, renamed[node.number], outer, opened, rest, node.attrs[1:])
    return rebuild(node, tuple(substitute(a, used) for a in node.args))


def _bound_dtypes(node: Expr) -> tuple[str, ...]:
    """Dtypes of the variables that a binder binds: an index, then a fold's accumulators."""
    return (INDEX, *(a.dtype for a in node.args[1 : len(node.bound)])) if node.op == "fold" else (INDEX,)


def walk(e: Expr) -> Iterator[Expr]:
    """Every distinct node, children before parents."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(e, False)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.args))


def transform(e: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Bottom-up rewriting, once: `rule` gets each node over its new arguments; None keeps it."""
    memo: dict[Expr, Expr] = {}
    for node in walk(e):
        new = rebuild(node, tuple(memo[a] for a in node.args))
        memo[node] = rule(new) or new
    return memo[e]


def shape(tensor: Expr) -> tuple[Expr, ...]:
    """Extents of a tensor-valued expression; an input's extents are not in the expression: see Param.shape."""
    match tensor.op:
        case "comp":
            return (tensor.args[0], *shape(tensor.args[1])) if tensor.rank > 1 else (tensor.args[0],)
        case "scan":
            return (tensor.args[0],)
        case "scatter":
            return tensor.args[: tensor.rank]
        case "filter":
            return (Expr("length", (tensor,), (0,), INDEX),)
        case "cast":
            return shape(tensor.args[0])
    raise IrError(f"the extents of a tensor-valued {tensor.op} are not part of it")
