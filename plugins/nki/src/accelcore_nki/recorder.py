"""Tracing: an ordinary Python function becomes a program of instructions.

A `Recorder` is what the functions of `nki.isa` talk to.  Without a memory it only records, and tensors hold nothing;
with one, each instruction runs as it is recorded, so that registers have values and loops may depend on them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

from accelcore_nki.dtypes import name_of
from accelcore_nki.errors import NkiError, fail, source_line
from accelcore_nki.generations import PARTITIONS, Generation
from accelcore_nki.registers import VirtualRegister
from accelcore_nki.tensors import ON_CHIP, PRIVATE_HBM, PSUM, SHARED_HBM, NkiTensor, Storage, whole

if TYPE_CHECKING:
    from accelcore_nki.execute.memory import Memory
    from accelcore_nki.occupancy import Occupancy

_BUFFERS = {"sbuf": "sbuf", "psum": "psum", "hbm": PRIVATE_HBM, "private_hbm": PRIVATE_HBM, "shared_hbm": SHARED_HBM}


@dataclass(slots=True)
class Instruction:
    """One instruction: what it does, on which engine, on which views, from which line of the kernel.

    args holds everything else: operator names, Python numbers, patterns.  A tensor used as an operand (a bias, a scale)
    is in src, and args names its position.
    """

    op: str
    engine: str
    dst: tuple[NkiTensor, ...]
    src: tuple[NkiTensor, ...]
    args: dict[str, Any]
    line: str

    def depends_on(self, *others: Instruction) -> Instruction:
        """Ask for an order; the simulator runs in program order, so it holds already."""
        return self


@dataclass
class Program:
    """What tracing gave: storages, instructions in program order, the views that the kernel returned.

    surface: 2, or 1 for a kernel of NKI 1, whose compiler spills what does not fit instead of refusing it.
    placed: where its on-chip tensors live, once that is known; nothing is added to the program afterwards.
    """

    generation: Generation
    storages: list[Storage] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    inputs: list[NkiTensor] = field(default_factory=list)
    outputs: list[NkiTensor] = field(default_factory=list)
    surface: int = 2
    placed: Occupancy | None = None


@dataclass
class Recorder:
    """Collects the program of one kernel instance.

    shared: storages in shared HBM by order of allocation, common to all instances of a grid.  pending: the last
    instruction of NKI 1 while its destination is open; it is emitted before any other.  line: where instructions come
    from, when that is not the kernel line that is running.  where: a mask for what the next instruction writes.
    known: values of registers that hold constants at this point of the trace.
    """

    program: Program
    memory: Memory | None = None
    grid: tuple[int, ...] = ()
    position: tuple[int, ...] = ()
    shared: list[Storage] = field(default_factory=list)
    registers: int = 0
    pending: Callable[[], object] | None = None
    line: str = ""
    where: Any = None
    known: dict[int, int] = field(default_factory=dict)
    _shared_seen: int = 0

    @property
    def generation(self) -> Generation:
        """The chip."""
        return self.program.generation

    def allocate(self, shape: Any, dtype: Any, buffer: Any, name: str = "", address: Any = None) -> NkiTensor:
        """A new tensor; raises NkiError for shapes and addresses that the buffer cannot have."""
        place = _BUFFERS.get(str(buffer or "sbuf"))
        if place is None:
            raise fail("buffer", f"there is no buffer {buffer}", hint=f"one of {', '.join(_BUFFERS)}")
        dims = _extents(shape)
        if place == SHARED_HBM:
            return whole(self._shared(dims, name_of(dtype), name))
        role = "hbm" if str(buffer) == "hbm" else "local"
        storage = self._new(dims, name_of(dtype), place, name, role)
        storage.address = address
        self._fits(storage)
        return whole(storage)

    def _shared(self, dims: tuple[int, ...], dtype: str, name: str) -> Storage:
        at, self._shared_seen = self._shared_seen, self._shared_seen + 1
        if at < len(self.shared) and (self.shared[at].shape, self.shared[at].dtype) == (dims, dtype):
            return self.shared[at]
        storage = self._new(dims, dtype, SHARED_HBM, name)
        self.shared.append(storage)
        return storage

    def _new(self, dims: tuple[int, ...], dtype: str, place: str, name: str, role: str = "local") -> Storage:
        storage = Storage(len(self.program.storages), dims, dtype, place, name=name, role=role, line=self.line)
        self.program.storages.append(storage)
        if self.memory is not None:
            self.memory.allocate(storage)
        return storage

    def _fits(self, storage: Storage) -> None:
        if storage.buffer not in ON_CHIP:
            return
        chip = self.generation
        if storage.shape[0] > PARTITIONS:
            raise fail(
                "partitions",
                f"{storage.shape[0]} partitions, there are {PARTITIONS}",
                storage,
                hint="the first dimension of an on-chip tensor is the partition: tile it",
            )
        room = chip.psum if storage.buffer == PSUM else chip.usable
        if storage.free_bytes > room and self.program.surface > 1:
            raise fail("capacity", f"{storage.free_bytes} bytes a partition, {storage.buffer} has {room}", storage)

    def input(self, shape: tuple[int, ...], dtype: str, name: str, values: Any = None) -> NkiTensor:
        """A kernel argument in HBM, with its values when this recorder executes."""
        storage = self._new(shape, dtype, SHARED_HBM, name, role="input")
        if self.memory is not None:
            self.memory.fill(storage, values)
        view = whole(storage)
        self.program.inputs.append(view)
        return view

    def emit(
        self, op: str, engine: str, dst: tuple[NkiTensor, ...], src: tuple[NkiTensor, ...], args: dict[str, Any]
    ) -> Instruction:
        """Record one instruction, and run it when there is a memory."""
        if self.pending is not None:
            finish, self.pending = self.pending, None
            finish()
        line = self.line or source_line()
        if self.where is not None:
            args, self.where = {**args, "where": self.where}, None
        for view in src:
            if not view.storage.used:
                raise fail(
                    "read-before-write",
                    f"{op} reads memory that nothing has written",
                    view,
                    hint="memory is not zeroed: nisa.memset or a copy must come first",
                )
        for view in dst:
            view.storage.used, view.storage.writer = True, op
        instruction = Instruction(op, engine, dst, src, args, line)
        self.program.instructions.append(instruction)
        if self.memory is not None:
            self.memory.run(instruction)
        return instruction

    def register(self) -> VirtualRegister:
        """A new register."""
        self.registers += 1
        return VirtualRegister(self.registers - 1)

    def register_value(self, index: int) -> int:
        """The value of a register; NkiError when the trace has no data."""
        if index in self.known:
            return self.known[index]
        if self.memory is None:
            raise fail(
                "needs-data",
                "control flow depends on a register, this trace holds no data",
                hint="run the kernel functionally, or give loops static bounds",
            )
        return self.memory.register(index)


def _extents(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of Python numbers."""
    if type(shape) is tuple and shape and min(shape) > 0 and set(map(type, shape)) == {int}:  # kept fast
        return shape
    given = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    for d in given:
        if not isinstance(d, int | Integral) or d < 1:
            raise fail("shape", f"{shape} is no shape", hint="positive integers")
    if not given:
        raise fail("shape", "a tensor has at least one dimension")
    return tuple(map(int, given))


_CURRENT: ContextVar[Recorder | None] = ContextVar("accelcore_nki_recorder", default=None)


def current() -> Recorder:
    """The recorder of the kernel that is being traced; NkiError outside a kernel."""
    recorder = _CURRENT.get()
    if recorder is None:
        raise NkiError(
            "this works only inside a kernel",
            rule="outside-kernel",
            where=source_line(),
            hint="call the kernel through accelcore_nki.simulate(kernel)(arrays)",
        )
    return recorder


def tracing() -> bool:
    """Whether a kernel is being traced."""
    return _CURRENT.get() is not None


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """Make it the current recorder."""
    token = _CURRENT.set(recorder)
    try:
        with uncollected():
            yield recorder
    finally:
        _CURRENT.reset(token)


@contextmanager
def uncollected() -> Iterator[None]:
    """No collection of cyclic garbage meanwhile: programs are many live objects without cycles, and each collection
    would walk all of them (measured: a quarter of the time of a trace)."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
