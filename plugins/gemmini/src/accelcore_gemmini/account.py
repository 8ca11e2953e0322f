"""What the log of a whole program says: its cycles, where they went, the work of its host, and what is wrong with it.

A log is the records of its commands (see native/machine.h).  Behind them stand those of how it ended: the rule that
the last command broke, output that the host read too early, and the basic blocks that the host executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import RunFailure
from accelcore_gemmini.commands import FENCE_WORD, NAMES, CommandError, Rule, Violation
from accelcore_gemmini.config import HOST_CYCLES_PER_BLOCK, Config

if TYPE_CHECKING:
    import numpy as np

    from accelcore_gemmini.machine import Outcome

    Records = np.ndarray[Any, Any]

_BLOCKS_WORD, _EARLY_WORD, _BROKEN_WORD = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_WORD = 0xFFFFFFFF
_STORE = 3
_FENCE_IDLE = 12  # cycles without work that a fence waits for


@dataclass(frozen=True)
class ProgramLog:
    """The commands of a program and how it ended.

    calls: u64[n, 4]: line and funct, rs1, rs2, host cycles before it; without the command that broke a rule.
    blocks: basic blocks that the host executed; after: its modelled cycles after the last command.
    early: lines of mvouts whose output was read before a fence.  broken: the rule that ended the program.
    """

    calls: Records
    blocks: int
    after: int
    early: tuple[int, ...]
    broken: Violation | None

    @property
    def host_cycles(self) -> int:
        """Modelled host cycles of the program."""
        return self.blocks * HOST_CYCLES_PER_BLOCK

    @property
    def host(self) -> str:
        """The host's work in words."""
        cycles = f"{self.host_cycles} modelled host cycles, not in the cycles"
        return f"the host executed {self.blocks} basic blocks ({cycles})"

    def warnings(self) -> list[str]:
        """What makes the results doubtful."""
        said = [f"broken rule: {self.broken}"] if self.broken else []
        said += [
            f"the program reads output before a fence: that of the mvout at line {line} may not be there yet"
            for line in self.early
        ]
        return [*said, *_unfenced(self.calls)]


def read(path: Path, reason: str = "") -> ProgramLog:
    """The log in a file; no file is an empty log.  reason: why the last command broke a rule, if it did."""
    import numpy as np

    calls = np.fromfile(path, dtype=np.uint64) if path.exists() else np.empty(0, np.uint64)
    calls = calls[: len(calls) // 4 * 4].reshape(-1, 4)
    ends: dict[int, Any] = {}
    for word in (_BLOCKS_WORD, _EARLY_WORD, _BROKEN_WORD):
        if len(calls) and int(calls[-1, 0]) & _WORD == word:
            ends[word], calls = calls[-1].tolist(), calls[:-1]
    broken = None
    if _BROKEN_WORD in ends and len(calls):
        word, rule, calls = int(calls[-1, 0]), Rule(ends[_BROKEN_WORD][1]), calls[:-1]
        funct = word & _WORD
        broken = Violation(len(calls), NAMES.get(funct, f"funct {funct}"), word >> 32, rule, reason)
    _, blocks, _, after = ends.get(_BLOCKS_WORD, (0, 0, 0, 0))
    early = (ends[_EARLY_WORD][0] >> 32,) if _EARLY_WORD in ends else ()
    return ProgramLog(calls, blocks, after, early, broken)


def accounted(path: Path, config: Config, seconds: float, reason: str = "", trace: str = "") -> dict[str, Any]:
    """Cycles and feedback of a log; a log whose simulation takes longer than `seconds` has none.

    trace: a file to write the timeline to, as a Chrome trace.
    """
    log = read(path, reason)
    found = {"violation": _plain(log.broken)} if log.broken else {}
    try:
        return {**found, **_timed(log, config, seconds, trace)}
    except RunFailure as error:
        status = {} if log.broken else {"status": str(error.status)}
        return {**found, **status, "feedback": "\n".join([error.what, *log.warnings()])}


def _timed(log: ProgramLog, config: Config, seconds: float, trace: str) -> dict[str, Any]:
    """What the program costs; no cost when it issued no commands."""
    calls = log.calls
    if not len(calls):
        own = {"host_blocks": log.blocks, "modelled_host_cycles": log.host_cycles}
        words = "\n".join([f"the program issued no commands; {log.host}", *log.warnings()])
        return {"feedback": words, "metrics": {**own, "whole_program_cycles": log.host_cycles}}
    whole = _whole_program(calls, config, seconds) + log.after
    calls[:, 3] = 0
    outcome, broken = _replayed(calls, config, seconds)
    told = outcome.feedback()
    lines = [told.text(), *([broken] if broken else []), *log.warnings()]
    lines.append(f"{log.host}; with its work between commands the whole program takes {whole} cycles")
    if trace:
        from accelcore_gemmini.timeline import chrome_trace

        Path(trace).write_text(chrome_trace(outcome), "utf-8")
    return {
        "cost": {"value": outcome.cycles, "unit": "cycles", "fidelity": "simulated"},
        "metrics": {
            "utilization": told.utilization, "best_cycles": told.best, "host_blocks": log.blocks,
            "modelled_host_cycles": log.host_cycles, "whole_program_cycles": whole, **told.counters,
        },
        "feedback": "\n".join(lines),
        "account": told.json(),
    }  # fmt: skip


def _plain(broken: Violation) -> dict[str, Any]:
    return {
        "command": broken.command, "index": broken.index, "line": broken.line, "rule": broken.rule.name.lower(),
        "reason": broken.reason,
    }  # fmt: skip


def _whole_program(calls: Records, config: Config, seconds: float) -> int:
    """Cycles from the first command to the end with the host's work in between; idle time at fences counts."""
    outcome, _ = _replayed(calls, config, seconds)
    segments = outcome.timing.segments
    idle = _FENCE_IDLE if len(calls) and int(calls[-1, 0]) & _WORD == FENCE_WORD else 0
    return (segments[-1][1] + idle) if segments else 0


def _replayed(calls: Records, config: Config, seconds: float) -> tuple[Outcome, str]:
    """The log's outcome, up to the first command that breaks a rule, and that command."""
    from accelcore_gemmini.machine import Machine

    machine = Machine(config, seconds=seconds)
    try:
        return machine.replay(calls), ""
    except CommandError as error:
        return machine.replay(calls[: error.violation.index]), f"broken rule: {error.violation}"


def _unfenced(calls: Records) -> list[str]:
    """Whether stores may still have been under way when the program ended."""
    words = calls[:, 0] & _WORD
    fences = (words == FENCE_WORD).nonzero()[0]
    stores = (words == _STORE).nonzero()[0]
    late = len(stores) and (not len(fences) or stores[-1] > fences[-1])
    warning = "the last mvout has no fence after it: its output may be read before it is there"
    return [warning] if late else []
