"""`accelcore run prog.c --target rvv`: somebody's own program on the emulator, and what it executed.

A program in C is compiled at -O2; a static RISC-V executable runs as it is.  Everything that runs is counted, and the
cost is that of the functions that the program's text defines (of all functions, where there is no text).
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from accelcore.errors import AccelcoreError, MissingTool
from accelcore.sandbox import ChildResult, run_child
from accelcore.values import Limits, Status
from accelcore_rvv import counts, emulator, toolchain
from accelcore_rvv.build import compile_program
from accelcore_rvv.counts import Counts
from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import executed
from accelcore_rvv.model import LIMITS, Model, described
from accelcore_rvv.sources import SUFFIXES, parts

_SHOWN = 8  # functions that are named in the feedback
_BUILD_SECONDS = 120.0


def run(program: Path, args: Sequence[str], cpu: Cpu, vlen: int, limits: Limits) -> Mapping[str, Any]:
    """The object of `run --json`: status, exit, cost, metrics, feedback, stdout, log, sandbox."""
    own: tuple[str, ...] = ()
    if program.suffix in SUFFIXES:
        sources, args = parts(program, args)
        built, own = compile_program(toolchain.cross(), sources, replace(limits, seconds=_BUILD_SECONDS))
        if built.path is None:
            return _result(status=str(Status.COMPILE_ERROR), log=built.log)
        program = built.path
    with tempfile.TemporaryDirectory(prefix="rv-run-") as work:
        done = _emulated(program, args, vlen, Path(work), limits)
        found = _counted(Path(work) / "counts")
    costs = {} if found is None else _costs(program, found, own, cpu, vlen)
    return _result(**done.ended(), **costs)


def _emulated(program: Path, args: Sequence[str], vlen: int, work: Path, limits: Limits) -> ChildResult:
    command = [*emulator.command(vlen, f",whole=1,out={work / 'counts'}"), str(program), *args]
    policy = replace(emulator.POLICY.reading(program, emulator.plugin()), write_cwd=True, scratch=64 << 20)
    return run_child(command, policy, replace(limits, memory=limits.memory + emulator.MEMORY), cwd=work)


def _counted(file: Path) -> Counts | None:
    """What the plugin wrote at the end; None when the program did not come to its end."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    if len(data) < counts.HEAD.size or counts.HEAD.unpack_from(data)[0] != counts.MARK:
        return None
    return Counts.parse(data[counts.HEAD.size :])


def _costs(program: Path, found: Counts, own: tuple[str, ...], cpu: Cpu, vlen: int) -> dict[str, Any]:
    """Cost, metrics and feedback by function."""
    model = Model(program, cpu, vlen)
    try:
        ran = executed(program, found)
    except (MissingTool, AccelcoreError) as error:
        return {"feedback": str(error)}
    kept = [r for r in ran if not own or r.block.function in own]
    each = model.each(kept)
    cycles, instructions, vector = defaultdict[str, float](float), defaultdict[str, int](int), 0
    for r, one in zip(kept, each, strict=True):
        cycles[r.block.function] += r.count * one
        instructions[r.block.function] += r.count * len(r.block.own)
        vector += r.count * sum(line.vector for line in r.block.own)
    metrics = {
        "instructions": float(sum(instructions.values())), "vector_instructions": float(vector),
        "all_instructions": float(sum(r.count * len(r.block.own) for r in ran)),
    }  # fmt: skip
    top = sorted(cycles, key=lambda name: (-cycles[name], name))[:_SHOWN]
    lines = [f"{name}: {cycles[name]:.0f} cycles, {instructions[name]} instructions" for name in top]
    lines.append(f"{cpu.name}, VLEN {vlen}, {described(cpu)}; {LIMITS}")
    total = max(1.0, round(sum(cycles.values()), 2))
    cost = {"value": total, "unit": "cycles", "fidelity": "modelled"}
    return {"cost": cost, "metrics": metrics, "feedback": "\n".join(lines)}


def _result(*, status: str, **more: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("feedback", "stdout", "log", "sandbox"), "")
    return {"status": status, "grade": None, "exit": None, "cost": None, "metrics": {}, **texts, **more}
