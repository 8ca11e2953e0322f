"""Building kernels for judging: an executable that writes down the commands of one call."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from accelcore.cgen.names import ctype
from accelcore.cgen.toolchain import build_folder, compiler
from accelcore.values import AbiArg, Kernel, Limits, Role, Status, Task, abi_arguments, digest_of
from accelcore_gemmini.config import Config
from accelcore_gemmini.judging.expand import forbidden, marked
from accelcore_gemmini.program import definitions, headers

_FLAGS = ("-std=gnu99", "-O2", "-fwrapv", "-w", "-DACCELCORE_KERNEL=1", "-DBAREMETAL=1", "-D_GNU_SOURCE")
_COUNT_BLOCKS = "-fsanitize-coverage=trace-pc"
_MOST_EXPANDED = 16 << 20  # bytes: a kernel has no use for a macro that unfolds to more


class BuildError(Exception):
    """The text is no kernel; the message is what the compiler, or the reader, says."""


def built(task: Task, kernel: Kernel, config: Config, limits: Limits) -> Path:
    """The executable of a kernel, from the cache when it was built before.  BuildError when there is none."""
    child, adapter = _child(), _adapter(task, kernel.entry)
    one = compiler()
    counted = () if one.family == "zig" else (_COUNT_BLOCKS,)
    words = [*one.command, *_FLAGS, *counted, *definitions(config)]
    target = build_folder() / f"{digest_of(kernel.text, adapter, child, one.identity, *words, _headers())[:40]}.gemmini"
    if not target.exists():
        _compile(words, kernel.text + adapter, child, target, limits)
    return target


def _compile(words: Sequence[str], text: str, child: str, target: Path, limits: Limits) -> None:
    """Expand the kernel, look at it, compile what was looked at."""
    with tempfile.TemporaryDirectory(prefix="gemmini-", dir=target.parent) as folder:
        work = Path(folder)
        given, mark = marked(text)
        (work / "kernel.c").write_text(given)
        (work / "child.c").write_text(child)
        _run([*words, *(f"-I{f}" for f in _folders()), "-E", "kernel.c", "-o", "kernel.i"], work, limits)
        if (work / "kernel.i").stat().st_size > _MOST_EXPANDED:
            raise BuildError("error: the kernel's macros unfold to more text than any use")
        found = forbidden((work / "kernel.i").read_text("utf-8", "replace"), mark)
        if found:
            raise BuildError(f"error: a kernel for the array has no use for {found!r}")
        _run([*words, "kernel.i", "child.c", "-o", "made", "-lm"], work, limits)
        os.replace(work / "made", target)


def _run(command: Sequence[str], work: Path, limits: Limits) -> None:
    from accelcore.sandbox import COMPILER, run_child

    done = run_child(command, COMPILER.reading(*_folders()), limits, cwd=work)
    if done.status is not Status.OK:
        raise BuildError(done.text or f"the compiler ended {done.status}")


def _folders() -> tuple[Path, Path]:
    return headers(), headers() / "include"


def _child() -> str:
    return (resources.files("accelcore_gemmini") / "judging" / "child.c").read_text()


def _headers() -> str:
    """The text of all headers: a kernel is built again when they change."""
    return "".join(path.read_text() for path in sorted(headers().rglob("*.h")))


def _adapter(task: Task, entry: str) -> str:
    """A function that calls the kernel with its arguments as 64-bit words."""
    given = ", ".join(_argument(at, a) for at, a in enumerate(abi_arguments(task)))
    return f"\n\nint accelcore_call(const uint64_t *words) {{\n    return {entry}({given});\n}}\n"


def _argument(at: int, a: AbiArg) -> str:
    if a.kind == "pointer":
        return f"({'const ' if a.role is Role.IN else ''}{ctype(a.dtype)} *)(uintptr_t)words[{at}]"
    if a.kind == "size":
        return f"(int64_t)words[{at}]"
    return f"*(const {ctype(a.dtype)} *)&words[{at}]"
