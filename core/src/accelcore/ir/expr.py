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

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import ClassVar, Union

from accelcore.errors import IrError
from accelcore.ir.dtypes import DTYPES, INDEX, promote

Attr = Union[str, int, float, bool, None, tuple["Attr", ...]]

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
    "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt cbrt sin cos tan asin acos atan sinh cosh tanh sigmoid erf "
    "erfc floor ceil trunc round sign isnan isinf atan2 hypot".split()
)
"""Named scalar functions; `round` is to nearest even.  Others may be called by name: they are uninterpreted."""

REDUCTIONS = frozenset({"sum", "prod", "max", "min", "any", "all", "argmax", "argmin"})
"""Reductions by name.  count is a sum of select(c, 1, 0).  argmax/argmin give the first index of the extreme."""

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

    __slots__ = ("__dict__", "__weakref__", "args", "attrs", "dtype", "op", "rank")
    _table: ClassVar[weakref.WeakValueDictionary[tuple[object, ...], Expr]] = weakref.WeakValueDictionary()

    op: str
    args: tuple[Expr, ...]
    attrs: tuple[Attr, ...]
    dtype: str
    rank: int

    def __new__(
        cls, op: str, args: tuple[Expr, ...] = (), attrs: tuple[Attr, ...] = (), dtype: str = INDEX, rank: int = 0
    ) -> Expr:
        # Attributes are keyed with their types: 1, 1.0 and True are different constants; -0.0 differs from 0.0.
        key = (op, tuple(map(id, args)), tuple((type(a), repr(a)) for a in attrs), dtype, rank)
        found = cls._table.get(key)
        if found is not None:
            return found
        node = object.__new__(cls)
        node.op, node.args, node.attrs, node.dtype, node.rank = op, args, attrs, dtype, rank
        return cls._table.setdefault(key, node)

    def __reduce__(self) -> tuple[object, ...]:
        return Expr, (self.op, self.args, self.attrs, self.dtype, self.rank)

    def __repr__(self) -> str:
        from accelcore.ir.printer import text

        return text(self)

    @cached_property
    def free(self) -> frozenset[int]:
        """Numbers of the variables that occur unbound."""
        if self.op == "var":
            return frozenset({self.number})
        inside = frozenset().union(*(a.free for a in self.args)) if self.args else frozenset()
        return inside - set(self.bound) if self.op in BINDERS else inside

    @cached_property
    def height(self) -> int:
        """Largest number that a binder inside (or this binder) binds; -1 when there is none."""
        inside = max((a.height for a in self.args), default=-1)
        return max(inside, *self.bound) if self.op in BINDERS else inside

    @cached_property
    def sizes(self) -> frozenset[str]:
        """Names of the size parameters in it."""
        if self.op == "size":
            return frozenset({self.name})
        return frozenset().union(*(a.sizes for a in self.args)) if self.args else frozenset()

    @cached_property
    def inputs(self) -> frozenset[str]:
        """Names of the array and scalar parameters in it."""
        if self.op in ("input", "param"):
            return frozenset({self.name})
        return frozenset().union(*(a.inputs for a in self.args)) if self.args else frozenset()

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


# Leaves.


def const(value: int | float | bool, dtype: str | None = None) -> Expr:
    """A constant; without a dtype: bool, "int" or "real" after Python's type."""
    if dtype is None:
        dtype = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "real"
    facts = DTYPES[dtype]
    if facts.kind == "bool":
        return Expr("const", (), (bool(value),), dtype)
    if facts.is_float:
        return Expr("const", (), (float(value),), dtype)
    if facts.low is not None and facts.high is not None and not facts.low <= value <= facts.high:
        raise IrError(f"{value} does not fit {dtype}")
    return Expr("const", (), (int(value),), dtype)


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
_counter = count(_FRESH + 1)  # next() on it is atomic: threads never get one number twice


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
    a, b = _meet(op, a, b)
    if a.rank or b.rank:
        raise IrError(f"operator {op} takes scalars; index the tensor first")
    kind = DTYPES[a.dtype].kind
    if op in LOGICAL and kind != "bool":
        raise IrError(f"{op} needs bool operands, not {a.dtype}")
    if op in BITWISE and kind not in ("int", "uint", "bool"):
        raise IrError(f"{op} needs integer operands, not {a.dtype}")
    return Expr(op, (a, b), (), "bool" if op in COMPARE else a.dtype)


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
    if op == "lnot" and a.dtype != "bool":
        raise IrError(f"lnot needs a bool operand, not {a.dtype}")
    return Expr(op, (a,), (), a.dtype)


