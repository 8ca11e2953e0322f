"""`accelcore run prog.c --target rvv`: somebody's own program on the emulator, and what it executed.

A program in C, C++ or assembly is compiled at -O2; a static RISC-V executable runs as it is.  Everything that runs is
counted, and the cost is that of the functions that the program's text defines (of all functions, where there is no
text).
"""

from __future__ import annotations

import shlex
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelcore.errors import AccelcoreError, MissingTool, UsageError
from accelcore.sandbox import run_child
from accelcore.values import Limits, Status
from accelcore_rvv import counts, elf, emulator
from accelcore_rvv.build import compile_program
from accelcore_rvv.counts import Counts
from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import Ran, executed
from accelcore_rvv.model import LIMITS, Model, described
from accelcore_rvv.sources import SUFFIXES, parts

_SHOWN = 8  # functions that are named in the feedback
_BUILD_SECONDS = 120.0


def run(
    program: Path,
    args: Sequence[str],
    cpu: Cpu,
    vlen: int,
    limits: Limits,
    *,
    cache: bool = False,
    flags: str = "",
    stdin: int | bytes | None = None,
) -> Mapping[str, Any]:
    """The object of `run --json`: status, exit, cost, metrics, feedback, stdout, log, sandbox.

    flags: the user's own for the compiler.  stdin: what the program reads, or a descriptor to read it from.
    """
    own: tuple[str, ...] = ()
    if program.suffix in SUFFIXES:
        sources, args = parts(program, args)
        built, own = compile_program(sources, _words(flags), replace(limits, seconds=_BUILD_SECONDS))
        if built.path is None:
            return _result(status=str(Status.COMPILE_ERROR), log=built.log)
        program = built.path
    elf.check_static(program)
    with tempfile.TemporaryDirectory(prefix="rv-run-") as work:
        options = f",whole=1,out={Path(work) / 'counts'}{cpu.caches.option if cache else ''}"
        policy = replace(emulator.POLICY.reading(program, emulator.plugin()), write_cwd=True, scratch=64 << 20)
        done = run_child(
            [*emulator.command(vlen, options), str(program), *args],
            policy,
            replace(limits, memory=limits.memory + emulator.MEMORY),
            cwd=work,
            stdin=stdin,
        )
        found = _counted(Path(work) / "counts")
    costs = {} if found is None else _costs(program, found, own, Model(program, cpu, vlen), cache=cache)
    return _result(**done.ended(), **costs)


def _words(flags: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(flags))
    except ValueError as error:
        raise UsageError(f"flags={flags!r}: {error}", where="--target", hint="quote as a shell does") from None


def _counted(file: Path) -> Counts | None:
    """What the plugin wrote at the end; None when the program did not come to its end."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    if len(data) < counts.HEAD.size or counts.HEAD.unpack_from(data)[0] != counts.MARK:
        return None
    return Counts.parse(data[counts.HEAD.size :])


def _costs(program: Path, found: Counts, own: tuple[str, ...], model: Model, *, cache: bool) -> dict[str, Any]:
    """Cost, metrics and feedback by function."""
    try:
        ran = executed(program, found)
    except (MissingTool, AccelcoreError) as error:
        return {"feedback": str(error)}
    by_function = defaultdict[str, list[Ran]](list)
    for r in ran:
        if not own or r.block.function in own:
            by_function[r.block.function].append(r)
    spent = {name: model.summed(runs) for name, runs in by_function.items()}
    whole = model.summed([r for runs in by_function.values() for r in runs])
    metrics = {
        "instructions": float(whole.instructions), "vector_instructions": float(whole.vector),
        "all_instructions": float(sum(r.count * len(r.block.own) for r in ran)),
        **(whole.metrics() if cache else {}),
    }  # fmt: skip
    top = sorted(spent, key=lambda name: (-spent[name].total, name))[:_SHOWN]
    lines = [f"{name}: {spent[name].total:.0f} cycles, {spent[name].instructions} instructions" for name in top]
    lines.append(
        f"{model.cpu.name}, VLEN {model.vlen}, {described(model.cpu)}; {model.told(whole) if cache else LIMITS}"
    )
    cost = {"value": whole.cost().value, "unit": whole.cost().unit, "fidelity": "modelled"}
    return {"cost": cost, "metrics": metrics, "feedback": "\n".join(lines)}


def _result(*, status: str, **more: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("feedback", "stdout", "log", "sandbox"), "")
    return {"status": status, "grade": None, "exit": None, "cost": None, "metrics": {}, **texts, **more}
