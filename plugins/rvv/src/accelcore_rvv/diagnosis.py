"""What to do about a user's program that does not compile: hints behind what the compiler said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accelcore_rvv import toolchain
from accelcore_rvv.sources import Files
from accelcore_rvv.toolchain import Cross

_HEADER = re.compile(r"'([^']+)' file not found")
_UNKNOWN = re.compile(r"undeclared (?:library )?(?:function|identifier) '(v[a-z0-9]+_\w+)'")
_VECTOR = re.compile(r"\w+_\w*(?:m[1248]|mf[248]|b\d+)(?:_\w+)?")


def hints(log: str, files: Files, one: Cross) -> Iterator[str]:
    """Lines for people; none where the compiler's words are enough."""
    missing = dict.fromkeys(_HEADER.findall(log))
    if missing:
        yield from _headers(list(missing), files, one)
    elif files.plus and not one.library:
        yield f"hint: {one.compiler.name} has no C++ library for RISC-V here: {toolchain.INSTALL_LIBRARY}"
    old = [name for name in dict.fromkeys(_UNKNOWN.findall(log)) if _VECTOR.fullmatch(name)]
    if old:
        yield (
            f"hint: {old[0]} is the name of an intrinsic before version 1.0; since then they begin with __riscv_, and "
            "some take their arguments in another order (the rvv-intrinsic-doc repository lists what changed)"
        )


def _headers(missing: list[str], files: Files, one: Cross) -> Iterator[str]:
    """Headers that were not found: of C++, where there is no library of it, or the program's own."""
    if files.plus and not one.library and "." not in missing[0]:
        yield f"hint: <{missing[0]}> needs a C++ library for RISC-V: {toolchain.INSTALL_LIBRARY}"
    else:
        yield f"hint: where {missing[0]} lies is told by --target 'rvv:flags=-IFOLDER'"
