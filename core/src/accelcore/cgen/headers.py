"""Precompiled headers: vector intrinsics are 15 times as much text as a kernel, and read anew by every compilation.

Only what stands first in a text, one of HEADERS a line, is precompiled: nothing before it can change what it means, so
the code is the same with and without.  Compilers that cannot use a precompiled header say so or read its text; a
compilation that fails with one is done again without, and then no more of it is used.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HEADERS = ("stdint.h", "math.h", "immintrin.h")
_COSTLY = "immintrin.h"
_LINES = {f"#include <{name}>": name for name in HEADERS}
_SECOND = 2
"""A header is made for the second compilation that could use it: making it takes as long as two compilations."""

Compile = Callable[[list[str], Path], str | None]
"""Runs a command in a folder; None when it succeeded, else what it said."""


def leading(text: str) -> tuple[str, ...]:
    """Names of HEADERS that are included above everything else."""
    found: list[str] = []
    for line in text.splitlines():
        name = _LINES.get(line.strip())
        if name is not None:
            found.append(name)
        elif line.strip():
            break
    return tuple(dict.fromkeys(found))


@dataclass
class Precompiled:
    """The precompiled headers that this process knows, by the path of their text.

    Invariants: a precompiled form is complete or absent, whichever process makes it; a header that failed once is not
    tried again in this process.
    """

    _asked: Counter[Path] = field(default_factory=Counter)
    _failed: set[Path] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self, header: Path, names: Sequence[str], command: Sequence[str], compile_: Compile) -> Path | None:
        """The header to include first, precompiled; None where there is none (yet).

        header: where its text goes, in a folder of its own whose name tells compiler, flags and processor.
        command: compiles to an object, without file names.
        """
        if _COSTLY not in names:
            return None
        with self._lock:  # one makes it, the others wait: they would do the same work
            self._asked[header] += 1
            if header in self._failed:
                return None
            if compiled(header).exists():
                return header
            if self._asked[header] < _SECOND:
                return None
            if not _made(header, names, command, compile_):
                self._failed.add(header)
                return None
            return header

    def refuse(self, header: Path) -> None:
        """What compiles without it did not compile with it: system headers were replaced, or memory is short."""
        with self._lock:
            self._failed.add(header)
        shutil.rmtree(header.parent, ignore_errors=True)


def compiled(header: Path) -> Path:
    """Where the precompiled form of a header is: compilers that know it look there when they include the text."""
    return header.with_name(f"{header.name}.gch")


def _made(header: Path, names: Sequence[str], command: Sequence[str], compile_: Compile) -> bool:
    """Make a header; False where the compiler does not.

    clang notes where the text lies and when it was written: it is compiled in its place, and never written twice.
    """
    header.parent.mkdir(exist_ok=True)
    mine = f"{os.getpid()}-{header.name}"
    text = header.with_name(mine)
    text.write_text("".join(f"#include <{name}>\n" for name in names))
    with contextlib.suppress(FileExistsError):  # another process was first
        os.link(text, header)
    text.unlink()
    made = header.with_name(f"{mine}.gch")
    if compile_([*command, "-x", "c-header", header.name, "-o", made.name], header.parent) is None and made.exists():
        os.replace(made, compiled(header))
        return True
    shutil.rmtree(header.parent, ignore_errors=True)
    return False
