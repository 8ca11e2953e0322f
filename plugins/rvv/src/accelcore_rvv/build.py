"""Kernels into static RISC-V programs: the harness and the shim are one object, the kernel another.

Programs are named by the digest of their sources, the compiler and its options, and kept in the user's cache folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelcore.cgen import toolchain
from accelcore.errors import UsageError
from accelcore.values import AbiArg, Limits, Role, Task, abi_arguments, digest_of
from accelcore_rvv import assembly, elf
from accelcore_rvv.emulator import architectures
from accelcore_rvv.sources import Files, gathered
from accelcore_rvv.toolchain import ARCH, Cross

HARNESS = "ac_rv_"
"""What the names of the harness begin with; a kernel must define none like it."""

_ALWAYS = ("-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-w")
_HARNESS_FLAGS = ("-O1", "-ffunction-sections")
C_TYPES = {
    "f32": "float", "f64": "double", "f16": "_Float16", "bool": "uint8_t",
    **{f"{s}{b}": f"{'u' if s == 'u' else ''}int{b}_t" for s in "iu" for b in (8, 16, 32, 64)},
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A built program, or what the compiler said instead (then `path` is None)."""

    path: Path | None
    log: str = ""


def compile_kernel(one: Cross, task: Task, text: str, entry: str, flags: Sequence[str], limits: Limits) -> Program:
    """A program that runs one kernel whenever it is asked to (native/harness.c)."""
    arguments = abi_arguments(task)
    workspace = f"{entry}_workspace(" in text
    shim = f"{_harness()}\n{_shim(entry, arguments, workspace=workspace)}"
    words = _command(one, flags)
    key = digest_of(shim, text, one.compiler.identity, *words, assembly.NAME)[:40]
    program = toolchain.build_folder() / f"{key}.rv"
    if program.exists():
        return Program(program)
    harness, log = _harness_object(one, shim, limits)
    if harness is None:
        return Program(None, log)
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        (folder / "kernel.c").write_text(text)
        shutil.copyfile(harness, folder / "harness.o")
        failed = _object(words, "kernel.c", "kernel.o", folder, limits) or toolchain.run_compiler(
            [*words, "harness.o", "kernel.o", "-o", "kernel.rv", "-lm"], folder, limits
        )
        if failed is not None:
            return Program(None, failed)
        _check_names(folder / "kernel.rv")
        os.replace(folder / "kernel.rv", program)
    return Program(program)


def _harness_object(one: Cross, shim: str, limits: Limits) -> tuple[Path | None, str]:
    """The harness for one interface, which all kernels of a task share; None and what the compiler said."""
    words = _command(one, _HARNESS_FLAGS)
    made = toolchain.build_folder() / f"{digest_of(shim, one.compiler.identity, *words)[:40]}.rvo"
    if made.exists():
        return made, ""
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        (folder / "harness.c").write_text(shim)
        log = toolchain.run_compiler([*words, "-c", "harness.c", "-o", "harness.o"], folder, limits)
        if log is not None:
            return None, log
        os.replace(folder / "harness.o", made)
    return made, ""


def compile_program(one: Cross, sources: Sequence[Path], limits: Limits) -> tuple[Program, tuple[str, ...]]:
    """A user's own program, and the names of the functions that its text defines.

    What does not compile for the plain architecture is tried with the extensions that the emulator knows.
    """
    files = gathered(sources)
    first, *others = architectures()
    made, own = _program(one, files, first, limits)
    for arch in others if made.path is None else ():
        again, names = _program(one, files, arch, limits)
        if again.path is not None:
            return again, names
        made = Program(None, f"{made.log}\n(nor does it compile for {arch}, which is what the emulator here runs)")
    return made, own


