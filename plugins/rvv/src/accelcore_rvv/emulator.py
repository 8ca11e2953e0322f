"""qemu-user: where it is, how it is called, and its counting plugin, built on first use."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

from accelcore.cgen import toolchain
from accelcore.errors import MissingTool
from accelcore.sandbox import Policy
from accelcore.values import Limits
from accelcore_rvv.toolchain import ARCH

ENVIRONMENT = "ACCELCORE_QEMU_RISCV64"
INSTALL = "apt-get install qemu-user, or set ACCELCORE_QEMU_RISCV64"
MEMORY = 6 << 30
"""Address space of the emulator itself, beyond what its program may use."""

POLICY = Policy("emulator", threads=True, proc=True, memory=16 << 30, files=64, processes=1024)
"""An emulator of foreign machine code, which starts a thread of its own."""

FORBIDDEN, NO_MEMORY, BAD_WORKSPACE = 97, 98, 96
"""Exit codes of plugin and harness."""


def emulator() -> str:
    """Path of qemu-riscv64; MissingTool says how to get it."""
    chosen = os.environ.get(ENVIRONMENT, "")
    for name in (chosen,) if chosen else ("qemu-riscv64", "qemu-riscv64-static"):
        found = shutil.which(name)
        if found is not None:
            return found
    raise MissingTool("no emulator of RISC-V programs (qemu-riscv64)", hint=INSTALL)


def missing() -> list[str]:
    """What is absent, as lines for people.  Runs nothing."""
    try:
        emulator()
    except MissingTool as error:
        return [f"{error.what}: {error.hint}"]
    return [f"a C compiler for the emulator's plugin: {line}" for line in toolchain.missing()]


@functools.lru_cache(maxsize=4)
def version(path: str) -> str:
    """What the emulator calls itself."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return done.stdout.strip().partition("\n")[0]


def architectures() -> tuple[str, ...]:
    """What programs may be compiled for here: the plain vector architecture, then with all that the emulator knows."""
    return ARCH, "_".join((ARCH, "zba", "zbb", "zbs", *_extensions()[1]))


def _extensions() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(properties of the emulated CPU, extensions of -march) beyond the plain ones, by the version of qemu.

    qemu 7 runs vectors of half precision when it has the scalars; later ones have names for both, and 9 bits too.
    """
    found = re.search(r"version (\d+)", version(emulator()))
    major = int(found[1]) if found else 0
    if major < 8:
        return ("Zfh",), ("zfh", "zvfh")
    more = ("zvbb", "zvbc") if major >= 9 else ()
    return ("zfh", "zvfh", *more), ("zfh", "zvfh", *more)


def plugin() -> Path:
    """The counting plugin, from the cache or compiled now.  MissingTool when it cannot be compiled."""
    folder = Path(__file__).parent / "native"
    source = "".join((folder / name).read_text() for name in ("caches.h", "counter.c"))
    built = toolchain.compile_shared(toolchain.compiler(), source, ("-O2",), Limits(seconds=120))
    if built.path is None:
        raise MissingTool("the emulator's plugin did not compile", hint=built.log[:200])
    return built.path


def command(vlen: int, options: str) -> list[str]:
    """The emulator's command line up to the program, with the plugin and its options.

    Elements beyond the vector length and switched-off ones are filled with ones where the code leaves them open, so
    that code that relies on them is found out.
    """
    more = "".join(f",{name}=true" for name in _extensions()[0])
    cpu = f"rv64,v=true,vlen={vlen},elen=64,vext_spec=v1.0,rvv_ta_all_1s=true,rvv_ma_all_1s=true{more}"
    return [emulator(), "-cpu", cpu, "-plugin", f"{plugin()}{options}"]
