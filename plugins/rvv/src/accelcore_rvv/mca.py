"""Cycles of blocks by llvm-mca's model of a CPU: all blocks in one run, each repeated until its rate is steady."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Sequence

from accelcore.errors import MissingTool
from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import Line
from accelcore_rvv.toolchain import find_tool

TURNS = 64
"""Repetitions of a block; its cycles are those of all divided by this."""
_FEATURES = "-mattr=+zba,+zbb,+zbs,+v,+zvfh,+zfh,+zvbb,+zvbc"
_SKIPPED_WORDS = "call tail jal jalr jr ret ecall ebreak csrwi csrw csrr csrrw csrrs unimp fence fsrm frrm fsrmi"
_SKIPPED = frozenset(_SKIPPED_WORDS.split())


@functools.lru_cache(maxsize=16)
def version(tool: str) -> int:
    """The major version of an llvm-mca."""
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=60, check=False)
    words = done.stdout.split("LLVM version ")
    return int(words[1].split(".")[0]) if len(words) > 1 else 0


def tool_for(cpu: Cpu) -> str | None:
    """An llvm-mca that has a model of the CPU's vector unit, or None."""
    tool = find_tool("llvm-mca")
    return tool if tool is not None and version(tool) >= cpu.since else None


Section = tuple[tuple[Line, ...], str]
"""Instructions of a block, and the vector type that holds where it begins."""


def cycles(cpu: Cpu, sections: Sequence[Section]) -> list[float]:
    """Cycles of one execution of each section when it follows itself.  MissingTool when llvm-mca is absent or fails."""
    texts = [_text(section) for section in sections]
    known = _known(cpu.name)
    fresh = [text for text in dict.fromkeys(texts) if text and text not in known]
    if fresh:
        known.update(zip(fresh, _asked(cpu, fresh), strict=True))
    return [known[text] if text else 0.0 for text in texts]


@functools.lru_cache(maxsize=16)
def _known(_cpu: str) -> dict[str, float]:
    """Cycles by text: the same block costs the same in every program."""
    return {}


def _text(section: Section) -> str:
    """Assembly of a section; "" when it has no instruction that is modelled."""
    lines, vtype = section
    kept = [f"{line.name} {line.operands}" for line in lines if line.name not in _SKIPPED]
    if not kept:
        return ""
    return "\n".join([*_instruments(vtype, lines), *kept])


def _instruments(vtype: str, lines: Sequence[Line]) -> list[str]:
    """Comments that tell the type of vector instructions before the first vsetvli."""
    if not vtype or not any(line.vector for line in lines):
        return []
    width, _, group = vtype.partition(",")
    return [f"# LLVM-MCA-RISCV-LMUL {group.upper()}", f"# LLVM-MCA-RISCV-SEW {width.upper()}"]


def _asked(cpu: Cpu, texts: Sequence[str]) -> list[float]:
    tool = tool_for(cpu)
    if tool is None:
        raise MissingTool(f"no llvm-mca with a model of {cpu.name}", hint="apt-get install llvm-22")
    parts = [f"# LLVM-MCA-BEGIN b{at}\n{text}\n# LLVM-MCA-END b{at}\n" for at, text in enumerate(texts)]
    words = [tool, "-mtriple=riscv64", f"-mcpu={cpu.name}", _FEATURES]
    words += [f"-iterations={TURNS}", "-json", "-skip-unsupported-instructions=any"]
    done = subprocess.run(words, input="\n".join(parts), capture_output=True, text=True, timeout=300, check=False)
    try:
        regions = json.loads(done.stdout)["CodeRegions"]
    except (ValueError, KeyError) as error:
        raise MissingTool(f"llvm-mca failed: {done.stderr.strip()[:300]}", hint="apt-get install llvm-22") from error
    by_name = {r["Name"]: float(r["SummaryView"]["TotalCycles"]) / TURNS for r in regions}
    return [by_name.get(f"b{at}", 0.0) for at in range(len(texts))]