def _program(one: Cross, files: Files, arch: str, limits: Limits) -> tuple[Program, tuple[str, ...]]:
    words = _command(one, ("-O2", f"-march={arch}"), always=("-w",))
    parts = [part for name, data in files.contents.items() for part in (name, data)]
    key = digest_of(*parts, *files.sources, one.compiler.identity, *words, assembly.NAME)[:40]
    program, names = (toolchain.build_folder() / f"{key}{suffix}" for suffix in (".rv", ".names"))
    if program.exists() and names.exists():
        return Program(program), tuple(names.read_text().split())
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        files.write(folder)
        inside = [f"-I{each}" for each in files.folders]
        objects = [f"ac_{at}.o" for at in range(len(files.sources))]
        for source, made in zip(files.sources, objects, strict=True):
            log = _object([*words, *inside], source, made, folder, limits)
            if log is not None:
                return Program(None, log), ()
        log = toolchain.run_compiler([*words, *objects, "-o", "ac_own.rv", "-lm"], folder, limits)
        if log is not None:
            return Program(None, log), ()
        own = tuple(sorted({f.name for made in objects for f in elf.functions(folder / made)}))
        (folder / "ac_names").write_text("\n".join(own))
        os.replace(folder / "ac_names", names)
        os.replace(folder / "ac_own.rv", program)
    return Program(program), own


def _object(words: Sequence[str], source: str, made: str, folder: Path, limits: Limits) -> str | None:
    """An object file through assembly that the emulator can run; None, or what the compiler said."""
    text = f"{made}.s"
    step = "-E" if source.endswith(".S") else "-S"
    if source.endswith(".s"):
        (folder / text).write_bytes((folder / source).read_bytes())
    elif (log := toolchain.run_compiler([*words, step, source, "-o", text], folder, limits)) is not None:
        return log
    assembly.make_runnable(folder / text)
    return toolchain.run_compiler([*words, "-c", text, "-o", made], folder, limits)


def _command(one: Cross, flags: Sequence[str], always: Sequence[str] = _ALWAYS) -> list[str]:
    """The command line in front of the file names.  zig is told the machine by `base` only."""
    if one.compiler.family == "zig":
        flags = [f for f in flags if not f.startswith("-march")]
    elif not any(f.startswith(("-march", "-mcpu")) for f in flags):
        flags = [f"-march={ARCH}", *flags]
    return [*one.compiler.command, *one.base, *always, *flags]


def _check_names(program: Path) -> None:
    """The plugin finds the harness by its names: they must be there once."""
    names = [f.name for f in elf.functions(program) if f.name.startswith(HARNESS)]
    if len(names) != len(set(names)) or f"{HARNESS}begin" not in names:
        raise UsageError(f"the kernel defines names that begin with {HARNESS}", hint="choose other names")


def _harness() -> str:
    return (Path(__file__).parent / "native" / "harness.c").read_text()


def _shim(entry: str, arguments: Sequence[AbiArg], *, workspace: bool) -> str:
    """C of the functions that unpack words and call the kernel."""
    kinds, values, lines = [], [], []
    for at, argument in enumerate(arguments):
        kind = "int64_t" if argument.kind == "size" else C_TYPES.get(argument.dtype, "uint16_t")
        if argument.kind == "pointer":
            const = "const " if argument.role is Role.IN else ""
            kinds.append(f"{const}{kind} *")
            values.append(f"({kind} *)words[{at}]")
        else:
            kinds.append(kind)
            lines.append(f"    {kind} v{at};\n    memcpy(&v{at}, &words[{at}], sizeof v{at});")
            values.append(f"v{at}")
    if workspace:
        kinds.append("void *")
        values.append("workspace")
    sizes = sum(1 for a in arguments if a.kind == "size")
    inside = ", ".join(f"(int64_t)sizes[{at}]" for at in range(sizes))
    wanted = f"{entry}_workspace({inside})" if workspace else "0"
    head = f"int64_t {entry}_workspace({', '.join(['int64_t'] * sizes) or 'void'});\n" if workspace else ""
    return (
        f"int {entry}({', '.join(kinds) or 'void'});\n{head}"
        f"static __attribute__((noinline)) int ac_rv_call(const uint64_t *words, void *workspace) {{\n"
        f"    (void)workspace;\n" + "\n".join(lines) + f"\n    return {entry}({', '.join(values)});\n}}\n"
        f"static __attribute__((noinline)) int64_t ac_rv_workspace(const uint64_t *sizes) {{\n"
        f"    (void)sizes;\n    return {wanted};\n}}\n"
    )
