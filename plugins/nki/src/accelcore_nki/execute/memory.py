"""The memory of an execution: bytes of each storage, and which elements were ever written.

Memory that nobody wrote holds poison (NaN, or the largest integer).  Reading it is an error in a strict memory; else it
is noted in `findings`, once a line, and the poison flows on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from accelcore_nki.dtypes import SIZES, cast, numpy_type, poison
from accelcore_nki.errors import NkiError, source_line
from accelcore_nki.tensors import Scattered

if TYPE_CHECKING:
    from accelcore_nki.recorder import Instruction
    from accelcore_nki.registers import VirtualRegister
    from accelcore_nki.tensors import NkiTensor, Storage

    Array = np.ndarray[Any, Any]


class Memory:
    """Bytes by storage, values by register, accumulators by engine.

    strict: reads of what nothing has written are errors, else findings.  silent: they are neither (NKI 1, where a mask
    may leave parts of a tile alone).
    """

    def __init__(self, *, strict: bool = True, silent: bool = False) -> None:
        self.strict, self.silent = strict, silent
        self.findings: dict[str, str] = {}
        self.accumulators: dict[str, Array] = {}
        self.printed: list[str] = []
        self._bytes: dict[int, Array] = {}
        self._written: dict[int, Array | None] = {}  # None: all of it
        self._registers: dict[int, int] = {}
        self._line = ""
        self._where: Array | None = None  # the mask of the instruction that runs

    def allocate(self, storage: Storage) -> None:
        """Poisoned memory for a storage."""
        count = storage.nbytes // SIZES[storage.dtype]
        values = np.full(count, poison(storage.dtype), numpy_type(storage.dtype))
        self._bytes[storage.index] = values.view(np.uint8)
        self._written[storage.index] = np.zeros(count, bool)

    def release(self, storage: Storage) -> None:
        """Give the memory of a storage back that nothing uses any more."""
        del self._bytes[storage.index], self._written[storage.index]

    def fill(self, storage: Storage, values: Array) -> None:
        """Give a storage all its values; the array is copied."""
        self._bytes[storage.index] = np.array(values, numpy_type(storage.dtype), order="C").reshape(-1).view(np.uint8)
        self._written[storage.index] = None

    def differs(self, storage: Storage, values: Array) -> bool:
        """Whether a storage no longer holds what `fill` gave it, bit by bit."""
        given = np.array(values, numpy_type(storage.dtype), order="C").reshape(-1).view(np.uint8)
        return not np.array_equal(self._bytes[storage.index], given)

    def run(self, instruction: Instruction) -> None:
        """Execute one instruction."""
        from accelcore_nki.execute.table import TABLE

        self._line, self._where = instruction.line, instruction.args.get("where")
        with np.errstate(all="ignore"):
            TABLE[instruction.op](self, instruction)

    def register(self, index: int) -> int:
        """The value of a register."""
        if index not in self._registers:
            raise NkiError(
                "the register holds no value yet",
                rule="read-before-write",
                where=source_line() or self._line,
                hint="nisa.register_move or nisa.register_load",
            )
        return self._registers[index]

    def set_register(self, index: int, value: int) -> None:
        """Give a register a value."""
        self._registers[index] = int(value)

    def read(self, view: NkiTensor, *, check: bool = True) -> Array:
        """The values of a view, in its shape and type; do not write to the result."""
        written = self._written[view.storage.index]
        if check and not self.silent and written is not None and view.indirection is None:
            self._check(view, written)
        if view.indirection is not None:
            return np.asarray(self._flat(view)[self._addresses(view)[0]])
        return self._window(view)

    def tile(self, view: NkiTensor) -> Array:
        """The values as [partitions, elements]."""
        return self.read(view).reshape(view.shape[0], -1)

    def real(self, view: NkiTensor) -> Array:
        """The values as float32 [partitions, elements], as the engines read them."""
        return self.tile(view).astype(np.float32)

    def write(self, view: NkiTensor, values: Array, where: Array | None = None) -> None:
        """Cast and store values, of the view's shape or [partitions, elements]; `where` selects elements."""
        result = cast(np.asarray(values), view.dtype).reshape(view.shape)
        chosen = self._where if where is None else where.reshape(view.shape)
        chosen = None if chosen is None else np.broadcast_to(chosen, view.shape)
        if view.indirection is not None:
            self._scatter(view, result, chosen)
            return
        target = self._window(view)
        np.copyto(target, result, where=True if chosen is None else chosen)
        self._mark(view, chosen)

    def _scatter(self, view: NkiTensor, result: Array, where: Array | None) -> None:
        addresses, inside = self._addresses(view)
        if inside is not None:
            where = inside if where is None else inside & where
        if where is not None:
            addresses, result = addresses[where], result[where]
        self._flat(view)[addresses] = result
        written = self._written[view.storage.index]
        if written is not None and SIZES[view.dtype] == SIZES[view.storage.dtype]:
            written[addresses] = True

    def combine(self, view: NkiTensor, values: Array, ufunc: np.ufunc) -> None:
        """view = ufunc(view, values), element after element, so that equal run-time addresses all count."""
        addresses, inside = self._addresses(view)
        where = self._where if inside is None else inside if self._where is None else inside & self._where
        values = np.broadcast_to(values, view.shape)
        if where is not None:
            where = np.broadcast_to(where, view.shape)
            addresses, values = addresses[where], values[where]
        flat = self._flat(view)
        real = flat.astype(np.float32)
        ufunc.at(real, addresses, values.astype(np.float32))
        flat[addresses] = cast(real[addresses], view.dtype)

    def inside(self, view: NkiTensor) -> Array | None:
        """Which elements of a view have a run-time index that exists; None when all do."""
        return self._addresses(view)[1]

    def untouched(self, view: NkiTensor) -> bool:
        """Whether nothing was ever written to the view."""
        written = self._written[view.storage.index]
        return written is not None and not self._window(view, written).any()

    def complete(self, view: NkiTensor) -> bool:
        """Whether every element of the view was written."""
        written = self._written[view.storage.index]
        return written is None or bool(self._window(view, written).all())

    def _window(self, view: NkiTensor, of: Array | None = None) -> Array:
        kind = numpy_type(view.dtype) if of is None else of.dtype
        size = kind.itemsize
        source = self._bytes[view.storage.index] if of is None else of
        steps = tuple(s * size for s in view.strides)
        return np.ndarray(view.shape, kind, source.data, view.offset * size, steps)

    def _flat(self, view: NkiTensor) -> Array:
        return self._bytes[view.storage.index].view(numpy_type(view.dtype))

    def _addresses(self, view: NkiTensor) -> tuple[Array, Array | None]:
        """Element numbers of a view, and where they exist (None: everywhere): index times stride, plus the pattern."""
        found = view.indirection
        if isinstance(found, Scattered):
            return found.addresses, None
        address = np.full(view.shape, view.offset, np.int64)
        for dim, (count, step) in enumerate(zip(view.shape, view.strides, strict=True)):
            address += (np.arange(count) * step).reshape((-1,) + (1,) * (len(view.shape) - dim - 1))
        if found is None:
            return address, None
        rows = self._rows(found.source)[: view.shape[0] if found.vector else None]
        inside = (rows >= 0) & (rows < found.limit)
        if not inside.all() and not found.skip:
            raise NkiError(
                f"an index of {rows.min()}..{rows.max()} is outside 0..{found.limit - 1}",
                rule="bounds",
                operands=(str(view),),
                where=self._line,
                hint="oob_mode.skip leaves such rows out",
            )
        shape = (-1,) + (1,) * (len(view.shape) - 1) if found.vector else (1,) * len(view.shape)
        exists = None if inside.all() else np.broadcast_to(inside.reshape(shape), view.shape)
        rows = np.where(inside, rows, 0) * found.stride
        return address + rows.reshape(shape), exists

    def _rows(self, source: NkiTensor | VirtualRegister) -> Array:
        from accelcore_nki.registers import VirtualRegister

        if isinstance(source, VirtualRegister):
            return np.array([self.register(source.index)])
        # several indices a partition are taken partition first
        return self.read(source).reshape(source.shape[0], -1).T.reshape(-1).astype(np.int64)

    def _check(self, view: NkiTensor, written: Array) -> None:
        if SIZES[view.dtype] != SIZES[view.storage.dtype] or self._window(view, written).all():
            return
        what = "reads elements that nothing has written"
        if self.strict:
            raise NkiError(
                f"the instruction {what}",
                rule="uninitialised",
                operands=(str(view),),
                where=self._line,
                hint="memory is not zeroed: nisa.memset the tile, or read only what was written",
            )
        self.findings.setdefault(self._line, f"{self._line}: {what} [uninitialised]\n  operand: {view}")

    def _mark(self, view: NkiTensor, where: Array | None) -> None:
        written = self._written[view.storage.index]
        if written is None:
            return
        alike = SIZES[view.dtype] == SIZES[view.storage.dtype]  # else elements do not map to the storage's: all count
        if where is None and (not alike or (view.is_contiguous() and view.size == written.size)):
            self._written[view.storage.index] = None
        elif alike:
            np.copyto(self._window(view, written), True, where=True if where is None else where)
