"""The trace of a kernel as JSON: its storages, its calls of `nki.isa`, and what it returned.

The calls are recorded and not the instructions that they make, so that whoever replays them makes every check of the
simulator again and believes nothing.  Views, lines and names are tables that calls refer to by number.
"""

from __future__ import annotations

import base64
import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

from accelcore_nki.errors import UnsupportedCall, source_line
from accelcore_nki.recorder import Instruction, Recorder
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.tensors import Indirect, NkiTensor, Scattered

FORMAT = 1


class Log:
    """Collects the calls of one trace.  A call inside another (a composite) is part of the outer one."""

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []
        self.views: dict[tuple[Any, ...], int] = {}
        self.lines: dict[str, int] = {}
        self.constants: dict[int, Any] = {}
        self._depth = 0

    @property
    def noting(self) -> bool:
        """Whether a call is on its way that will be noted."""
        return self._depth > 0

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, noted when it is called."""
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            outer, self._depth = self._depth == 0, self._depth + 1
            try:
                result = function(*args, **kwargs)
            finally:
                self._depth -= 1
            if outer:
                self._note(function.__name__, signature.bind(*args, **kwargs).arguments)
            return result

        return call

    def _note(self, name: str, arguments: dict[str, Any]) -> None:
        line = self.lines.setdefault(source_line(), len(self.lines))
        kept = {k: self.value(v) for k, v in arguments.items() if k != "name"}
        self.calls.append([name, line, kept])

    def value(self, value: Any) -> Any:
        """An argument as JSON: numbers and names as they are, everything else as an object with one key."""
        if isinstance(value, NkiTensor):
            return {"view": self._view(value)}
        if isinstance(value, VirtualRegister):
            return {"register": value.index}
        if isinstance(value, Enum):
            return {"enum": [type(value).__name__, value.name]}
        if isinstance(value, tuple | list):
            return [self.value(v) for v in value]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if hasattr(value, "item"):
            return value.item()
        return str(getattr(value, "__name__", value))

    def _view(self, view: NkiTensor) -> int:
        index = view.storage.index
        key = (index, view.dtype, view.offset, view.shape, view.strides, self._indirection(view.indirection))
        return self.views.setdefault(key, len(self.views))

    def _indirection(self, found: Indirect | Scattered | None) -> tuple[Any, ...] | None:
        if found is None:
            return None
        if isinstance(found, Scattered):
            raise _not_judged("an index tensor that is not affine")
        source = found.source
        place = ("register", source.index) if isinstance(source, VirtualRegister) else ("view", self._view(source))
        return (*place, found.stride, found.limit, found.vector, found.skip)


def _not_judged(what: str) -> UnsupportedCall:
    """The error for a form of NKI 1 that no call of `nki.isa` expresses, so that a trace cannot tell it."""
    hint = "`accelcore run` takes it; a judged kernel writes it with instructions and affine indices"
    return UnsupportedCall(f"{what} is run, not judged", rule="unsupported", where=source_line(), hint=hint)


class TracingRecorder(Recorder):
    """A recorder that keeps the values of constants, which are part of the kernel, and takes noted calls only."""

    log: Log

    def emit(
        self, op: str, engine: str, dst: tuple[NkiTensor, ...], src: tuple[NkiTensor, ...], args: dict[str, Any]
    ) -> Instruction:
        """Record an instruction that its call tells whole."""
        if self.where is not None:
            raise _not_judged("a mask that is no box")
        if not self.log.noting:
            raise _not_judged(f"this form of {op}")
        return super().emit(op, engine, dst, src, args)

    def input(self, shape: tuple[int, ...], dtype: str, name: str, values: Any = None) -> NkiTensor:
        """An input; with values a constant."""
        view = super().input(shape, dtype, name, None)
        if values is not None:
            self.log.constants[view.storage.index] = values
        return view


def written(recorder: TracingRecorder, outputs: list[NkiTensor]) -> dict[str, Any]:
    """The whole trace as JSON."""
    log = recorder.log
    returned = [log.value(view)["view"] for view in outputs]
    return {
        "format": FORMAT,
        "storages": [_storage(s, log.constants.get(s.index)) for s in recorder.program.storages],
        "views": list(log.views),
        "lines": list(log.lines),
        "calls": log.calls,
        "outputs": returned,
    }


def _storage(storage: Any, constant: Any) -> dict[str, Any]:
    kept = {"shape": storage.shape, "dtype": storage.dtype, "buffer": storage.buffer, "name": storage.name,
            "address": storage.address, "line": storage.line, "role": storage.role}  # fmt: skip
    if constant is not None:
        kept["values"] = base64.b64encode(_bytes(constant, storage.dtype)).decode()
    return kept


def _bytes(constant: Any, dtype: str) -> bytes:
    import numpy as np

    from accelcore_nki.dtypes import numpy_type

    return np.ascontiguousarray(np.asarray(constant).astype(numpy_type(dtype))).tobytes()
