"""Command traces of the generated RTL: reading them, replaying them, comparing cycles.

A trace file holds one JSON object a line (gzip): `commands` as [funct, rs1, rs2] or ["fence"], `memory` with initial
contents by formula, `cycles` and `times` as measured, `outputs` as SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelcore_gemmini.commands import FENCE, Command
from accelcore_gemmini.config import Config
from accelcore_gemmini.machine import Buffer, Machine, Outcome

_DRAM = 0x8000_0000
_GOLDEN, _MIX, _MASK = 2654435761, 2246822519, 0xFFFFFFFF


@dataclass(frozen=True)
class Replay:
    """One trace and what the simulator made of it."""

    name: str
    kind: str
    measured: int
    outcome: Outcome
    wrong_outputs: tuple[str, ...]

    @property
    def error(self) -> float:
        """Relative error of the cycles: positive where the model is slower than the hardware."""
        return self.outcome.cycles / self.measured - 1


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """The traces of a file."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line)


def contents(memory: Mapping[str, Any]) -> Any:
    """The initial contents of a buffer, an array of its dtype."""
    import numpy as np

    dtype = np.dtype(memory["dtype"])
    count, how = memory["bytes"] // dtype.itemsize, memory["init"]
    index = np.arange(count, dtype=np.uint32)
    if how["f"] == "zero":
        return np.zeros(count, dtype)
    if how["f"] == "eye":
        return (index // how["cols"] == index % how["cols"]).astype(dtype)
    with np.errstate(over="ignore"):
        x = index * np.uint32(_GOLDEN) + np.uint32(how["seed"] * _MIX & _MASK)
        x ^= x >> np.uint32(15)
        x *= np.uint32(_MIX)
        x ^= x >> np.uint32(13)
    return (x.astype(np.int64) % (how["hi"] - how["lo"] + 1) + how["lo"]).astype(dtype)


def commands(trace: Mapping[str, Any]) -> list[Command]:
    """The commands with addresses filled in."""
    base = {m["name"]: _DRAM + m["base"] for m in trace["memory"]}

    def value(word: str) -> int:
        if word.startswith("0x"):
            return int(word, 16)
        name, offset = word.split("+")
        return int(base[name]) + int(offset)

    return [FENCE if c[0] == "fence" else Command(c[0], value(c[1]), value(c[2])) for c in trace["commands"]]


def buffers(trace: Mapping[str, Any]) -> list[Buffer]:
    """The memory with its initial contents."""
    return [Buffer(m["name"], _DRAM + m["base"], contents(m)) for m in trace["memory"]]


def replay(trace: Mapping[str, Any]) -> Replay:
    """Run a trace and compare its outputs with those of the hardware."""
    memory = buffers(trace)
    machine = Machine(Config(latency=trace["lat"], host_issue=trace["host_issue"]))
    outcome = machine.run(commands(trace), memory)
    digests = {b.name: hashlib.sha256(b.data.tobytes()).hexdigest() for b in memory}
    wrong = tuple(name for name, digest in trace["outputs"].items() if digests[name] != digest)
    return Replay(trace["name"], trace["kind"], trace["cycles"], outcome, wrong)
