"""One candidate in its process, from here: commands, answers, and failures as `RunFailure`."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure, SandboxError
from accelcore.sandbox import frames
from accelcore.sandbox._jail import guest, wire
from accelcore.sandbox._jail.stopwatch import PATIENCE
from accelcore.sandbox.policy import KERNEL, PYTHON
from accelcore.sandbox.run import describe, level_of, specification
from accelcore.sandbox.server import NUMPY_SERVER, SERVER
from accelcore.values import AbiArg, Limits, Status

if TYPE_CHECKING:
    import numpy as np

_LIFETIME = 3600.0  # seconds of CPU that a process may use in all; each command has its own, shorter limit
_OVERHEAD, _PYTHON_OVERHEAD = 256 << 20, 2 << 30  # address space of the process itself
_SHOWN = 600  # characters of what a kernel says about itself
_GRACE = 10.0  # seconds that the keeper may lag behind its own deadline on a busy machine


@dataclass(frozen=True)
class Library:
    """A shared object and one kernel in it; without a path, no kernel: what a batch costs by itself."""

    path: str
    symbol: str
    arguments: tuple[AbiArg, ...]


@dataclass(frozen=True)
class Script:
    """Python text and the function in it that is the kernel."""

    text: str
    entry: str
    arguments: tuple[AbiArg, ...]


@dataclass(frozen=True)
class Clocked:
    """Nanoseconds of one batch: wall time until the answer, CPU time until the process was idle again, and CPU time
    that the process used between the end of the batch before and the start of this one."""

    window: int
    cpu: int
    outside: int


Code = Library | Script
Piece = tuple[int, int, int, int, int]
"""Memory to be shown: (slot, position in it, number of the descriptor, offset in the file, bytes)."""


class Session:
    """A sandboxed process that holds one kernel.  Any failure ends it.

    lent: descriptors of shared memory, by position in `map`.
    """

    def __init__(self, code: Code, lent: Sequence[int], limits: Limits) -> None:
        self.code, self.limits = code, limits
        native = isinstance(code, Library)
        policy = KERNEL.reading(*([code.path] if code.path else [])) if isinstance(code, Library) else PYTHON
        overhead = _OVERHEAD if native else _PYTHON_OVERHEAD
        room = sum(os.fstat(fd).st_size for fd in lent)
        bounds = Limits(_LIFETIME, limits.memory + overhead + 2 * room, limits.output)
        spec = specification(policy, bounds)
        spec |= {"guest": "native" if native else "python", "memory": bounds.memory}
        with open(os.devnull, "r+b") as null:
            server = SERVER if native else NUMPY_SERVER
            self._channel = server.submit(spec, (null.fileno(),) * 3 + tuple(lent))
        self._channel.settimeout(PATIENCE * limits.seconds + _GRACE)
        try:
            self.layers: tuple[str, ...] = tuple(self._receive()[0].get("layers", ()))
        except BaseException:
            self.close()
            raise
        self.direct = self._wants = False
        self.signature = ""
        self._described: dict[str, list[object]] = {}

    @property
    def sandbox(self) -> str:
        """Level and layers in one line."""
        return describe(level_of(self.layers), self.layers)

    def prepare(self, slots: Sequence[tuple[int, bool]], pieces: Sequence[Piece]) -> list[int]:
        """Reserve address ranges, load the kernel, then show memory; the base addresses of the ranges.

        slots: (bytes, writable); each lies between inaccessible pages.  The kernel's constructors and top level run
        before any input is mapped.
        """
        self.signature = frames.signature(self.code.arguments, workspace=False)
        load = _to_load(self.code, self.signature)
        try:
            bases, loaded, _ = self._ask((guest.RESERVE, slots), (guest.LOAD, load), (guest.MAP, pieces))
        except SandboxError as error:
            raise RunFailure(f"does not load: {error.what}", status=Status.COMPILE_ERROR) from error
        answer = _object(loaded)
        if answer.get("error"):
            raise RunFailure(f"does not load: {answer['error']}"[:_SHOWN], status=Status.COMPILE_ERROR)
        self.direct, self._wants = bool(answer.get("direct")), bool(answer.get("workspace"))
        self.signature += "q" if self._wants else ""
        return _numbers(bases, len(slots), least=0)

    def touch(self, near: Sequence[tuple[int, int]]) -> None:
        """Have (address, bytes) ranges read once."""
        self._ask((guest.TOUCH, near))

    def describe(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Tell the shapes and dtypes of the arrays that the next frames point to, where the kernel needs them."""
        if not isinstance(self.code, Script):
            return
        told = {name: [a.shape, a.dtype.str] for name, a in arrays.items()}
        if told != self._described:
            self._ask((guest.DESCRIBE, told))
            self._described = told

    def wanted_workspace(self, sizes: Sequence[int]) -> int | None:
        """Bytes of workspace that the kernel wants for these values of its size arguments; None for no workspace."""
        if not self._wants:
            return None
        wanted = _number(self._ask((guest.SCRATCH, list(sizes)))[0])
        if not 0 <= wanted <= self.limits.memory:
            raise RunFailure(f"asks for {wanted} bytes of workspace", status=Status.WRONG)
        return wanted

    def workspace(self, size: int) -> int:
        """Memory of the kernel's own, aligned to 64 bytes; its address."""
        return _number(self._ask((guest.WORKSPACE, max(size, 1)))[0], least=0)

    def call(self, words: np.ndarray[Any, Any]) -> list[int]:
        """Run calls (uint64 words, calls x arguments) without timing them; what they returned.

        RunFailure with the exception that a Python kernel raised.
        """
        asked = ((guest.FRAMES, self._packed(words)), (guest.GO, b""), (guest.CODES, b""))
        return _codes(self._ask(*asked)[-1], len(words))

    def run(self, words: np.ndarray[Any, Any], near: Sequence[tuple[int, int]]) -> tuple[Clocked, list[int]]:
        """Have (address, bytes) ranges read once, then run calls as one timed batch; what the calls returned."""
        answer, codes = self._time(guest.GO, (guest.FRAMES, self._packed(words)), (guest.TOUCH, near))
        return Clocked(int(answer["ns"]), int(answer["cpu"]), int(answer["outside"])), _codes(codes, len(words))

    def run_empty(self, words: np.ndarray[Any, Any], near: Sequence[tuple[int, int]]) -> Clocked:
        """The same batch calling nothing: the walk and the messages."""
        answer, _ = self._time(guest.EMPTY, (guest.FRAMES, self._packed(words)), (guest.TOUCH, near))
        return Clocked(int(answer["ns"]), int(answer["cpu"]), int(answer["outside"]))

    def _packed(self, words: np.ndarray[Any, Any]) -> bytes:
        data, stride = frames.pack(self.signature, words, direct=self.direct)
        return len(words).to_bytes(8, "little") + stride.to_bytes(8, "little") + data

    def threads(self) -> int:
        """How many threads the process has; 1 where the system does not tell."""
        return int(self._do({"do": "threads"})["threads"])

    def pin(self, cpu: int, *, realtime: bool) -> bool:
        """Put keeper and candidate on one CPU; whether real-time priority was granted."""
        return bool(self._do({"do": "pin", "cpu": cpu, "realtime": realtime})["realtime"])

    def close(self) -> None:
        """Hang up: the keeper kills everything."""
        self._channel.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, *asked: tuple[bytes, object]) -> list[bytes]:
        """Commands for the guest, in order, in one exchange; their answers.  Nothing is tried after a failure."""
        answer, data = self._exchange({"do": "ask"}, asked)
        found = []
        at = 0
        for size in answer["sizes"]:
            found.append(data[at : at + size])
            at += size
        return found

    def _time(self, code: bytes, *before: tuple[bytes, object]) -> tuple[dict[str, Any], bytes]:
        return self._exchange({"do": "time", "code": code.decode()}, before)

    def _exchange(self, message: dict[str, Any], asked: Sequence[tuple[bytes, object]]) -> tuple[dict[str, Any], bytes]:
        payloads = [m if isinstance(m, bytes) else json.dumps(m).encode() for _, m in asked]
        codes = [(code.decode(), len(p)) for (code, _), p in zip(asked, payloads, strict=True)]
        message |= {"codes": codes, "seconds": self.limits.seconds}
        wire.send(self._channel, message, b"".join(payloads))
        return self._receive()

    def _do(self, message: dict[str, Any]) -> dict[str, Any]:
        wire.send(self._channel, message)
        return self._receive()[0]

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        try:
            answer, payload, _ = wire.receive(self._channel)
        except (EOFError, ConnectionError, TimeoutError) as error:
            raise SandboxError("the keeper of a kernel is gone", hint="is the machine out of memory?") from error
        if failed := answer.get("failed"):
            raise _failure(failed, answer, self.limits)
        if answer.get("error"):
            raise SandboxError(f"the sandbox could not start a process: {answer['error']}")
        return answer, payload


