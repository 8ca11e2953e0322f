"""What a shared object defines for others: a kernel has no business in defining the clock.

Read from the ELF file itself (System V gABI, "Symbol Table"), never by loading it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

RESERVED = frozenset({
    "clock", "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times",
    "getrusage", "ftime", "read", "write", "open", "openat", "close", "mmap", "munmap", "mprotect", "memcmp", "poll",
    "exit", "_exit", "abort", "syscall", "dlopen", "dlsym", "PyErr_Occurred", "PyEval_RestoreThread",
    "PyGILState_Ensure",
})  # fmt: skip
"""Names of the C library and of the runner whose definition by a kernel can only be meant to deceive."""

_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SHT_DYNSYM, _SHN_UNDEF = 11, 0


def defined(path: Path) -> frozenset[str]:
    """Names in the dynamic symbol table that the file defines; empty for anything but 64-bit little-endian ELF."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return frozenset()
    try:
        return frozenset(_names(data))
    except (struct.error, ValueError, OverflowError, IndexError):
        return frozenset()  # a damaged file does not load either


def _names(data: bytes) -> Iterator[str]:
    _, _, _, _, _, table, _, _, _, _, size, count, _ = _HEADER.unpack_from(data)
    sections = [_SECTION.unpack_from(data, table + at * size) for at in range(count)]
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind != _SHT_DYNSYM or not entry:
            continue
        strings = sections[link][4]
        for at in range(offset, offset + length, entry):
            name, _, _, section, _, _ = _SYMBOL.unpack_from(data, at)
            if section != _SHN_UNDEF and name:
                end = data.index(b"\0", strings + name)
                yield data[strings + name : end].decode("ascii", "replace")


def deceptive(path: Path) -> list[str]:
    """Reserved names that the file defines, sorted."""
    return sorted(defined(path) & RESERVED)
