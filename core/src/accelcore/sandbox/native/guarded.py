"""Calls for checking: one at a time, between inaccessible pages, over inputs that cannot be written.

Each array lies flush against an inaccessible page at one end; what is left of its pages holds random bytes, which are
compared afterwards.  Of each two calls one is at either end, in an order drawn anew, so that whoever reads or writes
past an array meets the page and whoever opens that page meets the bytes.  Contents change in place: every call sees
the same addresses (for the same ends), so that an answer remembered for a pointer is a wrong answer.

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
from accelcore.sandbox.native.session import Code, Session
from accelcore.values import AbiArg, Limits, Role, Status

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, "np.ndarray[Any, Any]"]

# Two patterns for results before the call: NaNs, and large finite numbers.  What is never written shows against any
# expected value under one of the two.
POISONS = (0xFF, 0x5A)
_NOISE = 16 << 10  # bytes of random margin on a side that are written and compared


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
    """An array in its slot for one call: its bytes in the arena, and the random bytes before and after it."""

    slot: _Slot
    at: int
    end: int
    before: bytes
    after: bytes


class Guarded:
    """A process for checked calls.

    room: bytes that the array of each pointer argument may need; a call may use less.  open_house: pages of random
    bytes instead of inaccessible ones, and writable inputs.
    """

    def __init__(self, code: Code, room: Mapping[str, int], limits: Limits, *, open_house: bool = False) -> None:
        self.code, self.room, self.open_house = code, dict(room), open_house
        self._calls = secrets.randbelow(2)
        self._ends: list[int] = []  # where arrays lie in the first call of a pair; empty before it
        self._workspaces: dict[tuple[int, ...], list[int]] = {}
        self._slots = _slots(code.arguments, room, open_house=open_house)
        self._arena = Region(sum(slot.size for slot in self._slots), resident=True)
        try:
            self.session = Session(code, (self._arena.fd_read, self._arena.fd), limits)
            try:
                pieces = [(at, 0, int(slot.writable), slot.offset, slot.size) for at, slot in enumerate(self._slots)]
                self._bases = self.session.prepare([(slot.size, slot.writable) for slot in self._slots], pieces)
            except BaseException:
                self.session.close()
                raise
        except BaseException:
            self._arena.close()
            raise

    def call(self, buffers: Arrays, sizes: Mapping[str, int]) -> None:
        """Run the kernel once; results and in-place arrays of `buffers` are overwritten with what it wrote.

        Raises RunFailure: UNSUPPORTED when it says so, WRONG when it wrote outside its results.
        """
        self._calls += 1
        pairs = zip(self._slots, self._next_ends(), strict=True)
        placed = [self._place(slot, buffers[slot.argument.name], at_end=bool(end)) for slot, end in pairs]
        self.session.describe(buffers)
        check_code(self.session.call(self._words(buffers, sizes, placed))[0], sizes)
        for place in placed:
            self._compare_margins(place)
        for place in placed:
            self._take(place, buffers[place.slot.argument.name])

    def _next_ends(self) -> list[int]:
        """For each slot 0 for an array at its start or 1 for one at its end: drawn, then the other way round."""
        if self._ends:
            ends, self._ends = [1 - end for end in self._ends], []
        else:
            ends = self._ends = [secrets.randbelow(2) for _ in self._slots]
        return ends

    def _place(self, slot: _Slot, array: np.ndarray[Any, Any], *, at_end: bool) -> _Placed:
        """Fill the slot's pages for one call, flush against one of their ends (as far as the margin allows)."""
        import numpy as np

        slack = slot.size - 2 * slot.margin - array.nbytes
        at = slot.offset + slot.margin + (slack if at_end else 0)
        end, stop = at + array.nbytes, slot.offset + slot.size
        before, after = os.urandom(min(_NOISE, at - slot.offset)), os.urandom(min(_NOISE, stop - end))
        self._arena.bytes[at - len(before) : at] = np.frombuffer(before, np.uint8)
        self._arena.bytes[end : end + len(after)] = np.frombuffer(after, np.uint8)
        if slot.argument.role is Role.OUT:
            self._arena.bytes[at:end] = POISONS[self._calls % 2]
        else:
            self._arena.array(at, array.shape, array.dtype)[...] = array
        return _Placed(slot, at, end, before, after)

    def _words(self, buffers: Arrays, sizes: Mapping[str, int], placed: Sequence[_Placed]) -> np.ndarray[Any, Any]:
        import numpy as np

        places = zip(self._bases, placed, strict=True)
        addresses = {p.slot.argument.name: base + p.at - p.slot.offset for base, p in places}
        row = [call_word(a, buffers, sizes, addresses) for a in self.code.arguments]
        return np.array([[*row, *self._workspace(sizes)]], np.uint64)

    def _workspace(self, sizes: Mapping[str, int]) -> list[int]:
        """The address of the kernel's scratch memory for these sizes, if it wants any."""
        key = tuple(frames.size_words(self.code.arguments, sizes))
        if key not in self._workspaces:
            wanted = self.session.wanted_workspace(key)
            self._workspaces[key] = [] if wanted is None else [self.session.workspace(wanted)]
        return self._workspaces[key]

    def _compare_margins(self, place: _Placed) -> None:
        name = place.slot.argument.name
        if self._arena.bytes[place.at - len(place.before) : place.at].tobytes() != place.before:
            raise RunFailure(f"writes before the start of {name}", status=Status.WRONG)
        if self._arena.bytes[place.end : place.end + len(place.after)].tobytes() != place.after:
            raise RunFailure(f"writes past the end of {name}", status=Status.WRONG)

    def _take(self, place: _Placed, array: np.ndarray[Any, Any]) -> None:
        """Copy results out; inputs must be as they were."""
        argument = place.slot.argument
        now = self._arena.array(place.at, array.shape, array.dtype)
        if argument.role in (Role.OUT, Role.INOUT):
            array[...] = now
        elif self.open_house and now.tobytes() != array.tobytes():
            raise RunFailure(f"writes to its input {argument.name}", status=Status.WRONG)

    def close(self) -> None:
        """End the process and give the memory back."""
        self.session.close()
        self._arena.close()

    def __enter__(self) -> Guarded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def explain(failure: RunFailure, code: Code, buffers: Arrays, sizes: Mapping[str, int], limits: Limits) -> RunFailure:
    """A better account of a crash: the same call where it may do what it likes, and what it did there."""
    if failure.status != Status.CRASHED:
        return failure
    copies = {name: array.copy() for name, array in buffers.items()}
    try:
        with Guarded(code, room_of(copies), limits, open_house=True) as house:
            house.call(copies, sizes)
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


def room_of(buffers: Arrays) -> dict[str, int]:
    """Bytes of each array."""
    return {name: array.nbytes for name, array in buffers.items()}


def _slots(arguments: Sequence[AbiArg], room: Mapping[str, int], *, open_house: bool) -> list[_Slot]:
    margin = PAGE if open_house else 0
    slots: list[_Slot] = []
    offset = 0
    for argument in (a for a in arguments if a.kind == "pointer"):
        size = pages(room[argument.name]) + 2 * margin
        slots.append(_Slot(argument, offset, size, margin, open_house or argument.role is not Role.IN))
        offset += size
    return slots
