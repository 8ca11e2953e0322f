"""Calls for checking: one at a time, between inaccessible pages, over inputs that cannot be written.

Each array lies flush against an inaccessible page at one end, drawn anew for every call, so that reading or writing
past either end faults sooner or later; what is left of its pages holds random bytes, which are compared afterwards.
Contents change in place: every call sees the same addresses (for the same ends), so that an answer remembered for a
pointer is a wrong answer.

A crash is explained by `explain`: the same call again in a process where everything may be written and pages of random
bytes stand where the inaccessible ones were; what changed there is named.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure, SandboxError
from accelcore.sandbox import frames
from accelcore.sandbox.memory import PAGE, Region, pages
from accelcore.sandbox.native.session import Library, Session
from accelcore.values import AbiArg, Limits, Role, Status

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, "np.ndarray[Any, Any]"]

# Two patterns for results before the call: NaNs, and large finite numbers.  What is never written shows against any
# expected value under one of the two.
POISONS = (0xFF, 0x5A)


@dataclass(frozen=True)
class _Slot:
    """Pages for one array: offset in the arena, bytes of pages, bytes of margin kept on each side, writable."""

    argument: AbiArg
    offset: int
    size: int
    margin: int
    writable: bool


@dataclass(frozen=True)
class _Placed:
    """An array in its slot for one call: offset and bytes in the arena, and the random bytes around it."""

    slot: _Slot
    at: int
    size: int
    before: bytes
    after: bytes


class Guarded:
    """A process for checked calls with arrays of fixed shapes.

    example: arrays by name (results too) whose shapes and dtypes all calls share.  open_house: pages of random bytes
    instead of inaccessible ones, and writable inputs.
    """

    def __init__(
        self, library: Library, example: Arrays, sizes: Mapping[str, int], limits: Limits, *, open_house: bool = False
    ) -> None:
        self.library, self.sizes, self.open_house = library, dict(sizes), open_house
        self._calls = secrets.randbelow(2)
        pointers = [a for a in library.arguments if a.kind == "pointer"]
        self._slots = _slots(pointers, example, open_house=open_house)
        self.arena = Region(sum(slot.size for slot in self._slots))
        try:
            self.session = Session(library, (self.arena.fd_read, self.arena.fd), limits)
            try:
                self._arrange()
            except BaseException:
                self.session.close()
                raise
        except BaseException:
            self.arena.close()
            raise

    def _arrange(self) -> None:
        self._bases = self.session.reserve([(slot.size, slot.writable) for slot in self._slots])
        wanted = self.session.load(frames.size_words(self.library.arguments, self.sizes))
        self._workspace = [self.session.workspace(wanted)] if wanted else []
        slots = enumerate(self._slots)
        self.session.map([(at, 0, int(slot.writable), slot.offset, slot.size) for at, slot in slots])

    def call(self, buffers: Arrays) -> None:
        """Run the kernel once; results and in-place arrays of `buffers` are overwritten with what it wrote.

        Raises RunFailure: UNSUPPORTED when it says so, WRONG when it wrote outside its results.
        """
        self._calls += 1
        placed = [self._place(slot, buffers[slot.argument.name]) for slot in self._slots]
        self.session.frames(self._words(buffers, placed))
        self.session.go()
        check_code(self.session.codes()[0], self.sizes)
        for place in placed:
            self._compare_margins(place)
        for place in placed:
            self._take(place, buffers[place.slot.argument.name])

    def _place(self, slot: _Slot, array: np.ndarray[Any, Any]) -> _Placed:
        """Fill the slot's pages for one call."""
        room = slot.size - 2 * slot.margin - array.nbytes
        at = slot.offset + slot.margin + (room if secrets.randbelow(2) else 0)
        end = at + array.nbytes
        before, after = os.urandom(at - slot.offset), os.urandom(slot.offset + slot.size - end)
        self._around(slot, at, end, before, after)
        if slot.argument.role is Role.OUT:
            self.arena.bytes[at:end] = POISONS[self._calls % 2]
        else:
            self.arena.array(at, array.shape, array.dtype)[...] = array
        return _Placed(slot, at, array.nbytes, before, after)

    def _around(self, slot: _Slot, at: int, end: int, before: bytes, after: bytes) -> None:
        import numpy as np

        self.arena.bytes[slot.offset : at] = np.frombuffer(before, np.uint8)
        self.arena.bytes[end : slot.offset + slot.size] = np.frombuffer(after, np.uint8)

    def _words(self, buffers: Arrays, placed: Sequence[_Placed]) -> np.ndarray[Any, Any]:
        import numpy as np

        places = zip(self._bases, placed, strict=True)
        addresses = {p.slot.argument.name: base + p.at - p.slot.offset for base, p in places}
        row = [call_word(a, buffers, self.sizes, addresses) for a in self.library.arguments]
        return np.array([[*row, *self._workspace]], np.uint64)

    def _compare_margins(self, place: _Placed) -> None:
        slot, end = place.slot, place.at + place.size
        if self.arena.bytes[slot.offset : place.at].tobytes() != place.before:
            raise RunFailure(f"writes before the start of {slot.argument.name}", status=Status.WRONG)
        if self.arena.bytes[end : slot.offset + slot.size].tobytes() != place.after:
            raise RunFailure(f"writes past the end of {slot.argument.name}", status=Status.WRONG)

    def _take(self, place: _Placed, array: np.ndarray[Any, Any]) -> None:
        """Copy results out; inputs must be as they were."""
        argument = place.slot.argument
        now = self.arena.array(place.at, array.shape, array.dtype)
        if argument.role in (Role.OUT, Role.INOUT):
            array[...] = now
        elif self.open_house and now.tobytes() != array.tobytes():
            raise RunFailure(f"writes to its input {argument.name}", status=Status.WRONG)

    def close(self) -> None:
        """End the process and give the memory back."""
        self.session.close()
        self.arena.close()

    def __enter__(self) -> Guarded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def explain(failure: RunFailure, library: Library, buffers: Arrays, sizes: Mapping[str, int], limits: Limits) -> RunFailure:
    """A better account of a crash: the same call where it may do what it likes, and what it did there."""
    if failure.status != Status.CRASHED:
        return failure
    copies = {name: array.copy() for name, array in buffers.items()}
    try:
        with Guarded(library, copies, sizes, limits, open_house=True) as house:
            house.call(copies)
    except RunFailure as found:
        if found.status == Status.WRONG:
            return found
        return failure
    except SandboxError:
        return failure
    what = f"{failure.what} (reads outside its arrays, or an address of its own making)"
    return RunFailure(what, status=Status.CRASHED)


def check_code(code: int, sizes: Mapping[str, int]) -> None:
    """Raise what a kernel's return value means; 0 is done."""
    if code == 1:
        raise RunFailure(f"does not take the sizes {dict(sizes)}", status=Status.UNSUPPORTED)
    if code:
        raise RunFailure(f"returned {code}; a kernel returns 0, or 1 for unsupported sizes", status=Status.WRONG)


def call_word(argument: AbiArg, buffers: Arrays, sizes: Mapping[str, int], addresses: Mapping[str, int]) -> int:
    """The 64-bit word that is passed for an argument."""
    if argument.kind == "pointer":
        return addresses[argument.name]
    if argument.kind == "size":
        return int(sizes[argument.name])
    return frames.word_of(buffers[argument.name])


def _slots(pointers: Sequence[AbiArg], example: Arrays, *, open_house: bool) -> list[_Slot]:
    margin = PAGE if open_house else 0
    slots: list[_Slot] = []
    offset = 0
    for argument in pointers:
        size = pages(example[argument.name].nbytes) + 2 * margin
        slots.append(_Slot(argument, offset, size, margin, open_house or argument.role is not Role.IN))
        offset += size
    return slots
