"""The runner of a kernel: a sandboxed child traces it, this process executes the program on the judge's inputs.

A program depends on sizes only.  It is traced once for each sizes that a runner meets, in a child of its own, so that
no kernel learns how often it was called; every call executes it from poisoned memory.  The cost is the modelled time.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore.values import Cost, Kernel, Limits, Status, Task
from accelcore_nki.errors import NkiError
from accelcore_nki.judging.interface import Call, call_of
from accelcore_nki.kernels import Shape

if TYPE_CHECKING:
    from accelcore.protocols import Buffers
    from accelcore.sandbox import Warm
    from accelcore.values import Span
    from accelcore_nki.execute.memory import Memory
    from accelcore_nki.judging.accounts import Account
    from accelcore_nki.judging.replay import Replay
    from accelcore_nki.tensors import NkiTensor, Storage
    from accelcore_nki.timing import Timeline

_TRACE_BYTES = 1 << 29  # of the answer's file: about two million calls
_PATIENCE = 12.0  # times the child's limit that executing its program may take, on a busy machine
_FULL = 10.0  # times longer still where it is executed in full, at the sizes that are else only timed


@dataclass
class Traced:
    """A checked program for one call, and where its results are.

    account: of its time, once somebody asked.  begins, ends: on-chip storages by the instruction that uses them first
    and last; they hold memory in between.
    """

    replay: Replay
    outputs: tuple[NkiTensor, ...]
    timeline: Timeline
    account: Account | None = None
    begins: dict[int, list[Storage]] = field(default_factory=dict)
    ends: dict[int, list[Storage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for placed in self.timeline.occupancy.placements.values():
            self.begins.setdefault(placed.first, []).append(placed.storage)
            self.ends.setdefault(placed.last, []).append(placed.storage)


@dataclass
class NkiRunner:
    """Runs one kernel of a task.

    sandbox: the level under which it was traced, once it was.  timed: sizes whose time stands for that of the task's
    first sizes, so that a kernel of large arrays is executed on smaller ones; empty for those themselves.
    """

    task: Task
    kernel: Kernel
    chip: str
    limits: Limits
    timed: Mapping[str, int] = field(default_factory=dict)
    sandbox: str = ""
    _programs: dict[Call, Traced] = field(default_factory=dict)

    @property
    def feedback(self) -> str:
        """Where the modelled time goes; "" before the first call at the sizes that count."""
        return self._account().text

    @property
    def metrics(self) -> Mapping[str, float]:
        """The counters of that."""
        return dict(self._account().metrics)

    @property
    def timeline(self) -> tuple[Span, ...]:
        """What each engine does when, in seconds."""
        return self._account().spans

    def _account(self) -> Account:
        from accelcore_nki.judging.accounts import Account, account

        sizes = self.timed or (dict(self.task.sizes[0]) if self.task.sizes else {})
        found = self._programs.get(call_of(self.task, sizes)) if sizes or not self.task.sizes else None
        if found is None:
            return Account()
        if found.account is None:
            found.account = account(found.timeline)
        return found.account

    @property
    def counted(self) -> Mapping[str, int]:
        """Sizes whose time is the cost: a champion is executed there once."""
        return self.timed

    def __enter__(self) -> NkiRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self._programs.clear()

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Execute the kernel's program on each set; costs are modelled seconds."""
        costs = []
        for buffers in batch:
            traced = self.traced(sizes)
            self._execute(traced, buffers, _PATIENCE * (_FULL if self._large(sizes) else 1.0))
            costs.append(Cost(self._timed(sizes, traced) / 1e9, "s"))
        return costs

    def _timed(self, sizes: Mapping[str, int], traced: Traced) -> float:
        """Modelled ns: of this program, or of the one at the sizes that stand for the task's own."""
        own = dict(self.task.sizes[0]) if self.task.sizes else {}
        return self.traced(self.timed).timeline.total if self.timed and dict(sizes) == own else traced.timeline.total

    def traced(self, sizes: Mapping[str, int]) -> Traced:
        """The checked program at these sizes.  RunFailure says why there is none."""
        call = call_of(self.task, sizes)
        if call not in self._programs:
            self._programs[call] = self._trace(call)
        return self._programs[call]

    def _trace(self, call: Call) -> Traced:
        from accelcore_nki.judging.replay import BadTrace, Replay, results
        from accelcore_nki.timing import modelled

        told = self._child(call)
        try:
            replay = Replay(told, self.chip, call.tensors)
            outputs = results(replay, [shape for _, shape in call.results])
            return Traced(replay, outputs, modelled(replay.program))
        except NkiError as error:
            raise RunFailure(str(error), status="compile_error", where=error.where) from error
        except BadTrace as error:
            raise RunFailure(f"the trace is not well-formed: {error}", status="crashed") from error

    def _child(self, call: Call) -> dict[str, Any]:
        """The child's answer; RunFailure when it gave none, or says that there is none."""
        from accelcore.sandbox import PYTHON

        request = {"chip": self.chip, "entry": self.kernel.entry, "arguments": [_told(n, a) for n, a in call.arguments]}
        with tempfile.TemporaryDirectory(prefix="nki-") as folder:
            files = [Path(folder) / name for name in ("request.json", "kernel.py", "answer.json")]
            files[0].write_text(json.dumps(request))
            files[1].write_text(self.kernel.text)
            home = str(Path(__file__).resolve().parents[2])
            policy = replace(PYTHON, name="nki trace", write_cwd=True, file_size=_TRACE_BYTES).reading(home)
            child = _tracer().run([f.name for f in files], policy, self._limits(call), cwd=folder)
            self.sandbox = child.sandbox
            if child.status is not Status.OK:
                raise RunFailure(child.text[-2000:] or f"the child ended {child.status}", status=child.status.value)
            return _answer(files[2])

    def _limits(self, call: Call) -> Limits:
        """A trace at the sizes that are only timed may be long: it gets more time than a call."""
        large = bool(self.timed) and call == call_of(self.task, self.timed)
        return replace(self.limits, seconds=_PATIENCE * self.limits.seconds) if large else self.limits

    def _large(self, sizes: Mapping[str, int]) -> bool:
        return bool(self.timed) and dict(sizes) == dict(self.timed)

    def _execute(self, traced: Traced, buffers: Buffers, patience: float) -> None:
        from accelcore_nki.execute.memory import Memory

        program, memory = traced.replay.program, Memory(strict=True)
        given = iter(self._inputs())
        held: dict[str, Any] = {}
        for storage in program.storages:
            if storage.role != "input":
                if not storage.on_chip:
                    memory.allocate(storage)
            elif storage.index in traced.replay.constants:
                memory.fill(storage, traced.replay.constants[storage.index])
            else:
                name = next(given)
                held[name] = storage
                memory.fill(storage, buffers[name].reshape(storage.shape))
        deadline = time.monotonic() + patience * self.limits.seconds
        try:
            for at, instruction in enumerate(program.instructions):
                for storage in traced.begins.get(at, ()):
                    memory.allocate(storage)
                memory.run(instruction)
                for storage in traced.ends.get(at, ()):
                    memory.release(storage)
                if time.monotonic() > deadline:
                    raise RunFailure("its program takes too long to execute", status="timeout")
            self._kept(memory, held, buffers)
            self._results(traced, memory, buffers)
        except NkiError as error:
            raise RunFailure(str(error), status="wrong", where=error.where) from error

    def _inputs(self) -> list[str]:
        return [p.name for p in self.task.params if p.role.value in ("in", "inout", "scalar")]

    def _kept(self, memory: Memory, held: Mapping[str, Storage], buffers: Buffers) -> None:
        """Inputs that do not change in place must be as they were."""
        for param in self.task.params:
            storage = held.get(param.name)
            if storage is not None and param.role.value != "inout" and memory.differs(storage, buffers[param.name]):
                what = f"the program writes to its input {param.name}"
                raise NkiError(what, rule="input-written", where=storage.line)

    def _results(self, traced: Traced, memory: Memory, buffers: Buffers) -> None:
        for param, view in zip(self.task.results, traced.outputs, strict=True):
            if not memory.complete(view):
                where = view.storage.line
                raise NkiError("parts of a result are never written", rule="output-not-written", where=where)
            target = buffers[param.name]
            target[...] = memory.read(view).reshape(target.shape).astype(target.dtype, copy=False)


@cache
def _tracer() -> Warm:
    """What traces: every kernel in a process of its own, forked from one that has NumPy and the simulator imported."""
    from accelcore.sandbox import Warm

    return Warm("accelcore_nki.judging.tracer:main", ("numpy", "ml_dtypes"))


def _told(name: str, argument: Shape | int) -> Any:
    if isinstance(argument, Shape):
        return {"name": name, "shape": argument.shape, "dtype": argument.dtype}
    return argument


def _answer(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text())
        status = told["status"]
    except (OSError, ValueError, KeyError, TypeError):
        raise RunFailure("the kernel's process ended before its trace was written", status="crashed") from None
    if status != "ok":
        known = status if status in ("unsupported", "compile_error", "crashed") else "crashed"
        raise RunFailure(str(told.get("what", ""))[:4000], status=known)
    return dict(told)
