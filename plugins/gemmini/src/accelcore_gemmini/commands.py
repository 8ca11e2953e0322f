"""Commands, the rules that they can break, and the record that the simulator makes of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from accelcore.errors import AccelcoreError


class Command(NamedTuple):
    """One RoCC command: funct and its two operands; the source line (0: unknown), host cycles spent before it."""

    funct: int
    rs1: int
    rs2: int
    line: int = 0
    host_cycles: int = 0


FENCE_WORD = 0xFFFFFFFF
FENCE = Command(FENCE_WORD, 0, 0)
"""Waits until the accelerator and the memory behind it are idle."""

NAMES = {
    0: "config", 1: "mvin2", 2: "mvin", 3: "mvout", 4: "compute_preloaded", 5: "compute_accumulated", 6: "preload",
    7: "flush", 8: "loop_ws", 9: "loop_ws bounds", 10: "loop_ws addresses A, B", 11: "loop_ws addresses D, C",
    12: "loop_ws strides A, B", 13: "loop_ws strides D, C", 14: "mvin3", 15: "loop_conv_ws",
    126: "counter", FENCE_WORD: "fence",
}  # fmt: skip
NAMES |= {16 + n: f"loop_conv_ws config {n + 1}" for n in range(6)}


class Rule(enum.IntEnum):
    """What a command can break; the numbers are those of the C library."""

    ROWS = 1
    COLUMNS = 2
    BLOCK_STRIDE = 3
    LOCAL_RANGE = 4
    DRAM_RANGE = 5
    DRAM_READONLY = 6
    TRANSPOSE = 7
    UNKNOWN_COMMAND = 8
    LOOP_CAPACITY = 9
    UNWRITTEN = 10
    MEMORY = 11
    UNSUPPORTED = 12


class Kind(enum.IntEnum):
    """Primitive operations, as the simulator records them."""

    CONFIG_EX = 0
    CONFIG_LD = 1
    CONFIG_ST = 2
    CONFIG_NORM = 3
    MVIN = 4
    MVOUT = 5
    PRELOAD = 6
    COMPUTE = 7
    FLUSH = 8
    FENCE = 9
    LOOP_CONFIG = 10
    LOOP_RUN = 11
    COUNTER = 12


class Flag(enum.IntFlag):
    """Flags of a recorded operation."""

    ACC = 1
    ACCUMULATE = 2
    ZEROS = 4
    SCALED = 8
    SHRUNK = 16
    FULL = 32
    POOLED = 64
    NEW_WEIGHTS = 128
    OUTPUT_STATIONARY = 256
    TRANSPOSE_A = 512
    TRANSPOSE_B = 1024
    FROM_LOOP = 2048


@dataclass(frozen=True)
class Violation:
    """The first command that broke a rule: its place in the list, its name, its source line, the rule, the reason."""

    index: int
    command: str
    line: int
    rule: Rule
    reason: str

    def __str__(self) -> str:
        place = f"line {self.line}, " if self.line else ""
        return f"{place}command {self.index} ({self.command}): {self.reason} [{self.rule.name.lower()}]"


class CommandError(AccelcoreError):
    """A command breaks a rule of the accelerator; `violation` says which."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(str(violation), hint="the hardware has no defined result here")
        self.violation = violation

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.violation,)