def _codes(answer: bytes, calls: int) -> list[int]:
    """What so many calls returned; RunFailure with what a Python kernel raised."""
    if answer.startswith(b"{"):
        told = _object(answer)
        status = Status.WRONG if told.get("status") == "wrong" else Status.CRASHED
        raise RunFailure(str(told.get("what"))[:_SHOWN], status=status)
    return _numbers(answer, calls)


# A candidate that has taken its process over may answer anything, in any depth and length: it is never an error here.


def _parsed(answer: bytes) -> object:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise _forged() from None


def _object(answer: bytes) -> dict[str, object]:
    found = _parsed(answer)
    if not isinstance(found, dict):
        raise _forged()
    return found


def _number(answer: bytes, *, least: int = -(1 << 63)) -> int:
    return _numbers(b"[" + answer + b"]", 1, least=least)[0]


def _numbers(answer: bytes, count: int, *, least: int = -(1 << 63)) -> list[int]:
    """So many integers that fit a word, none below `least`."""
    found = _parsed(answer)
    if not isinstance(found, list) or len(found) != count:
        raise _forged()
    if not all(type(number) is int and least <= number < 1 << 63 for number in found):
        raise _forged()
    return found


def _forged() -> RunFailure:
    return RunFailure("answered in place of the runner", status=Status.CHEATED)


