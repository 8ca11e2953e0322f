"""C compilers: which there are, what they call themselves, and shared objects out of them, cached by content.

A compiled file is named by the digest of its source, the compiler's identity and the flags, in the user's cache
folder; equal requests are compiled once.  Compilers run in the sandbox (policy COMPILER): they read what a language
model wrote.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelcore.cgen import zig
from accelcore.cgen.headers import Precompiled, leading
from accelcore.errors import MissingTool, UsageError
from accelcore.values import Limits, digest_of

ENVIRONMENT = "ACCELCORE_CC"
INSTALL = "apt-get install gcc, or pip install 'accelcore[zig]', or set ACCELCORE_CC"
DEFAULT_FLAGS = "-O2 -march=native"
# Floating-point results must not depend on flags that nobody chose: errno and traps are never looked at, and products
# and sums may be fused where the text leaves that to the compiler.
ALWAYS = ("-std=gnu11", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-w")
_ZIG = ("-fno-sanitize=undefined",)
_NEWEST, _OLDEST = 30, 12
_ALLOWED = re.compile(r"-O[0-3s]|-Ofast|-m[a-z0-9=.+_-]+|-f(no-)?[a-z-]+(=[a-z0-9-]+)?|-std=[a-z0-9]+|-g0|-DNDEBUG")
_FORBIDDEN = re.compile(
    r"-fplugin|-fsanitize|-fprofile|-fdump|-flto|-fuse-ld|-specs|-fpass|-foffload|-fcompare|-fdebug"
)


@dataclass(frozen=True)
class Compiler:
    """One C compiler: how users name it, how it is called, which family's flags it understands."""

    name: str
    command: tuple[str, ...]
    family: str  # "gcc", "clang" or "zig"

    @property
    def identity(self) -> str:
        """Its version as it tells it, such as "gcc 12.2.0"; the key of caches and fingerprints."""
        return _identity(self.command, _stamp(self.command[0]))


@dataclass(frozen=True)
class Built:
    """A shared object or a program, or what the compiler said instead (then `path` is None)."""

    path: Path | None
    log: str = ""


def _stamp(program: str) -> tuple[str, int, int]:
    """Changes when the program is replaced."""
    try:
        facts = os.stat(os.path.realpath(program))
    except OSError:
        return program, 0, 0
    return program, facts.st_size, facts.st_mtime_ns


@functools.lru_cache(maxsize=64)
def _identity(command: tuple[str, ...], _stamp: tuple[str, int, int]) -> str:
    try:
        answer = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return (answer.stdout or answer.stderr).strip().splitlines()[0] if answer.stdout or answer.stderr else command[0]


def compilers() -> tuple[Compiler, ...]:
    """All compilers found here, the preferred one first: $ACCELCORE_CC, gcc, clang (newest first), cc, zig.

    Runs none of them.
    """
    return _compilers(os.environ.get(ENVIRONMENT, ""), os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=8)
def _compilers(chosen: str, _path: str) -> tuple[Compiler, ...]:
    found: dict[str, Compiler] = {}
    for one in _candidates(chosen):
        found.setdefault(" ".join((os.path.realpath(one.command[0]), *one.command[1:])), one)
    return tuple(found.values())


def _candidates(chosen: str) -> Iterator[Compiler]:
    if chosen:
        command = tuple(shlex.split(chosen))
        program = shutil.which(command[0]) if command else None
        if program is None:
            raise MissingTool(f"{ENVIRONMENT}={chosen!r} is no program", hint=f"unset it, or: {INSTALL}")
        yield Compiler(os.path.basename(command[0]), (program, *command[1:]), _family(command))
    for name in ("gcc", "clang", *(f"clang-{n}" for n in range(_NEWEST, _OLDEST, -1)), "cc"):
        program = shutil.which(name)
        if program is not None:
            yield Compiler(name, (program,), _family((os.path.basename(os.path.realpath(program)),)))
    if importlib.util.find_spec("ziglang") is not None:
        yield Compiler("zig", (sys.executable, "-m", "ziglang", "cc"), "zig")


def _family(command: Sequence[str]) -> str:
    words = " ".join(os.path.basename(c) for c in command)
    return "zig" if "zig" in words else "clang" if "clang" in words else "gcc"


def compiler(name: str = "") -> Compiler:
    """The compiler of that name, or the preferred one.

    Raises MissingTool with the command that installs one.
    """
    found = compilers()
    for one in found:
        if not name or one.name == name or (name == "clang" and one.family == "clang"):
            return one
    there = ", ".join(c.name for c in found) or "none"
    raise MissingTool(f"no C compiler {name!r}; found: {there}" if name else "no C compiler", hint=INSTALL)


