"""Cross compilers for RISC-V: clang with lld and a cross C library, or the ziglang wheel alone."""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from accelcore.cgen.toolchain import Compiler
from accelcore.errors import MissingTool

ENVIRONMENT = "ACCELCORE_RVV_CC"
INSTALL = (
    "apt-get install clang-22 lld-22 llvm-22 gcc-riscv64-linux-gnu libc6-dev-riscv64-cross, or "
    "pip install 'accelcore-rvv[zig]', or set ACCELCORE_RVV_CC"
)
ARCH = "rv64gcv"
_NEWEST, _OLDEST = 30, 17  # clang 17 is the first with v1.0 intrinsics
_SYSROOT = "/usr/riscv64-linux-gnu"
_LIBRARY = ("-lstdc++",)
INSTALL_LIBRARY = "apt-get install g++-riscv64-linux-gnu, or pip install 'accelcore-rvv[zig]'"
"""What brings a C++ library."""


@dataclass(frozen=True)
class Cross:
    """A compiler that makes static RISC-V programs.

    base: options that choose the machine and the way of linking.  tools: the folder of its LLVM tools, "" when unknown.
    library: how the C++ library is linked; empty where there is none, so that C++ has only what needs none.
    """

    compiler: Compiler
    base: tuple[str, ...]
    tools: str = ""
    library: tuple[str, ...] = ()

    def tool(self, name: str) -> str | None:
        """An LLVM tool of the same installation, or of any other."""
        return find_tool(name, self.tools)

    def plus(self) -> Cross:
        """The same for C++: zig has a command of its own for that, others go by the names of files."""
        command = tuple("c++" if word == "cc" else word for word in self.compiler.command)
        zig = self.compiler.family == "zig"
        return replace(self, compiler=replace(self.compiler, command=command)) if zig else self


def crosses() -> tuple[Cross, ...]:
    """All that are found here, the preferred one first.  Runs none."""
    return _crosses(os.environ.get(ENVIRONMENT, ""), os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=8)
def _crosses(chosen: str, _path: str) -> tuple[Cross, ...]:
    return tuple(_candidates(chosen))


def _candidates(chosen: str) -> Iterator[Cross]:
    if chosen:
        words = shlex.split(chosen)
        program = shutil.which(words[0]) if words else None
        if program is None:
            raise MissingTool(f"{ENVIRONMENT}={chosen!r} is no program", hint=f"unset it, or: {INSTALL}")
        yield Cross(Compiler(os.path.basename(program), (program, *words[1:]), "clang"), ("-static",), "", _LIBRARY)
    for number in range(_NEWEST, _OLDEST - 1, -1):
        found = _clang(f"clang-{number}", f"ld.lld-{number}")
        if found is not None:
            yield found
    plain = _clang("clang", "ld.lld")
    if plain is not None:
        yield plain
    if importlib.util.find_spec("ziglang") is not None:
        command = (sys.executable, "-m", "ziglang", "cc")
        options = ("-target", "riscv64-linux-musl", "-mcpu=baseline_rv64+v", "-static")
        yield Cross(Compiler("zig", command, "zig"), options, library=("-lc++",))


def _clang(name: str, linker: str) -> Cross | None:
    """A clang with its linker and a cross C library; None when one of the three is absent."""
    program, lld = shutil.which(name), shutil.which(linker)
    if program is None or lld is None or not Path(_SYSROOT, "include", "stdint.h").is_file():
        return None
    base = ("--target=riscv64-linux-gnu", "-static", f"--ld-path={lld}")
    tools = str(Path(os.path.realpath(program)).parent)
    library = _LIBRARY if any(Path("/usr/lib/gcc-cross/riscv64-linux-gnu").glob("*/libstdc++.a")) else ()
    return Cross(Compiler(name, (program,), "clang"), base, tools, library)


def cross(name: str = "", *, library: bool = False) -> Cross:
    """The compiler of that name, or the preferred one; MissingTool says what to install.

    library: prefer one that has a C++ library.
    """
    found = crosses()
    if library:
        found = tuple(sorted(found, key=lambda one: not one.library))
    for one in found:
        if not name or one.compiler.name == name:
            return one
    there = ", ".join(c.compiler.name for c in found) or "none"
    what = f"no RISC-V compiler {name!r}; found: {there}" if name else "no C compiler for RISC-V vectors"
    raise MissingTool(what, hint=INSTALL)


def find_tool(name: str, folder: str = "") -> str | None:
    """Path of an LLVM tool: in `folder`, else the newest that is installed."""
    if folder and os.access(Path(folder, name), os.X_OK):
        return str(Path(folder, name))
    names = (*(f"{name}-{n}" for n in range(_NEWEST, _OLDEST - 1, -1)), name)
    return next((found for found in map(shutil.which, names) if found), None)


def missing() -> list[str]:
    """What is absent, as lines for people."""
    try:
        return [] if crosses() else [f"a C compiler for RISC-V vectors: {INSTALL}"]
    except MissingTool as error:
        return [str(error)]
