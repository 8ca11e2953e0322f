"""Named operators, each defined once as an expression over placeholders.

From a definition come the builder (`Operator.build`), the recogniser (`raise_`, through `matching`), and the Python
text that a model is shown (`Operator.python`).  Operators with `rows` work on the last axes of their first operand:
softmax of a matrix is softmax of each row.

`raise_` gives the smallest reading of an index function: the operator applications with the fewest nodes whose value
it is, down to inputs, transposes, slices, broadcasts, and elementwise maps for what has no name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accelcore.errors import IrError
from accelcore.ir import expr as E
from accelcore.ir.dtypes import INDEX
from accelcore.ir.expr import Expr, binary, call, cast, comp, reduce, scan
from accelcore.ir.matching import idealized


@dataclass(frozen=True)
class Operator:
    """A definition over arrays (name, rank), scalars and sizes named by the parameters of `define`.

    variants: other ways to write the same function, also recognised.  rows: works on the last axes of larger operands.
    """

    name: str
    about: str
    arrays: tuple[tuple[str, int], ...]
    scalars: tuple[str, ...]
    sizes: tuple[str, ...]
    definition: Expr
    variants: tuple[Expr, ...] = ()
    rows: bool = False

    def build(self, arrays: Mapping[str, Expr], sizes: Mapping[str, E.Operand], **scalars: E.Operand) -> Expr:
        """The definition over tensor-valued expressions, whose elements are read as reals.

        `sizes` gives every size of the definition; raises IrError for a missing or an unknown name or a wrong rank.
        """
        for given, wanted in ((arrays, dict(self.arrays)), (sizes, self.sizes), (scalars, self.scalars)):
            if set(given) != set(wanted):
                raise IrError(f"{self.name} takes {', '.join(wanted) or 'none'} here, not {', '.join(given) or 'none'}")
        for name, rank in self.arrays:
            if arrays[name].rank != rank:
                raise IrError(f"operand {name} of {self.name} has {arrays[name].rank} axes, not {rank}")

        def rule(node: Expr) -> Expr | None:
            if node.op == "get" and node.args[0].op == "input":
                return cast(E.get(arrays[node.args[0].name], *node.args[1:]), "real")
            if node.op == "size":
                return E.coerce(sizes[node.name], INDEX)
            return E.coerce(scalars[node.name], "real") if node.op == "param" else None

        return E.transform(self.definition, rule)

    @property
    def python(self) -> str:
        """The definition as a Python function over lists, with loops as comprehensions."""
        from accelcore.ir.python_text import function_text

        return function_text(self)


OPERATORS: dict[str, Operator] = {}
"""All operators by name, the more specific ones first."""


def _operator(about: str, rows: bool = False, scalars: str = "", **ranks: int) -> Callable[..., Callable[..., Expr]]:
    """Register the function below as a definition: its parameters are arrays (with a rank), scalars, and sizes."""

    def register(define: Callable[..., Expr]) -> Callable[..., Expr]:
        name = define.__name__.strip("_").removesuffix("_of")
        values: dict[str, Expr] = {}
        for parameter in inspect.signature(define).parameters:
            if parameter in ranks:
                values[parameter] = E.array(parameter, "real", ranks[parameter])
            elif parameter in scalars.split():
                values[parameter] = E.param(parameter, "real")
            else:
                values[parameter] = E.size(parameter)
        sizes = tuple(n for n in values if n not in ranks and n not in scalars.split())
        e = define(**values)
        OPERATORS[name] = Operator(name, about, tuple(ranks.items()), tuple(scalars.split()), sizes, e, (), rows)
        return define

    return register


def _variant(of: str) -> Callable[[Callable[..., Expr]], Callable[..., Expr]]:
    """Register another way to write an operator, over the same placeholders."""

    def register(define: Callable[..., Expr]) -> Callable[..., Expr]:
        known = OPERATORS[of]
        ranks = dict(known.arrays)
        values = {
            p: E.array(p, "real", ranks[p]) if p in ranks else E.param(p, "real") if p in known.scalars else E.size(p)
            for p in inspect.signature(define).parameters
        }
        fields = {**vars(known), "variants": (*known.variants, define(**values))}
        OPERATORS[of] = Operator(**fields)
        return define

    return register


def _sum(n: E.Operand, body: E.Body) -> Expr:
    return reduce("sum", n, body)


def _mean(n: Expr, body: E.Body) -> Expr:
    return _sum(n, body) / cast(n, "real")


def _greatest(x: Expr, n: Expr) -> Expr:
    return reduce("max", n, lambda k: x[k])


@_operator("softmax over the last axis, shifted by the maximum", rows=True, x=1)
def _softmax(x: Expr, n: Expr) -> Expr:
    m = _greatest(x, n)
    return comp(n, lambda i: call("exp", x[i] - m) / _sum(n, lambda k: call("exp", x[k] - m)))


@_variant("softmax")
def _plain_softmax(x: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: call("exp", x[i]) / _sum(n, lambda k: call("exp", x[k])))


@_operator("logarithm of softmax over the last axis", rows=True, x=1)
def _log_softmax(x: Expr, n: Expr) -> Expr:
    m = _greatest(x, n)
    return comp(n, lambda i: x[i] - m - call("log", _sum(n, lambda k: call("exp", x[k] - m))))


@_operator("logarithm of the sum of exponentials over the last axis", rows=True, x=1)
def _logsumexp(x: Expr, n: Expr) -> Expr:
    m = _greatest(x, n)
    return m + call("log", _sum(n, lambda k: call("exp", x[k] - m)))


@_variant("logsumexp")
def _plain_logsumexp(x: Expr, n: Expr) -> Expr:
    return call("log", _sum(n, lambda k: call("exp", x[k])))


def _standardised(x: Expr, n: Expr, i: Expr, eps: Expr) -> Expr:
    mean = _mean(n, lambda k: x[k])
    return (x[i] - mean) / call("sqrt", _mean(n, lambda k: (x[k] - mean) * (x[k] - mean)) + eps)


@_operator("layer normalisation over the last axis with scale and shift", rows=True, scalars="eps", x=1, w=1, b=1)
def _layernorm(x: Expr, w: Expr, b: Expr, eps: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: _standardised(x, n, i, eps) * w[i] + b[i])


@_operator("(x - mean) / sqrt(variance + eps) over the last axis", rows=True, scalars="eps", x=1)
def _standardize(x: Expr, eps: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: _standardised(x, n, i, eps))


@_operator("root-mean-square normalisation over the last axis with scale", rows=True, scalars="eps", x=1, w=1)
def _rmsnorm(x: Expr, w: Expr, eps: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: x[i] * w[i] / call("sqrt", _mean(n, lambda k: x[k] * x[k]) + eps))


@_operator("x / sqrt(mean of squares + eps) over the last axis", rows=True, scalars="eps", x=1)
def _rms_scale(x: Expr, eps: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: x[i] / call("sqrt", _mean(n, lambda k: x[k] * x[k]) + eps))


@_operator("mean squared deviation from the mean over the last axis", rows=True, x=1)
def _variance(x: Expr, n: Expr) -> Expr:
    mean = _mean(n, lambda k: x[k])
    return _mean(n, lambda k: (x[k] - mean) * (x[k] - mean))


@_operator("mean over the last axis", rows=True, x=1)
def _mean_of(x: Expr, n: Expr) -> Expr:
    return _mean(n, lambda k: x[k])


def _window2(r: E.Operand, s: E.Operand, body: Callable[[Expr, Expr], Expr], kind: str = "sum") -> Expr:
    return reduce(kind, r, lambda a: reduce(kind, s, lambda b: body(a, b)))


@_operator("2-D convolution of images [n, h, w, c] with filters [r, s, c, f]", x=4, k=4)
def _conv2d_nhwc(
    x: Expr, k: Expr, n: Expr, h: Expr, w: Expr, f: Expr, r: Expr, s: Expr, c: Expr, sy: Expr, sx: Expr
) -> Expr:
    def at(b: Expr, i: Expr, j: Expr, o: Expr) -> Expr:
        return _window2(r, s, lambda p, q: _sum(c, lambda t: x[b, sy * i + p, sx * j + q, t] * k[p, q, t, o]))

    return comp(n, lambda b: comp(h, lambda i: comp(w, lambda j: comp(f, lambda o: at(b, i, j, o)))))


@_operator("2-D convolution of images [n, c, h, w] with filters [f, c, r, s]", x=4, k=4)
def _conv2d_nchw(
    x: Expr, k: Expr, n: Expr, f: Expr, h: Expr, w: Expr, c: Expr, r: Expr, s: Expr, sy: Expr, sx: Expr
) -> Expr:
    def at(b: Expr, o: Expr, i: Expr, j: Expr) -> Expr:
        return _sum(c, lambda t: _window2(r, s, lambda p, q: x[b, t, sy * i + p, sx * j + q] * k[o, t, p, q]))

    return comp(n, lambda b: comp(f, lambda o: comp(h, lambda i: comp(w, lambda j: at(b, o, i, j)))))


@_operator("2-D convolution of one image [h, w, c] with filters [r, s, c, f]", x=3, k=4)
def _conv2d_hwc(x: Expr, k: Expr, h: Expr, w: Expr, f: Expr, r: Expr, s: Expr, c: Expr, sy: Expr, sx: Expr) -> Expr:
    def at(i: Expr, j: Expr, o: Expr) -> Expr:
        return _window2(r, s, lambda p, q: _sum(c, lambda t: x[sy * i + p, sx * j + q, t] * k[p, q, t, o]))

    return comp(h, lambda i: comp(w, lambda j: comp(f, lambda o: at(i, j, o))))


@_operator("2-D convolution of an image with one filter", x=2, k=2)
def _conv2d(x: Expr, k: Expr, h: Expr, w: Expr, r: Expr, s: Expr, sy: Expr, sx: Expr) -> Expr:
    def at(i: Expr, j: Expr) -> Expr:
        return _window2(r, s, lambda p, q: x[sy * i + p, sx * j + q] * k[p, q])

    return comp(h, lambda i: comp(w, lambda j: at(i, j)))


@_operator("1-D convolution (correlation) with a filter, with a stride", x=1, k=1)
def _conv1d(x: Expr, k: Expr, n: Expr, r: Expr, step: Expr) -> Expr:
    return comp(n, lambda i: _sum(r, lambda p: x[step * i + p] * k[p]))


@_operator("maximum over windows of r by s", x=2)
def _max_pool2d(x: Expr, h: Expr, w: Expr, r: Expr, s: Expr, sy: Expr, sx: Expr) -> Expr:
    return comp(h, lambda i: comp(w, lambda j: _window2(r, s, lambda p, q: x[sy * i + p, sx * j + q], "max")))


@_operator("sum over windows of r by s", x=2)
def _sum_pool2d(x: Expr, h: Expr, w: Expr, r: Expr, s: Expr, sy: Expr, sx: Expr) -> Expr:
    return comp(h, lambda i: comp(w, lambda j: _window2(r, s, lambda p, q: x[sy * i + p, sx * j + q])))


@_operator("maximum over windows of r", x=1)
def _max_pool1d(x: Expr, n: Expr, r: Expr, step: Expr) -> Expr:
    return comp(n, lambda i: reduce("max", r, lambda p: x[step * i + p]))


@_operator("sum over windows of r", x=1)
def _sum_pool1d(x: Expr, n: Expr, r: Expr, step: Expr) -> Expr:
    return comp(n, lambda i: _sum(r, lambda p: x[step * i + p]))


@_operator("matrix product of each pair of matrices", a=3, b=3)
def _batched_matmul(a: Expr, b: Expr, t: Expr, m: Expr, n: Expr, p: Expr) -> Expr:
    return comp(t, lambda s: comp(m, lambda i: comp(n, lambda j: _sum(p, lambda k: a[s, i, k] * b[s, k, j]))))


@_operator("matrix product", a=2, b=2)
def _matmul(a: Expr, b: Expr, m: Expr, n: Expr, p: Expr) -> Expr:
    return comp(m, lambda i: comp(n, lambda j: _sum(p, lambda k: a[i, k] * b[k, j])))


@_operator("matrix times vector", a=2, x=1)
def _matvec(a: Expr, x: Expr, m: Expr, n: Expr) -> Expr:
    return comp(m, lambda i: _sum(n, lambda k: a[i, k] * x[k]))


@_operator("outer product of two vectors", x=1, y=1)
def _outer(x: Expr, y: Expr, m: Expr, n: Expr) -> Expr:
    return comp(m, lambda i: comp(n, lambda j: x[i] * y[j]))


@_operator("inner product of two vectors", x=1, y=1)
def _dot(x: Expr, y: Expr, n: Expr) -> Expr:
    return _sum(n, lambda k: x[k] * y[k])


@_operator("vector times matrix", x=1, a=2)
def _vecmat(x: Expr, a: Expr, n: Expr, m: Expr) -> Expr:
    return comp(n, lambda j: _sum(m, lambda k: x[k] * a[k, j]))


@_operator("sum over the last axis", rows=True, x=1)
def _reduce_sum(x: Expr, n: Expr) -> Expr:
    return _sum(n, lambda k: x[k])


@_operator("product over the last axis", rows=True, x=1)
def _reduce_prod(x: Expr, n: Expr) -> Expr:
    return reduce("prod", n, lambda k: x[k])


@_operator("maximum over the last axis", rows=True, x=1)
def _reduce_max(x: Expr, n: Expr) -> Expr:
    return _greatest(x, n)


@_operator("minimum over the last axis", rows=True, x=1)
def _reduce_min(x: Expr, n: Expr) -> Expr:
    return reduce("min", n, lambda k: x[k])


@_operator("index of the first maximum over the last axis", rows=True, x=1)
def _argmax(x: Expr, n: Expr) -> Expr:
    return reduce("argmax", n, lambda k: x[k])


@_operator("index of the first minimum over the last axis", rows=True, x=1)
def _argmin(x: Expr, n: Expr) -> Expr:
    return reduce("argmin", n, lambda k: x[k])


@_operator("running sums", x=1)
def _cumsum(x: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: scan("sum", n, lambda k: x[k])[i])


@_operator("running maxima", x=1)
def _cummax(x: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: scan("max", n, lambda k: x[k])[i])


@_operator("the larger of x and 0, elementwise", x=1, rows=True)
def _relu(x: Expr, n: Expr) -> Expr:
    return comp(n, lambda i: binary("max", x[i], 0.0))


def definitions(names: tuple[str, ...] = ()) -> str:
    """The operators (or the named ones) as Python functions, for a model to read."""
    return "\n\n".join(OPERATORS[name].python for name in names or tuple(OPERATORS))


def raise_(e: Expr) -> Reading:
    """The smallest named-operator reading of a closed expression."""
    from accelcore.ir.reading import read

    return read(idealized(e))


from accelcore.ir.reading import Reading  # noqa: E402  a reading refers to operators, which are all defined by now
