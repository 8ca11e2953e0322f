"""From the calls that a child reports to a checked program: nothing in them is believed.

Every storage is allocated and every call made again through `nki.isa`, so a forged trace is just another program that
obeys the rules of the chip or is refused.  Raises NkiError for a broken rule, BadTrace for what no tracer writes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelcore_nki import isa
from accelcore_nki.dtypes import FLOATS, SIZES
from accelcore_nki.errors import NkiError
from accelcore_nki.generations import generation
from accelcore_nki.indexing import _inside
from accelcore_nki.isa import enums
from accelcore_nki.judging.calls import FORMAT
from accelcore_nki.kernels import _written
from accelcore_nki.occupancy import occupancy
from accelcore_nki.recorder import Program, Recorder, recording
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.tensors import Indirect, NkiTensor, Storage

if TYPE_CHECKING:
    from accelcore_nki.kernels import Shape

MOST_BYTES = 4 << 30  # of all HBM tensors of a program; what is on the chip is checked by live range
_FUNCTIONS = frozenset(isa.__all__) - {"NkiValidationError", "VirtualRegister", "get_nc_version", "engine"}
_ENUMS = {"engine", "reduce_cmd", "dge_mode", "oob_mode", "matmul_perf_mode", "nc_version"}
_STATIC = frozenset(FLOATS) | frozenset(SIZES)


class BadTrace(Exception):
    """A trace that the tracer does not write: forged, or cut."""


class Replay:
    """One trace, replayed for arguments of the given shapes.

    program: the checked program.  constants: values of the inputs that the kernel brought, by storage index.
    """

    def __init__(self, told: Any, chip: str, arguments: Sequence[Shape]) -> None:
        self.recorder = Recorder(Program(generation(chip)))
        self.constants: dict[int, Any] = {}
        try:
            self._storages(told["storages"], arguments)
            if told["format"] != FORMAT:
                raise BadTrace("another format")
            self._views(told["views"])
            with recording(self.recorder):
                self._calls(told["calls"], [str(line) for line in told["lines"]])
            self.program.outputs = [self.views[_index(v, self.views)] for v in told["outputs"]]
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise BadTrace(f"{type(error).__name__}: {error}") from error
        _written(self.recorder)
        occupancy(self.program)

    @property
    def program(self) -> Program:
        """The program."""
        return self.recorder.program

    def _storages(self, told: Sequence[Any], arguments: Sequence[Shape]) -> None:
        total = 0
        for at, one in enumerate(told):
            storage = self._argument(arguments[at]) if at < len(arguments) else self._storage(one)
            storage.line = str(one["line"])
            total += 0 if storage.on_chip else storage.nbytes
            if storage.index != at or total > MOST_BYTES:
                raise BadTrace("storages out of order, or too many bytes")
        if len(told) < len(arguments):
            raise BadTrace("arguments are missing")

    def _argument(self, shape: Shape) -> Storage:
        return self.recorder.input(shape.shape, shape.dtype, "").storage

    def _storage(self, one: Any) -> Storage:
        shape = tuple(int(n) for n in one["shape"])
        name, address = str(one["name"]), one["address"]
        if "values" in one:
            import numpy as np

            from accelcore_nki.dtypes import numpy_type

            storage = self.recorder.input(shape, one["dtype"], name).storage
            values = np.frombuffer(base64.b64decode(one["values"]), numpy_type(storage.dtype))
            self.constants[storage.index] = values.reshape(shape)
            return storage
        if one["role"] == "input":
            raise BadTrace("an input without values")
        place = None if address is None else (int(address[0]), int(address[1]))
        with recording(self.recorder):
            return self.recorder.allocate(shape, one["dtype"], one["buffer"], name, place).storage

    def _views(self, told: Sequence[Any]) -> None:
        self.views: list[NkiTensor] = []
        for index, dtype, offset, shape, strides, indirection in told:
            storage = self.program.storages[_index(index, self.program.storages)]
            if dtype not in _STATIC:
                raise BadTrace(f"dtype {dtype}")
            counts, steps = tuple(map(int, shape)), tuple(map(int, strides))
            if len(counts) != len(steps) or any(n < 1 for n in counts):
                raise BadTrace("a view without elements")
            view = NkiTensor(storage, dtype, int(offset), counts, steps, self._indirection(indirection))
            _inside(view)
            self.views.append(view)

    def _indirection(self, told: Any) -> Indirect | None:
        if told is None:
            return None
        kind, at, stride, limit, vector, skip = told
        source = self.views[_index(at, self.views)] if kind == "view" else VirtualRegister(int(at))
        return Indirect(source, int(stride), int(limit), bool(vector), bool(skip))

    def _calls(self, told: Sequence[Any], lines: Sequence[str]) -> None:
        for name, line, arguments in told:
            if name not in _FUNCTIONS:
                raise BadTrace(f"no instruction {name}")
            self.recorder.line = lines[_index(line, lines)]
            getattr(isa, name)(**{key: self._value(value) for key, value in arguments.items()})

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(v) for v in value]
        if not isinstance(value, dict):
            return value
        ((kind, inner),) = value.items()
        if kind == "view":
            return self.views[_index(inner, self.views)]
        if kind == "register":
            return VirtualRegister(_index(inner, range(self.recorder.registers)))
        if kind == "enum" and inner[0] in _ENUMS:
            return getattr(enums, inner[0])[inner[1]]
        raise BadTrace(f"an argument of kind {kind}")


def _index(at: Any, table: Sequence[Any]) -> int:
    if not isinstance(at, int) or not 0 <= at < len(table):
        raise BadTrace(f"no entry {at}")
    return at


def results(replay: Replay, shapes: Sequence[Shape]) -> tuple[NkiTensor, ...]:
    """The views that hold the results, in order; NkiError when they are not what the task wants."""
    found = replay.program.outputs
    wanted = ", ".join(f"{s.dtype}{list(s.shape)}" for s in shapes)
    if len(found) != len(shapes):
        raise NkiError(f"the kernel returns {len(found)} tensors, not {wanted}", rule="results")
    for view, shape in zip(found, shapes, strict=True):
        alike = view.shape == shape.shape or (not shape.shape and view.size == 1)
        if not alike or view.dtype != shape.dtype:
            what = f"the kernel returns {view.dtype}{list(view.shape)}, not {shape.dtype}{list(shape.shape)}"
            raise NkiError(what, rule="results", operands=(str(view),), where=view.storage.line)
    return tuple(found)