def missing() -> list[str]:
    """What is absent, as lines for people."""
    try:
        return [] if compilers() else [f"a C compiler: {INSTALL}"]
    except MissingTool as error:
        return [str(error)]


def checked_flags(text: str) -> tuple[str, ...]:
    """Flags of a kernel as words.

    Raises UsageError for what could read or write other files or load code: kernels name their own flags.
    """
    words = tuple(shlex.split(text))
    for word in words:
        if not _ALLOWED.fullmatch(word) or _FORBIDDEN.match(word):
            raise UsageError(
                f"the compiler flag {word!r} is not allowed", hint="-O, -m and -f options of code generation are"
            )
    return words


def arguments(one: Compiler, flags: Sequence[str]) -> list[str]:
    """The command line in front of the file names."""
    return [*one.command, *ALWAYS, *(_ZIG if one.family == "zig" else ()), *flags]


def build_folder() -> Path:
    """Where compiled files are kept: `build` in the user's cache folder, or a private temporary one if need be."""
    from accelcore.cache import cache_folder

    folder = cache_folder() / "build"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return _temporary()


@functools.lru_cache(maxsize=1)
def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="accelcore-build-"))


def compile_shared(one: Compiler, source: str, flags: Sequence[str], limits: Limits) -> Built:
    """A shared object of one translation unit; from the cache when it was built before."""
    return _compiled(one, source, arguments(one, flags), ".so", limits, names=leading(source))


def compile_program(one: Compiler, source: str, flags: Sequence[str], limits: Limits) -> Built:
    """An executable of one translation unit; from the cache when it was built before."""
    words = [w for w in arguments(one, flags) if w not in ("-shared", "-fPIC")]
    return _compiled(one, source, words, ".exe", limits)


def _compiled(
    one: Compiler, source: str, command: list[str], suffix: str, limits: Limits, *, names: Sequence[str] = ()
) -> Built:
    """names: of headers that may be precompiled."""
    key = digest_of(source, one.identity, *command)[:40]
    folder = build_folder()
    target = folder / f"{key}{suffix}"
    if target.exists():
        return Built(target)
    header = _header(one, command, names, folder, limits)
    ways = [["-include", str(header)], []] if header else [[]]
    with tempfile.TemporaryDirectory(prefix="cc-", dir=folder) as work:
        (Path(work) / "kernel.c").write_text(source)
        made = Path(work) / f"kernel{suffix}"
        for way in ways:
            words = [*command, *way, "kernel.c", "-o", made.name, "-lm"]
            log = run_compiler(words, Path(work), limits, reads=[header.parent] if header and way else [])
            if log is None and made.exists():
                os.replace(made, target)
                if header and not way:
                    _HEADERS.refuse(header)
                return Built(target)
        return Built(None, log or "the compiler wrote no file")


_HEADERS = Precompiled()


def _header(one: Compiler, command: Sequence[str], names: Sequence[str], folder: Path, limits: Limits) -> Path | None:
    """The precompiled header for a compilation, where there is one."""
    if not names or one.family == "zig":  # zig keeps a cache of its own
        return None
    to_object = [word for word in command if word != "-shared"]
    key = digest_of(one.identity, cpu_name(), *names, *to_object)[:40]
    header = folder / f"pch-{key}" / "kernel.h"
    return _HEADERS.ready(header, names, to_object, lambda words, at: run_compiler(words, at, limits))


def run_compiler(command: Sequence[str], work: Path, limits: Limits, *, reads: Sequence[Path] = ()) -> str | None:
    """Run a compiler in the sandbox, in the folder `work`; None when it succeeded, else what it said.

    reads: further folders that it may read.
    """
    from accelcore.sandbox import COMPILER, run_child
    from accelcore.values import Status

    if "ziglang" in command:
        done = zig.run(command, work, limits, build_folder() / "zig")
    else:
        policy = COMPILER.reading(*reads)
        policy = policy.reading(sys.prefix, sys.base_prefix) if command[0] == sys.executable else policy
        done = run_child(list(command), policy, limits, cwd=work)
    if done.status is Status.OK:
        return None
    if done.status is Status.TIMEOUT:
        return f"the compiler took more than {limits.seconds:g} s"
    return done.text or f"the compiler ended with {done.returncode}"


def cpu_name() -> str:
    """The processor's name as the system tells it."""
    import platform

    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@functools.lru_cache(maxsize=1)
def cpu_features() -> frozenset[str]:
    """Feature names of the processor as Linux writes them ("avx2", "avx512f"); empty where they are not told."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()
