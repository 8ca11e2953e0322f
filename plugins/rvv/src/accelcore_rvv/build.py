"""Kernels into static RISC-V programs: the harness and the shim are one object, the kernel another.

Programs are named by the digest of their sources, the compiler and its options, and kept in the user's cache folder.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from accelcore.cgen import batch, toolchain
from accelcore.cgen.toolchain import Built
from accelcore.errors import UsageError
from accelcore.values import AbiArg, Kernel, Limits, Role, Task, abi_arguments, digest_of
from accelcore_rvv import assembly, elf
from accelcore_rvv.diagnosis import hints
from accelcore_rvv.emulator import architectures
from accelcore_rvv.sources import Files, gathered
from accelcore_rvv.toolchain import ARCH, Cross, cross

HARNESS = "ac_rv_"
"""What the names of the harness begin with; a kernel must define none like it."""

_ALWAYS = ("-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-w")
_LENIENT = tuple(
    f"-Wno-error={what}"
    for what in (
        "implicit-function-declaration",
        "implicit-int",
        "int-conversion",
        "incompatible-function-pointer-types",
    )
)
"""What older compilers took with a warning."""
_HARNESS_FLAGS = ("-O1", "-ffunction-sections")
C_TYPES = {
    "f32": "float", "f64": "double", "f16": "_Float16", "bool": "uint8_t",
    **{f"{s}{b}": f"{'u' if s == 'u' else ''}int{b}_t" for s in "iu" for b in (8, 16, 32, 64)},
}  # fmt: skip


def compile_kernels(one: Cross, task: Task, kernels: Sequence[Kernel], flags: Sequence[str], limits: Limits) -> Built:
    """A program that runs one of the kernels whenever it is asked to (native/harness.c).

    Raises UsageError when a kernel defines names of the harness.
    """
    entry, shared = kernels[0].entry, len(kernels) > 1
    if any(kernel.entry != entry for kernel in kernels):
        return Built(None, "kernels of different names do not share a program")
    text = batch.joined(kernels) if shared else kernels[0].text
    shim = f"{_harness()}\n{_shim(entry, abi_arguments(task))}"
    words = _command(one, flags)
    key = digest_of(shim, text, one.compiler.identity, *words, assembly.NAME)[:40]
    program = toolchain.build_folder() / f"{key}.rv"
    if program.exists():
        return Built(program)
    harness = _harness_object(one, shim, limits)
    if harness.path is None:
        return harness
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        (folder / "kernel.c").write_text(text)
        shutil.copyfile(harness.path, folder / "harness.o")
        failed = _object(words, "kernel.c", "kernel.o", folder, limits) or toolchain.run_compiler(
            [*words, "harness.o", "kernel.o", "-o", "kernel.rv", "-lm"], folder, limits
        )
        if failed is not None:
            return Built(None, failed)
        _check_names(folder / "kernel.rv")
        os.replace(folder / "kernel.rv", program)
    return Built(program)


def _harness_object(one: Cross, shim: str, limits: Limits) -> Built:
    """The harness for one interface, which all kernels of a task share."""
    words = _command(one, _HARNESS_FLAGS)
    made = toolchain.build_folder() / f"{digest_of(shim, one.compiler.identity, *words)[:40]}.rvo"
    if made.exists():
        return Built(made)
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        (folder / "harness.c").write_text(shim)
        log = toolchain.run_compiler([*words, "-c", "harness.c", "-o", "harness.o"], folder, limits)
        if log is not None:
            return Built(None, log)
        os.replace(folder / "harness.o", made)
    return Built(made)


def compile_program(sources: Sequence[Path], flags: Sequence[str], limits: Limits) -> tuple[Built, tuple[str, ...]]:
    """A user's own program, and the names of the functions that its text defines.

    What does not compile for the plain architecture is tried with the extensions that the emulator knows, then as
    older compilers did.  flags: the user's own, after ours; folders of -I are from the present one.
    """
    searched, more = _folders(flags)
    files = gathered(sources, searched)
    one = cross(library=files.plus)
    plain, whole = architectures()
    first, own = _program(one, files, plain, more, limits)
    if first.path is not None:
        return first, own
    for tried in (more, (*more, *_LENIENT)):
        made, own = _program(one, files, whole, tried, limits)
        if made.path is not None:
            return made, own
    nor = f"(nor does it compile for {whole}, which is what the emulator here runs)"
    return Built(None, "\n".join((first.log, nor, *hints(first.log, files, one)))), ()


def _folders(flags: Sequence[str]) -> tuple[list[Path], tuple[str, ...]]:
    """Folders that flags name with -I, in one word or two, and the other flags."""
    folders, others, words = list[Path](), list[str](), iter(flags)
    for word in words:
        name = next(words, "") if word == "-I" else word[2:] if word.startswith("-I") else ""
        if not name:
            others.append(word)
        elif not Path(name).is_dir():
            raise UsageError(f"-I{name}: there is no such folder", where="--target", hint="it is from the present one")
        else:
            folders.append(Path(name))
    return folders, tuple(others)


def _program(
    one: Cross, files: Files, arch: str, flags: Sequence[str], limits: Limits
) -> tuple[Built, tuple[str, ...]]:
    one = one.plus() if files.plus else one
    words = _command(one, ("-O2", f"-march={arch}", *flags), always=("-w",))
    parts = [part for name, data in files.contents.items() for part in (name, data)]
    key = digest_of(*parts, *files.sources, *files.searched, one.compiler.identity, *words, assembly.NAME)[:40]
    program, names = (toolchain.build_folder() / f"{key}{suffix}" for suffix in (".rv", ".names"))
    if program.exists() and names.exists():
        return Built(program), tuple(names.read_text().split())
    with tempfile.TemporaryDirectory(prefix="rv-", dir=toolchain.build_folder()) as work:
        folder = Path(work)
        files.write(folder)
        inside = [f"-I{each}" for each in files.folders]
        objects = [f"ac_{at}.o" for at in range(len(files.sources))]
        for source, made in zip(files.sources, objects, strict=True):
            log = _object([*words, *inside], source, made, folder, limits)
            if log is not None:
                return Built(None, log), ()
        libraries = [*(one.library if files.plus else ()), "-lm"]
        log = toolchain.run_compiler([*words, *objects, "-o", "ac_own.rv", *libraries], folder, limits)
        if log is not None:
            return Built(None, log), ()
        own = tuple(sorted({f.name for made in objects for f in elf.functions(folder / made)}))
        (folder / "ac_names").write_text("\n".join(own))
        os.replace(folder / "ac_names", names)
        os.replace(folder / "ac_own.rv", program)
    return Built(program), own


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


def _shim(entry: str, arguments: Sequence[AbiArg]) -> str:
    """C that unpacks words and calls one of the kernels: number 0 under its own name, the others as in a batch.

    All names are weak, so that one harness serves for whichever there are, with and without workspace.
    """
    kinds, values, lines = [], [], []
    for at, argument in enumerate(arguments):
        kind = "int64_t" if argument.kind == "size" else C_TYPES.get(argument.dtype, "uint16_t")
        if argument.kind == "pointer":
            kinds.append(f"{'const ' if argument.role is Role.IN else ''}{kind} *")
            values.append(f"({kind} *)words[{at}]")
        else:
            kinds.append(kind)
            lines.append(f"    {kind} v{at};\n    memcpy(&v{at}, &words[{at}], sizeof v{at});")
            values.append(f"v{at}")
    sizes = sum(1 for a in arguments if a.kind == "size")
    names = [entry, *(batch.numbered(entry, at) for at in range(batch.MOST))]
    given = ", ".join(f"(int64_t)sizes[{at}]" for at in range(sizes))
    return "\n".join((
        f"typedef int ac_rv_plain({', '.join(kinds) or 'void'});",
        f"typedef int ac_rv_working({', '.join([*kinds, 'void *'])});",
        f"typedef int64_t ac_rv_sizing({', '.join(['int64_t'] * sizes) or 'void'});",
        *(f"__attribute__((weak)) ac_rv_plain {name};" for name in names),
        *(f"__attribute__((weak)) ac_rv_sizing {name}_workspace;" for name in names),
        f"static ac_rv_plain *const ac_rv_kernels[] = {{{', '.join(names)}}};",
        f"static ac_rv_sizing *const ac_rv_sizings[] = {{{', '.join(f'{name}_workspace' for name in names)}}};",
        "static __attribute__((noinline)) int ac_rv_call(uint64_t number, const uint64_t *words, void *workspace) {",
        *lines,
        f"    if (!ac_rv_sizings[number]) return ac_rv_kernels[number]({', '.join(values)});",
        f"    return ((ac_rv_working *)ac_rv_kernels[number])({', '.join([*values, 'workspace'])});\n}}",
        "static __attribute__((noinline)) int64_t ac_rv_workspace(uint64_t number, const uint64_t *sizes) {",
        f"    (void)sizes;\n    return ac_rv_sizings[number] ? ac_rv_sizings[number]({given}) : 0;\n}}\n",
    ))  # fmt: skip
