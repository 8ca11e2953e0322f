"""The schedule: in-order queues over the engines, started as soon as what they wait for is there.

Invariant: an instruction starts only after all that it waits for has a finish time, and queues keep their order.  Each
step starts the queue head that can start first, so the loop ends when all queues are empty: program order is a legal
order, hence some head is always ready.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from accelcore_nki.occupancy import Occupancy, occupancy
from accelcore_nki.recorder import uncollected
from accelcore_nki.timing.constants import CONSTANTS, Constants
from accelcore_nki.timing.costs import Cost, cost
from accelcore_nki.timing.dependencies import dependencies

if TYPE_CHECKING:
    from accelcore_nki.recorder import Instruction, Program

ENGINES = ("tensor", "vector", "scalar", "gpsimd", "sync", "dma")


@dataclass(frozen=True)
class Timeline:
    """Times in ns from the start of the first instruction.

    start, busy: of each instruction; finish: when others may use its result.  cause: the instruction that each waited
    for last (-1: none), by `kind`: data, reuse (of memory), engine (its queue) or port.
    total: of the kernel, with its launch.
    """

    program: Program
    occupancy: Occupancy
    costs: tuple[Cost, ...]
    start: tuple[float, ...]
    finish: tuple[float, ...]
    cause: tuple[int, ...]
    kind: tuple[str, ...]
    total: float
    launch: float

    def busy(self, engine: str) -> float:
        """ns that an engine works."""
        pairs = zip(self.program.instructions, self.costs, strict=True)
        return sum(c.busy for i, c in pairs if i.engine == engine)


@dataclass
class _State:
    """Where the schedule stands."""

    program: Program
    costs: list[Cost]
    data: list[list[int]]
    reuse: list[list[int]]
    constants: Constants
    resources: list[tuple[str, ...]]
    queues: dict[str, deque[int]] = field(default_factory=dict)
    free: dict[str, tuple[float, int]] = field(default_factory=dict)
    start: dict[int, float] = field(default_factory=dict)
    finish: list[float | None] = field(default_factory=list)
    cause: dict[int, tuple[int, str]] = field(default_factory=dict)
    heads: dict[str, tuple[float, int, str] | None] = field(default_factory=dict)


def modelled(program: Program) -> Timeline:
    """The timeline of a program on its generation; deterministic."""
    with uncollected():
        return _modelled(program)


def _modelled(program: Program) -> Timeline:
    placed = occupancy(program)
    constants = CONSTANTS[program.generation.name]
    costs = [cost(i, constants) for i in program.instructions]
    state = _State(program, costs, *dependencies(program, placed), constants, [])
    state.finish = [None] * len(costs)
    for at, instruction in enumerate(program.instructions):
        queue = _queue(instruction)
        state.queues.setdefault(queue, deque()).append(at)
        state.resources.append(_resources(queue, instruction, program.generation.version))
    while any(state.queues.values()):
        _step(state)
    finish = tuple(f or 0.0 for f in state.finish)
    order = range(len(costs))
    launch = constants.launch.value * 1000
    return Timeline(
        program, placed, tuple(costs), tuple(state.start[i] for i in order), finish,
        tuple(state.cause[i][0] for i in order), tuple(state.cause[i][1] for i in order),
        max(finish, default=0.0) + launch, launch,
    )  # fmt: skip


def _queue(instruction: Instruction) -> str:
    """Engines have one queue; DMA has one for what comes in and one for what goes out, so that neither blocks."""
    if instruction.engine != "dma":
        return instruction.engine
    return "dma in" if instruction.dst[0].storage.on_chip else "dma out"


def _resources(queue: str, instruction: Instruction, version: int) -> tuple[str, ...]:
    """What an instruction occupies: its engine, and on NeuronCore-v2 a port that two engines share."""
    if queue.startswith("dma"):
        return ("dma",)
    if version > 2 or queue not in ("vector", "gpsimd", "scalar"):
        return (queue,)
    buffers = {view.storage.buffer for view in (*instruction.dst, *instruction.src)}
    shared = []
    if "sbuf" in buffers and queue != "scalar":
        shared.append("sbuf port")
    if "psum" in buffers and queue != "gpsimd":
        shared.append("psum port")
    return (queue, *shared)


def _step(state: _State) -> None:
    """Start the queue head that can start first."""
    best: tuple[float, str, int, str] | None = None
    for name, queue in state.queues.items():
        if queue:
            ready = _ready(state, name, queue[0])
            if ready is not None and (best is None or ready[0] < best[0]):
                best = (ready[0], name, ready[1], ready[2])
    assert best is not None, "program order is a legal order"
    begin, name, cause, kind = best
    at = state.queues[name].popleft()
    state.heads[name] = None
    price = state.costs[at]
    state.start[at], state.cause[at] = begin, (cause, kind)
    state.finish[at] = begin + price.busy + price.latency
    for resource in state.resources[at]:
        state.free[resource] = (begin + price.busy, at)


def _ready(state: _State, name: str, at: int) -> tuple[float, int, str] | None:
    """When a queue head can start, and what it waits for last; None while that is not known."""
    known = state.heads.get(name)
    if known is None:
        known = _arrival(state, name, at)
        if known is None:
            return None
        state.heads[name] = known
    begin, cause, kind = known
    for resource in state.resources[at]:
        free, user = state.free.get(resource, (0.0, -1))
        if free > begin:
            begin, cause, kind = free, user, "port" if resource.endswith("port") else "engine"
    return begin, cause, kind


def _arrival(state: _State, name: str, at: int) -> tuple[float, int, str] | None:
    """When all that an instruction waits for is visible to its engine."""
    begin, cause, kind = 0.0, -1, "engine"
    instructions = state.program.instructions
    engine = instructions[at].engine
    for waits, label in ((state.data[at], "data"), (state.reuse[at], "reuse")):
        for other in waits:
            done = state.finish[other]
            if done is None:
                return None
            if instructions[other].engine != engine or engine == "dma":
                done += state.constants.semaphore.value
            elif engine == "tensor":
                done = state.start[other] + state.costs[other].busy  # accumulation is pipelined inside the array
            if done > begin:
                begin, cause, kind = done, other, label
    return begin, cause, kind
