"""Function symbols of a 64-bit little-endian ELF file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from accelcore.errors import UsageError

_SYMTAB, _FUNCTION = 2, 2  # sh_type, st_info & 15 (System V ABI, chapter 4)
_INTERPRETER, _RISCV = 3, 243  # p_type, e_machine
_HEADER = 64
_SOURCES = "a program is C, C++ or assembly (.c .cpp .cc .cxx .s .S), or a static executable for 64-bit RISC-V"


@dataclass(frozen=True)
class Function:
    """A function: name, first address, bytes."""

    name: str
    address: int
    size: int

    @property
    def end(self) -> int:
        """The address after its last byte."""
        return self.address + self.size


def check_static(path: Path) -> None:
    """UsageError unless the file is an executable for 64-bit RISC-V that needs no other file."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01" or len(data) < _HEADER or struct.unpack_from("<H", data, 0x12)[0] != _RISCV:
        raise UsageError("not a program for 64-bit RISC-V", where=str(path), hint=_SOURCES)
    (offset,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    kinds = [struct.unpack_from("<I", data, offset + at * size)[0] for at in range(count)]
    if _INTERPRETER in kinds:
        raise UsageError("dynamically linked: its libraries are not here", where=str(path), hint="link with -static")
    if not kinds:
        raise UsageError("an object file, not a program", where=str(path), hint="link it with -static, or give sources")


def functions(path: Path) -> tuple[Function, ...]:
    """All functions of a program, by address.  UsageError when the file is no such ELF file."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise UsageError("not a 64-bit little-endian ELF file", where=path.name)
    return tuple(sorted(set(_functions(data)), key=lambda f: (f.address, f.name)))


def _functions(data: bytes) -> Iterator[Function]:
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, offset + at * size) for at in range(count)]
    for header in headers:
        if header[1] != _SYMTAB:
            continue
        start, length, names = header[4], header[5], headers[header[6]][4]
        for at in range(start, start + length, 24):
            name, info, _, section, value, extent = struct.unpack_from("<IBBHQQ", data, at)
            if info & 15 == _FUNCTION and section:
                begin = names + name
                yield Function(data[begin : data.index(b"\0", begin)].decode("utf-8", "replace"), value, extent)