def select(condition: Expr, then: Operand, other: Operand) -> Expr:
    """`then` where the condition holds, else `other`; both are defined only where they are chosen."""
    a = coerce(then, other.dtype if isinstance(other, Expr) else None)
    b = coerce(other, a.dtype)
    a, b = _meet("select", a, b)
    if condition.dtype != "bool":
        raise IrError(f"select needs a bool condition, not {condition.dtype}")
    return Expr("select", (condition, a, b), (), a.dtype)


def cast(e: Expr, dtype: str, rounding: str = "nearest", mode: str = "wrap") -> Expr:
    """Conversion.  Widening to "int"/"real" is exact.  mode "exact" states that the value fits (an obligation)."""
    if e.dtype == dtype:
        return e
    if e.op == "const" and e.dtype in ("int", "real", INDEX) and dtype in ("int", "real", INDEX, "f64"):
        if DTYPES[dtype].is_float or e.dtype != "real":
            return const(e.value, dtype)
    return Expr("cast", (e,), (rounding, mode), dtype, e.rank)


def call(function: str, *args: Operand, dtype: str | None = None) -> Expr:
    """A named scalar function; the result has the first argument's dtype unless one is given."""
    operands = tuple(coerce(a) for a in args)
    if not operands:
        raise IrError(f"{function} needs an argument")
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
    if tensor.op == "get":  # indices given one by one: t[i][j] is t[i, j]
        return Expr("get", (*tensor.args, *where), (), tensor.dtype, tensor.rank - len(where))
    return Expr("get", (tensor, *where), (), tensor.dtype, tensor.rank - len(where))


# Binders.  Each takes a function of the variable, or a body over a variable that the caller made with `fresh`.

Body = Callable[[Expr], Expr]


def comp(extent: Operand, body: Body) -> Expr:
    """The tensor [body(i) for i in range(extent)]; the body may itself be a tensor."""
    i = fresh()
    return bind("comp", i, (coerce(extent, INDEX),), (body(i),))


def reduce(kind: str, extent: Operand, body: Body, init: Operand | None = None) -> Expr:
    """kind over body(k) for k < extent, folded into `init` where given.

    Without init an empty sum is 0, prod 1, any False, all True; max, min, argmax, argmin of nothing are undefined.
    """
    if kind not in REDUCTIONS:
        raise IrError(f"unknown reduction {kind!r}")
    k = fresh()
    e = body(k)
    start = () if init is None else (coerce(init, e.dtype),)
    return bind("reduce", k, (coerce(extent, INDEX),), (e,), start, (kind,))


def scan(kind: str, extent: Operand, body: Body, init: Operand | None = None) -> Expr:
    """Running inclusive reduction: element i is kind over body(0..i), rank 1, length extent."""
    k = fresh()
    e = body(k)
    start = () if init is None else (coerce(init, e.dtype),)
    return bind("scan", k, (coerce(extent, INDEX),), (e,), start, (kind,))


def fold(
    extent: Operand, inits: Sequence[Operand], body: Callable[[tuple[Expr, ...], Expr], Sequence[Expr]], which: int = 0
) -> Expr:
    """The accumulator number `which` after a sequential fold of several accumulators."""
    starts = tuple(coerce(i) for i in inits)
    accs = tuple(fresh(s.dtype) for s in starts)
    k = fresh()
    bodies = tuple(body(accs, k))
    if len(bodies) != len(starts):
        raise IrError(f"a fold of {len(starts)} accumulators got {len(bodies)} updates")
    number = 1 + max([-1, *(b.height for b in bodies), *(n for b in bodies for n in b.free if n < _FRESH)])
    names = tuple(var(number + 1 + at, s.dtype) for at, s in enumerate(starts))
    mapping = {k.number: var(number), **{a.number: n for a, n in zip(accs, names, strict=True)}}
    renamed = tuple(substitute(b, mapping) for b in bodies)
    attrs: tuple[Attr, ...] = (number, tuple(n.number for n in names), which)
    return Expr("fold", (coerce(extent, INDEX), *starts, *renamed), attrs, starts[which].dtype)


