"""A kernel's program on the emulator, asked call by call.

Every call runs at the CPU's own vector length, which is where the cost is counted.  The results that the judge compares
come from each of the four lengths in turn: an input goes to the next length when it is met first, and keeps it.
"""

from __future__ import annotations

import secrets
import signal
import struct
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore.sandbox import Dialogue, Ended
from accelcore.sandbox.native import parse_abi
from accelcore.values import AbiArg, Artifact, Cost, Limits, Role, Status, digest_of
from accelcore_rvv import counts, elf, emulator
from accelcore_rvv.build import HARNESS
from accelcore_rvv.counts import Counts
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.model import Model, Spent

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, "np.ndarray[Any, Any]"]

_PAGE = 4096
_ANSWER = struct.Struct("<Qq")
_ANSWER_MARK = 0x414352454C505952
_POISONS = (0xFF, 0x5A)  # NaNs and large finite numbers: what is never written shows against one of the two
_REMEMBERED = 1 << 14


@dataclass(frozen=True)
class _Image:
    """The pages of one array: their bytes, and where in them the array is."""

    argument: AbiArg
    data: bytearray
    at: int
    size: int


class _Lengths:
    """Which vector length an input of a program is run at: the next one in turn, and then always the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, int] = OrderedDict()
        self._met: dict[str, int] = {}

    def of(self, program: str, key: str, lengths: Sequence[int]) -> int:
        name = digest_of(program, key)
        with self._lock:
            if name not in self._known:
                turn = self._met.get(program, 0)
                self._met[program] = turn + 1
                self._known[name] = lengths[turn % len(lengths)]
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            return self._known[name]


_LENGTHS = _Lengths()


class RvvRunner:
    """The `Runner` of a built program.  model: of which vector lengths and costs come.

    caches: whether its caches are simulated too.  Then arrays begin with their pages in the calls that count, so that
    counts do not depend on where in them an array lies, and the costliest call is told apart.
    """

    def __init__(self, artifact: Artifact, model: Model, limits: Limits, *, caches: bool = False) -> None:
        facts = dict(artifact.facts)
        self._program, self._number = model.program, int(facts["number"])
        self._arguments, self._vlen, self._model = parse_abi(facts["abi"]), model.vlen, model
        self._caches, self._costliest = caches, Spent(0, 0, 0.0)
        self._limits = limits
        found = {f.name: f for f in elf.functions(self._program) if f.name.startswith(HARNESS)}
        self._marks = (found[f"{HARNESS}begin"].address, found[f"{HARNESS}end"].address)
        self._own = [(f.address, f.end) for f in found.values()]
        self._open: dict[int, Dialogue] = {}
        self._calls = secrets.randbelow(2)
        self._sandbox = ""
        self.counts: Counts | None = None

    def call(self, batch: Sequence[Arrays], sizes: Mapping[str, int]) -> list[Cost]:
        """Run once over each set; results are written into the arrays.  Costs are at the CPU's own vector length."""
        return [self._one(buffers, sizes) for buffers in batch]

    def _one(self, buffers: Arrays, sizes: Mapping[str, int]) -> Cost:
        others = [self._vlen, *(v for v in VLENS if v != self._vlen)]
        given = [a.tobytes() for name, a in sorted(buffers.items()) if self._role(name) is not Role.OUT]
        chosen = _LENGTHS.of(f"{self._program} {self._number}", digest_of(repr(sorted(sizes.items())), *given), others)
        before = {name: array.copy() for name, array in buffers.items()} if chosen != self._vlen else {}
        self.counts = self.run_at(self._vlen, buffers, sizes)
        if chosen != self._vlen:
            for name, array in before.items():
                if self._role(name) is not Role.IN:
                    buffers[name][...] = array
            self.run_at(chosen, buffers, sizes)
        spent = self._model.spent(self.counts)
        self._costliest = max(self._costliest, spent, key=lambda one: one.total)
        return spent.cost()

    @property
    def metrics(self) -> dict[str, float]:
        """Where the cycles of the costliest call went, when caches are simulated."""
        return self._costliest.metrics() if self._caches else {}

    @property
    def feedback(self) -> str:
        """The same in words, with the limits of the model."""
        return f"costliest call: {self._model.told(self._costliest)}" if self._caches else ""

    def _role(self, name: str) -> Role:
        return next((a.role for a in self._arguments if a.name == name), Role.IN)

    def run_at(self, vlen: int, buffers: Arrays, sizes: Mapping[str, int]) -> Counts:
        """Run once at a vector length; what was executed.  Raises RunFailure."""
        self._calls += 1
        fixed = self._caches and vlen == self._vlen
        images = [self._image(a, buffers[a.name], fixed=fixed) for a in self._arguments if a.kind == "pointer"]
        try:
            dialogue = self._dialogue(vlen)
            dialogue.send(self._request(images, buffers, sizes))
            found = self._counted(dialogue)
            self._answer(dialogue, sizes)
            answers = [dialogue.receive(len(i.data)) for i in images if i.argument.role is not Role.IN]
        except Ended as end:
            self.close()
            raise _explained(end, vlen) from end
        except RunFailure:
            self.close()
            raise
        for image, data in zip((i for i in images if i.argument.role is not Role.IN), answers, strict=True):
            _take(image, data, buffers[image.argument.name])
        return found

    def _dialogue(self, vlen: int) -> Dialogue:
        if vlen not in self._open:
            begin, end = self._marks
            options = f",begin={begin:#x},end={end:#x}"
            if self._caches and vlen == self._vlen:
                options += self._model.cpu.caches.option
            command = [*emulator.command(vlen, options), str(self._program)]
            policy = emulator.POLICY.reading(self._program, emulator.plugin())
            limits = replace(self._limits, memory=self._limits.memory + emulator.MEMORY)
            self._open[vlen] = Dialogue(command, policy, limits)
        return self._open[vlen]

    def _image(self, argument: AbiArg, array: np.ndarray[Any, Any], *, fixed: bool) -> _Image:
        """Random bytes around the array, which lies flush against one end of its pages; fixed: their beginning."""
        size = array.nbytes
        room = max(_PAGE, -(-size // _PAGE) * _PAGE)
        at = (room - size) if not fixed and secrets.randbelow(2) else 0
        data = bytearray(secrets.token_bytes(at) + bytes(size) + secrets.token_bytes(room - size - at))
        if argument.role is Role.OUT:
            data[at : at + size] = bytes([_POISONS[self._calls % 2]]) * size
        else:
            data[at : at + size] = array.tobytes()
        return _Image(argument, data, at, size)

    def _request(self, images: Sequence[_Image], buffers: Arrays, sizes: Mapping[str, int]) -> bytes:
        parts: list[bytes] = [_words(self._number, len(self._arguments))]
        pages = iter(images)
        for argument in self._arguments:
            if argument.kind == "pointer":
                image = next(pages)
                parts += [_words(1 if argument.role is Role.IN else 2, image.at, len(image.data)), bytes(image.data)]
            elif argument.kind == "size":
                parts.append(_words(0, int(sizes[argument.name])))
            else:
                parts.append(_words(0) + buffers[argument.name].tobytes().ljust(8, b"\0"))
        extents = [int(sizes[a.name]) for a in self._arguments if a.kind == "size"]
        return b"".join([*parts, _words(len(extents), *extents)])

    def _counted(self, dialogue: Dialogue) -> Counts:
        mark, number = counts.HEAD.unpack(dialogue.receive(counts.HEAD.size))
        if mark != counts.MARK:
            raise RunFailure("answered in place of the emulator's plugin", status=Status.CHEATED)
        return Counts.parse(dialogue.receive(number * counts.ROW.size)).outside(self._own)

    def _answer(self, dialogue: Dialogue, sizes: Mapping[str, int]) -> None:
        mark, code = _ANSWER.unpack(dialogue.receive(_ANSWER.size))
        if mark != _ANSWER_MARK:
            raise RunFailure("answered in place of the harness", status=Status.CHEATED)
        if code == 1:
            self.close()
            raise RunFailure(f"does not take the sizes {dict(sizes)}", status=Status.UNSUPPORTED)
        if code:
            raise RunFailure(f"returned {code}; a kernel returns 0, or 1 for unsupported sizes", status=Status.WRONG)

    @property
    def sandbox(self) -> str:
        """Level and layers.  Ends the emulators that run, because their keepers tell when they have ended."""
        self.close()
        return self._sandbox

    def close(self) -> None:
        """End all emulators; the next call starts others."""
        for dialogue in self._open.values():
            dialogue.close()
            self._sandbox = dialogue.sandbox or self._sandbox
        self._open.clear()

    def __enter__(self) -> RvvRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _words(*values: int) -> bytes:
    return b"".join((value & (2**64 - 1)).to_bytes(8, "little") for value in values)


def _take(image: _Image, data: bytearray, array: np.ndarray[Any, Any]) -> None:
    """Copy a result out; what is around it must be as it was."""
    import numpy as np

    name, end = image.argument.name, image.at + image.size
    if data[: image.at] != image.data[: image.at]:
        raise RunFailure(f"writes before the start of {name}", status=Status.WRONG)
    if data[end:] != image.data[end:]:
        raise RunFailure(f"writes past the end of {name}", status=Status.WRONG)
    array[...] = np.frombuffer(data[image.at : end], array.dtype).reshape(array.shape)


def _explained(end: Ended, vlen: int) -> RunFailure:
    """What the end of an emulator in the middle of a call means."""
    if end.code == emulator.FORBIDDEN:
        what = "made a system call that a kernel has no use for, or ended its process"
        return RunFailure(what, status=Status.CHEATED)
    if end.code == emulator.BAD_WORKSPACE:
        return RunFailure("asks for a negative workspace", status=Status.WRONG)
    if end.code == emulator.NO_MEMORY:
        return RunFailure("the emulated program got no memory", status=Status.HARNESS_ERROR)
    if 64 < end.code < emulator.BAD_WORKSPACE:
        name = signal.Signals(end.code - 64).name
        what = f"killed by {name} at VLEN {vlen} (outside its arrays, or writing into one that it only reads?)"
        return RunFailure(what, status=Status.CRASHED)
    return RunFailure(f"{end.what}: {end.words[:200]}", status=Status(end.status))
