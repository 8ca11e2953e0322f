"""Elements of arrays: slices where indices are affine and provably inside, gathers otherwise."""

from __future__ import annotations

from accelcore.ir.affine import AffineForm, affine, at_least
from accelcore.ir.dtypes import DTYPES
from accelcore.ir.emit.array_scalars import Scalars
from accelcore.ir.emit.array_values import Value
from accelcore.ir.expr import Expr, index, shape
from accelcore.ir.polynomial import same_polynomial
from accelcore.ir.simplify import simplify


class Reads(Scalars):
    """Reads of inputs and of tables that were named before."""

    def _factor(self, e: Expr) -> Value:
        """A factor of a product, its dimensions in the order of the array: products name them, so none is turned."""
        if e.op == "cast" and e not in self._shared and DTYPES[e.dtype].is_float and e.args[0].op == "get":
            inner = self._factor(e.args[0])
            if inner.axes:
                return Value(self._method(inner.text, inner.axes, e.dtype, inner.strength), inner.axes)
        return self._element(e, natural=True) if e.op == "get" else self.value(e)

    def _element(self, e: Expr, natural: bool = False) -> Value:
        if e.rank:
            raise self._refuse("a row read as a whole")
        tensor = e.args[0]
        value = self.value(tensor)
        extents = self._task.param(tensor.name).shape if tensor.op == "input" else self._tensor_extents(tensor)
        indices = list(e.args[1:])
        if tensor.op == "filter":
            return self._selected(value, indices, extents)
        forms = [affine(i, self._extents.keys() & i.free) for i in indices]
        inside = [self._inside(i, n) for i, n in zip(indices, extents, strict=True)]
        if not value.axes and all(inside):
            sliced = self._sliced(value, [f for f in forms if f is not None], extents, natural)
            if sliced is not None and len(forms) == len([f for f in forms if f is not None]):
                return sliced
        return self._gathered(value, indices, extents, inside)

    def _tensor_extents(self, tensor: Expr) -> tuple[Expr, ...]:
        return tensor.args[: tensor.rank] if tensor.op == "scatter" else shape(tensor)[:1]

    def _selected(self, value: Value, indices: list[Expr], extents: tuple[Expr, ...]) -> Value:
        """Elements of a selection, which may have none: a zero follows it, and is read where there is no such one."""
        zero = f"{value.tight}.new_zeros(1)" if self._d.is_torch else f"{self._d.module}.zeros(1, {value.tight}.dtype)"
        function = "cat" if self._d.is_torch else "concatenate"
        longer = Value(f"{self._d.module}.{function}(({value.text}, {zero}))", (), 1)
        return self._gathered(longer, indices, (extents[0] + 1,), [False])

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
                last = self.value(simplify(extent - 1)).text
                i = Value(f"{self._d.module}.{clip}({self._tensor(i)}, 0, {last})", i.axes)
            at.append(i)
        axes = self._union(at)
        texts = ", ".join(self._aligned(i, axes).text for i in at)
        return Value(f"{value.tight}[{texts}]", axes)
