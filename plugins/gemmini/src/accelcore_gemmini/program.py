"""`accelcore run prog.c --target gemmini`: unmodified programs on the simulator.

A program is compiled with the host's compiler against headers of ours, in which commands call the simulator, and runs
in a sandboxed child, where each command takes effect when it is issued.  The child's log of commands is executed again
here, without memory, and timed: cycles and feedback come from that, for a host that always has the next command ready
(the model of time was calibrated so).  Work of the host is priced by its basic blocks: `modelled_host_cycles`, and
`whole_program_cycles` with that work between the commands, which is also what the program's own clock shows.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.values import Limits, Status
from accelcore_gemmini.account import accounted
from accelcore_gemmini.config import Config

if TYPE_CHECKING:
    from accelcore.cgen.toolchain import Compiler
    from accelcore.sandbox import ChildResult

# Programs are C of the bare-metal kind: signed overflow wraps there; the headers' macros need GNU extensions.
# The red zone would be overwritten by the calls that stand for raw assembly.
_FLAGS = ("-std=gnu99", "-O1", "-fwrapv", "-w", "-DBAREMETAL=1", "-D_GNU_SOURCE")
_SHORT = (
    "config_ex", "config_ld", "config_st", "mvin", "mvin2", "mvin3", "mvout", "preload", "compute_preloaded",
    "compute_accumulated", "fence",
)  # fmt: skip
# What older compilers let pass, newer ones refuse unless told otherwise; programs rely on it.
_LENIENT = tuple(
    f"-Wno-error={name}"
    for name in ("implicit-function-declaration", "implicit-int", "int-conversion", "incompatible-pointer-types")
)
_ONLY_X86 = ("-mno-red-zone",)
_CACHE_LINES = ("-malign-data=cacheline",)  # arrays begin at the largest request: cycles do not depend on the linker
_COUNT_BLOCKS = "-fsanitize-coverage=trace-pc"
# Calls at the program's loads and stores, which the simulator's library answers (there is no other runtime).
_WATCH = ("-fsanitize=kernel-address",)
_WATCH_GCC = (
    "--param=asan-instrumentation-with-call-threshold=0", "--param=asan-stack=0", "--param=asan-globals=0",
)  # fmt: skip
_LOG, _LOG_BYTES = "commands.log", 4 << 30
_RULE_BROKEN = 70


@dataclass(frozen=True)
class Compiled:
    """An executable, or what the compiler said instead."""

    path: Path | None
    log: str


def headers() -> Path:
    """The folder that programs' includes are found under."""
    return Path(str(resources.files("accelcore_gemmini") / "programs"))


def definitions(config: Config) -> list[str]:
    """The instance as macros of the command line."""
    sizes = {
        "DIM": config.dim, "FLOAT": int(config.is_float), "SPAD_ROWS": config.spad_rows,
        "BANKS": config.spad_banks, "ACC_ROWS": config.acc_rows,
    }  # fmt: skip
    return [f"-DGEMMINI_{name}={value}" for name, value in sizes.items()]


def compile_program(sources: Sequence[Path], config: Config, work: Path, limits: Limits) -> Compiled:
    """Compile a program's files into `work`; their own folders may be read for what they include."""
    from accelcore.cgen.toolchain import compiler
    from accelcore.sandbox import COMPILER, run_child
    from accelcore_gemmini.library import library_path

    one, library, made = compiler(), library_path(), work / "program"
    files = [source.resolve() for source in sources]
    folders = list(dict.fromkeys([headers(), headers() / "include", *(file.parent for file in files)]))
    command = [
        *one.command, *_flags(one), *definitions(config), *_own_names(files), *(f"-I{folder}" for folder in folders),
        *map(str, files), str(library), f"-Wl,-rpath,{library.parent}", "-o", made.name, "-lm",
    ]  # fmt: skip
    policy = COMPILER.reading(*folders, library.parent)
    done = run_child(command, policy, limits, cwd=work)
    return Compiled(made if done.status is Status.OK and made.exists() else None, done.text)


def _own_names(files: Sequence[Path]) -> list[str]:
    """What the headers leave out: helpers of a harness, and short names, that the program defines itself."""
    text = "\n".join(file.read_text("utf-8", "replace") for file in files if file.is_file())
    head = r"^[ \t]*(?!return\b|else\b)[a-z_]\w*[\w \t*]*[ \t*]"
    helpers = "tiled_matmul_outer_eigen(?:_bias)?|add_matrix|negate_matrix"
    own = ["-DGEMMINI_WITHOUT_HARNESS"] if re.search(rf"{head}(?:{helpers})[ \t]*\(", text, re.MULTILINE) else []
    short = re.findall(rf"{head}({'|'.join(_SHORT)})[ \t]*\([^;{{}}]*\)\s*{{", text, re.MULTILINE)
    return [*own, *(f"-DGEMMINI_OWN_{name}" for name in dict.fromkeys(short))]


def _flags(one: Compiler) -> list[str]:
    import platform

    x86 = _ONLY_X86 if platform.machine() in ("x86_64", "AMD64") else ()
    lines = _CACHE_LINES if x86 and one.family == "gcc" else ()
    watch = (*_WATCH, *_WATCH_GCC) if one.family == "gcc" else ()
    return [*_FLAGS, *_LENIENT, *x86, *lines, *watch, *(() if one.family == "zig" else (_COUNT_BLOCKS,))]


def run_program(
    program: Path, args: Sequence[str], config: Config, limits: Limits, trace: str = ""
) -> Mapping[str, Any]:
    """Compile, run and time a program: the object of `run --json`.

    trace: a file to write the timeline to, as a Chrome trace.  Leading arguments that name C files are further files of
    the program: it could not read them when it runs.
    """
    parts = list(itertools.takewhile(_is_source, args))
    with tempfile.TemporaryDirectory(prefix="gemmini-") as folder:
        compiling = Limits(seconds=max(limits.seconds, 60.0))
        built = compile_program([program, *map(Path, parts)], config, Path(folder), compiling)
        if built.path is None:
            return {"status": str(Status.COMPILE_ERROR), "log": built.log}
        return _run(built.path, args[len(parts) :], config, limits, trace)


def _is_source(argument: str) -> bool:
    return argument.endswith(".c") and Path(argument).is_file()


def _run(path: Path, args: Sequence[str], config: Config, limits: Limits, trace: str) -> dict[str, Any]:
    from dataclasses import replace

    from accelcore.sandbox import KERNEL, run_child
    from accelcore_gemmini.library import library_path

    policy = replace(KERNEL, name="program", write_cwd=True, proc=True, file_size=_LOG_BYTES)
    env = {"ACCELCORE_GEMMINI_CONFIG": " ".join(map(str, config.words())), "ACCELCORE_GEMMINI_LOG": _LOG}
    child = run_child([path, *args], policy.reading(library_path().parent), limits, cwd=path.parent, env=env)
    account = accounted(path.parent / _LOG, config, limits.seconds, _last_words(child), trace)
    return {**child.ended(_RULE_BROKEN), **account}


def _last_words(child: ChildResult) -> str:
    """The reason that the simulator gives on standard error when a command breaks a rule."""
    lines = child.stderr.decode("utf-8", "replace").splitlines()
    last = lines[-1] if lines else ""
    return re.sub(r"^gemmini: (line \d+: )?", "", last)
