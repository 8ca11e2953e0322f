"""NumPy, PyTorch and JAX text: the summary as whole-array operations.

Every value is a text together with the index variables that its dimensions stand for, outermost first; operands are
aligned by inserting dimensions.  Reads with affine indices that provably stay inside become slices, sums of products
become `@` or einsum, other reads gather (clipped where they might leave the array, which is harmless: such an element
is not selected).  Folds are the only loops.  Reals are computed in float64, unbounded integers in int64.
"""

from __future__ import annotations

from accelcore.errors import UnsupportedLowering
from accelcore.ir.emit.array_binders import Binders
from accelcore.ir.emit.array_values import Axes, Value
from accelcore.ir.emit.dialects import Dialect
from accelcore.ir.emit.names import shared_scalars
from accelcore.ir.expr import Expr
from accelcore.values import Param, Role, Summary, Task, size_names


def emit_arrays(task: Task, dialect: Dialect) -> str:
    """The text of a function of the task's inputs that returns its results."""
    if not isinstance(task.reference, Summary):
        raise UnsupportedLowering(f"{task.name} was not lifted: there is no summary to emit", hint="lift it first")
    return _Writer(task, dialect).function(task.reference)


class _Writer(Binders):
    """One function."""

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