def scatter(
    extents: Sequence[Operand], count: Operand, at: Callable[[Expr], Sequence[Expr]], value: Body, init: Operand,
    combine: str = "set",
) -> Expr:  # fmt: skip
    """A tensor of `extents` filled with init, then for k < count in order: t[at(k)] combine= value(k).

    combine: "set" (last wins), "add", "mul", "max", "min".
    """
    k = fresh()
    e = value(k)
    where = tuple(at(k))
    shape = tuple(coerce(x, INDEX) for x in extents)
    if len(where) != len(shape):
        raise IrError(f"scatter into rank {len(shape)} with {len(where)} indices")
    outer = (*shape, coerce(count, INDEX))
    return bind("scatter", k, outer, (*where, e), (coerce(init, e.dtype),), (combine, len(shape)))


def filtered(count: Operand, condition: Body, value: Body) -> Expr:
    """The values whose condition holds, in order; its length is `length(t)`."""
    k = fresh()
    return bind("filter", k, (coerce(count, INDEX),), (condition(k), value(k)))


def length(tensor: Expr, axis: int = 0) -> Expr:
    """Extent of an axis: the expression itself for a comp, a node for a filter."""
    return shape(tensor)[axis]


def bind(
    op: str, variable: Expr, outer: tuple[Expr, ...], inner: tuple[Expr, ...], after: tuple[Expr, ...] = (),
    attrs: tuple[Attr, ...] = (),
) -> Expr:  # fmt: skip
    """A binder of one variable with its canonical number; `outer` and `after` must not use the variable.

    The number is one more than every bound number inside and every canonical free one *that is smaller than the
    binders inside need*: only heights count, free variables belong to enclosing binders and end up larger.
    """
    number = 1 + max(-1, *(b.height for b in inner))
    clash = {n for b in inner for n in b.free} - {variable.number}
    while number in clash:  # a free canonical variable in use: only while bodies are rebuilt from the inside
        number += 1
    body = tuple(substitute(b, {variable.number: var(number, variable.dtype)}) for b in inner)
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


# Traversal.


def rebuild(e: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same node over other arguments, in canonical form."""
    if args == e.args:
        return e
    if e.op == "fold":
        return _reopen_fold(e, args, {})
    if e.op in BINDERS:
        count = 1 if e.op in ("comp", "reduce", "scan", "filter") else int(str(e.attrs[2])) + 1
        inside = {"filter": 2, "scatter": count}.get(e.op, 1)
        temporary = fresh()
        inner = tuple(substitute(a, {e.number: temporary}) for a in args[count : count + inside])
        return bind(e.op, temporary, args[:count], inner, args[count + inside :], e.attrs[1:])
    if e.op == "get":
        return get(args[0], *args[1:])
    rank = args[0].rank if e.op == "cast" else e.rank
    return Expr(e.op, args, e.attrs, e.dtype, rank)


def substitute(e: Expr, mapping: Mapping[int, Expr]) -> Expr:
    """Replace free variables by expressions, without capture."""
    memo: dict[Expr, Expr] = {}
    keys = frozenset(mapping)

    def go(node: Expr) -> Expr:
        if not keys & node.free:
            return node
        if node.op == "var":
            return mapping[node.number]
        if node not in memo:
            memo[node] = _through(node, go, mapping)
        return memo[node]

    return go(e)


def _through(node: Expr, go: Callable[[Expr], Expr], mapping: Mapping[int, Expr]) -> Expr:
    """Substitute under one node.  A binder is opened with fresh variables, so that nothing is captured."""
    if node.op not in BINDERS:
        return rebuild(node, tuple(go(a) for a in node.args))
    if node.op == "fold":
        return _reopen_fold(node, node.args, mapping)
    opened = {node.number: fresh()}
    count = 1 if node.op != "scatter" else int(str(node.attrs[2])) + 1
    inside = {"filter": 2, "scatter": count}.get(node.op, 1)
    inner = tuple(substitute(substitute(a, opened), mapping) for a in node.args[count : count + inside])
    outer = tuple(go(a) for a in node.args[:count])
    after = tuple(go(a) for a in node.args[count + inside :])
    return bind(node.op, opened[node.number], outer, inner, after, node.attrs[1:])


def _reopen_fold(node: Expr, args: tuple[Expr, ...], mapping: Mapping[int, Expr]) -> Expr:
    count = len(node.bound) - 1
    which = node.attrs[2]
    assert isinstance(which, int)

    def body(accs: tuple[Expr, ...], k: Expr) -> Sequence[Expr]:
        opened = dict(zip(node.bound, (k, *accs), strict=True))
        return [substitute(substitute(b, opened), mapping) for b in args[1 + count :]]

    return fold(substitute(args[0], mapping), [substitute(a, mapping) for a in args[1 : 1 + count]], body, which)


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