def _to_load(code: Code, signature: str) -> dict[str, object]:
    if isinstance(code, Library):
        return {"library": code.path, "symbol": code.symbol, "signature": signature}
    arguments = [[a.name, a.kind, a.dtype, a.role.value] for a in code.arguments]
    return {"text": code.text, "entry": code.entry, "arguments": arguments}


def _failure(failed: str, answer: dict[str, Any], limits: Limits) -> Exception:
    """The status that an end amounts to."""
    if failed == "refused":
        return SandboxError(str(answer["why"]))
    if failed == "timeout":
        return RunFailure(f"did not come back within {limits.seconds:g} s", status=Status.TIMEOUT)
    if failed == "forged":
        return _forged()
    return ended(int(answer["returncode"]))


def ended(returncode: int) -> RunFailure:
    """A process that ended in the middle of a call."""
    if returncode == 0:
        return RunFailure("ended its process instead of returning", status=Status.CHEATED)
    if returncode > 0:
        return RunFailure(f"ended its process with exit code {returncode}", status=Status.CRASHED)
    if -returncode == signal.SIGSYS:
        what = "made a system call that a kernel has no use for (threads, processes, files, signals, sockets)"
        return RunFailure(what, status=Status.CHEATED)
    if -returncode == signal.SIGXCPU:
        return RunFailure("used up its CPU time", status=Status.TIMEOUT)
    return RunFailure(f"killed by {signal.Signals(-returncode).name}", status=Status.CRASHED)
