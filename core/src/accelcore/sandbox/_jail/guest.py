"""The process that holds a candidate: maps shared memory, loads the library, calls it on command.

It knows offsets, sizes and inputs; no expected value, no clock that counts, no file but the library.  Everything here
shares an address space with the candidate: the keeper believes nothing of it but that a reply came.

Commands arrive on one pipe and are answered on another, each as a header (code, nonce, length) and a payload.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
from collections.abc import Callable
from typing import Any

from .trampoline import Caller

HEADER = struct.Struct("<cQI")
RESERVE, LOAD, MAP, FRAMES, TOUCH, GO, EMPTY, CODES, SCRATCH, WORKSPACE, DESCRIBE, FAILED = (
    bytes([c]) for c in b"RLMFTGECSWD!"
)

PAGE = 4096
_NONE, _READ, _WRITE = 0, 1, 2
_SHARED, _PRIVATE, _FIXED, _ANONYMOUS, _NORESERVE, _POPULATE = 1, 2, 0x10, 0x20, 0x4000, 0x8000
_HUGEPAGE, _HUGE = 14, 2 << 20


class Guest:
    """State of the process: reserved slots, the loaded function, the frames of the next batch."""

    def __init__(self, fds: list[int]) -> None:
        self.fds = fds
        self.slots: list[tuple[int, bool]] = []
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.mmap.restype = ctypes.c_void_p
        self.libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long]
        self.libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self.libc.memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
        self.caller = Caller("")
        self.function = 0
        self.workspace: Any = None
        self.frames: Any = None
        self.count = self.stride = 0

    def reserve(self, payload: bytes) -> bytes:
        """[[bytes, writable], ...] -> base addresses; each slot lies between inaccessible pages."""
        bases = []
        for size, writable in json.loads(payload):
            whole = self._mmap(0, size + 2 * PAGE, _NONE, _PRIVATE | _ANONYMOUS | _NORESERVE, -1, 0)
            self.slots.append((whole + PAGE, writable))
            bases.append(whole + PAGE)
        return json.dumps(bases).encode()

    def map(self, payload: bytes) -> bytes:
        """[[slot, position in it, descriptor, offset, bytes], ...]: show file pages there, resident."""
        for slot, at, fd, offset, size in json.loads(payload):
            base, writable = self.slots[slot]
            rights = _READ | _WRITE if writable else _READ
            self._mmap(base + at, size, rights, _SHARED | _FIXED | _POPULATE, self.fds[fd], offset)
            if size >= _HUGE:
                self.libc.madvise(base + at, size, _HUGEPAGE)
        return b""

    def load(self, payload: bytes) -> bytes:
        """{library, symbol, signature} -> {direct, workspace}.  Constructors of the library run here.

        Without a library there is only the walk over frames, to measure what it costs.
        """
        facts = json.loads(payload)
        if not facts["library"]:
            self.caller = Caller(facts["signature"])
            return json.dumps({"direct": self.caller.direct, "workspace": False}).encode()
        library = ctypes.CDLL(facts["library"])
        self.function = ctypes.cast(getattr(library, facts["symbol"]), ctypes.c_void_p).value or 0
        self.caller = Caller(facts["signature"])
        self.workspace = getattr(library, facts["symbol"] + "_workspace", None)
        return json.dumps({"direct": self.caller.direct, "workspace": self.workspace is not None}).encode()

    def scratch(self, payload: bytes) -> bytes:
        """Sizes -> the bytes that the kernel wants as workspace."""
        sizes = json.loads(payload)
        self.workspace.restype = ctypes.c_int64
        return json.dumps(self.workspace(*map(ctypes.c_int64, sizes))).encode()

    def give_workspace(self, payload: bytes) -> bytes:
        """bytes -> the address of so much private memory, resident, between inaccessible pages."""
        size = -(-json.loads(payload) // PAGE) * PAGE
        whole = self._mmap(0, size + 2 * PAGE, _NONE, _PRIVATE | _ANONYMOUS | _NORESERVE, -1, 0)
        self._mmap(whole + PAGE, size, _READ | _WRITE, _PRIVATE | _ANONYMOUS | _FIXED, -1, 0)
        self.libc.madvise(whole + PAGE, size, _HUGEPAGE)
        ctypes.memset(whole + PAGE, 0x5A, size)  # whoever takes it for zeros is wrong
        return json.dumps(whole + PAGE).encode()

    def describe(self, _payload: bytes) -> bytes:
        """Shapes of arrays: of no use to machine code."""
        return b""

    def take_frames(self, payload: bytes) -> bytes:
        """count, stride, then the frames of the next batch."""
        self.count, self.stride = struct.unpack_from("<QQ", payload)
        self.frames = ctypes.create_string_buffer(payload[16:], len(payload) - 16)
        return b""

    def touch(self, payload: bytes) -> bytes:
        """[[address, bytes], ...]: read them all, so that they are as near as the caches allow."""
        for address, size in json.loads(payload):
            self.libc.memcmp(address, address, size)
        return b""

    def go(self, _payload: bytes) -> bytes:
        """Run the batch."""
        self.caller.run(self.function, ctypes.addressof(self.frames), self.count, self.stride)
        return b""

    def go_empty(self, _payload: bytes) -> bytes:
        """Run the batch over a function that does nothing."""
        self.caller.run_empty(ctypes.addressof(self.frames), self.count, self.stride)
        return b""

    def codes(self, _payload: bytes) -> bytes:
        """What the calls of the batch returned, as 32-bit integers."""
        words = (ctypes.c_int32 * (self.count * self.stride // 4)).from_buffer(self.frames)
        return json.dumps(words[2 :: self.stride // 4]).encode()

    def _mmap(self, address: int, size: int, rights: int, flags: int, fd: int, offset: int) -> int:
        found = self.libc.mmap(address or None, size, rights, flags, fd, offset)
        if found is None or found == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), f"mmap of {size} bytes: {os.strerror(ctypes.get_errno())}")
        return int(found)


def serve(commands: int, replies: int, fds: list[int]) -> None:
    """Answer commands until the pipe closes."""
    answer(Guest(fds), commands, replies)


def answer(guest: Guest, commands: int, replies: int) -> None:
    """The loop of `serve` for any kind of guest."""
    actions: dict[bytes, Callable[[bytes], bytes]] = {
        RESERVE: guest.reserve, LOAD: guest.load, MAP: guest.map, FRAMES: guest.take_frames, TOUCH: guest.touch,
        GO: guest.go, EMPTY: guest.go_empty, CODES: guest.codes, SCRATCH: guest.scratch,
        WORKSPACE: guest.give_workspace, DESCRIBE: guest.describe,
    }  # fmt: skip
    while header := os.read(commands, HEADER.size):
        code, nonce, length = HEADER.unpack(header)
        payload = b""
        while len(payload) < length:
            payload += os.read(commands, length - len(payload))
        try:
            result = actions[code](payload)
        except (OSError, AttributeError) as error:  # a library that cannot be loaded, memory that cannot be had
            code, result = FAILED, str(error).encode()[:4096]
        data = memoryview(HEADER.pack(code, nonce, len(result)) + result)
        while data:
            data = data[os.write(replies, data) :]
