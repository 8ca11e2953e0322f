"""The values that the parts hand to each other: frozen, picklable, no callables inside.

Shapes are tuples of integer expressions over size parameters (`accelcore.ir`), dtypes are the names of
`accelcore.ir.dtypes` ("f32", "u8", "i64", "bool", ...; "int" and "real" are the unbounded integers and the reals).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelcore.ir.expr import Expr

Sizes = tuple[tuple[str, int], ...]
"""Values of size parameters, sorted by name: (("m", 1024), ("n", 512))."""

Span = tuple[str, str, float, float]
"""Work of one engine on a simulator's timeline: (engine, what, start, end), times in the unit of the cost, from 0."""


class _Lower(enum.StrEnum):
    """String enums whose values are the lower-case names: what JSON shows."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name.lower()


class Status(_Lower):
    """How the evaluation of a kernel ended."""

    OK = enum.auto()
    UNSUPPORTED = enum.auto()
    COMPILE_ERROR = enum.auto()
    WRONG = enum.auto()
    CHEATED = enum.auto()
    TIMEOUT = enum.auto()
    CRASHED = enum.auto()
    HARNESS_ERROR = enum.auto()


class Proof(_Lower):
    """What is known about a summary: does it equal its source?"""

    PROVED = enum.auto()
    BOUNDED = enum.auto()
    TESTED = enum.auto()
    REFUTED = enum.auto()
    UNKNOWN = enum.auto()
    UNSUPPORTED = enum.auto()


class Grade(_Lower):
    """How a kernel that is OK came to be.

    DERIVED: only legality-checked rewrites of a PROVED summary, then judged.
    TESTED: a model or a person wrote some of it; judged on inputs only.
    """

    DERIVED = enum.auto()
    TESTED = enum.auto()


class Fidelity(_Lower):
    """Where a cost comes from.

    INTERPRETED: from nowhere.  What the kernel says was carried out on another machine without the target's compiler
    and instructions, which is good for a verdict: the grade is TESTED, whatever the derivation.
    """

    HARDWARE = enum.auto()
    SIMULATED = enum.auto()
    MODELLED = enum.auto()
    INTERPRETED = enum.auto()


class Role(_Lower):
    """What a parameter is to the function.  A SIZE parameter is an integer that (also) gives extents."""

    IN = enum.auto()
    OUT = enum.auto()
    INOUT = enum.auto()
    SCALAR = enum.auto()
    SIZE = enum.auto()


class Phase(_Lower):
    """What a proposer is asked for."""

    SUMMARIZE = enum.auto()
    PLAN = enum.auto()
    IMPLEMENT = enum.auto()
    REPAIR = enum.auto()
    TRANSLATE = enum.auto()
    COMBINE = enum.auto()
    INVENT = enum.auto()


@dataclass(frozen=True)
class Source:
    """Program text in a source language ("python", "c", "c++"), and the function in it that counts."""

    text: str
    language: str
    entry: str
    path: str | None = None


@dataclass(frozen=True)
class Param:
    """A parameter or result of a task.  `shape` is () for scalars; sizes are dtype "i64" and shape ()."""

    name: str
    dtype: str
    shape: tuple[Expr, ...] = ()
    role: Role = Role.IN


@dataclass(frozen=True)
class Bounds:
    """Closed interval from which the inputs of one parameter are drawn; None means the dtype's own limit."""

    name: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class InputSpec:
    """How the judge draws inputs: bounds by parameter; everything else follows from dtypes and `requires`."""

    bounds: tuple[Bounds, ...] = ()


@dataclass(frozen=True)
class Tolerance:
    """How far a floating-point result may be from the exact one.

    accumulate: dtype whose unit roundoff scales the running forward-error bound ("" means the result's own dtype).
    factor: multiple of that bound which is accepted; integers are always exact.
    """

    accumulate: str = ""
    factor: float = 4.0


@dataclass(frozen=True)
class Summary:
    """A program summary: for each result, the expression that it equals, over the values at entry.

    post: (result name, tensor-valued Expr) pairs.  invariants: (loop label, text) pairs, as a proposer gave them or as
    they were derived.  number_model: the one under which it is claimed ("int", "i32", "real", ...).
    """

    post: tuple[tuple[str, Expr], ...]
    invariants: tuple[tuple[str, str], ...] = ()
    number_model: str = "real"

    def _repr_html_(self) -> str:
        return _notebook(self)


@dataclass(frozen=True)
class Task:
    """What is to be computed, apart from how.

    name: identifier, also the entry of generated kernels (`ac_<name>` in C).
    params: in the order of the source's arguments, then results; roles tell which is which.
    requires: boolean expressions over sizes, scalars and elements: assumed by proofs, tested at an export's border.
    reference: the proved Summary, or a Source when it was not lifted.
    source: the user's program, when there is one.
    sizes: the size sets that are judged and timed; the first is the one whose cost is reported.
    """

    name: str
    params: tuple[Param, ...]
    reference: Summary | Source
    requires: tuple[Expr, ...] = ()
    inputs: InputSpec = InputSpec()
    tolerance: Tolerance = Tolerance()
    sizes: tuple[Sizes, ...] = ()
    source: Source | None = None

    def param(self, name: str) -> Param:
        """The parameter of that name; KeyError when there is none."""
        for param in self.params:
            if param.name == name:
                return param
        raise KeyError(name)

    @property
    def results(self) -> tuple[Param, ...]:
        """Parameters that the kernel writes: OUT and INOUT, in order."""
        return tuple(p for p in self.params if p.role in (Role.OUT, Role.INOUT))


@dataclass(frozen=True)
class Counterexample:
    """A concrete input on which source and summary differ.

    inputs: (name, nested lists or a number) pairs; got is what the source computes, want what the summary says.
    `script` is Python text that a person can paste and run to see it.
    """

    inputs: tuple[tuple[str, object], ...]
    got: object
    want: object
    script: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer of a verifier about a summary.

    requires: preconditions that the proof used.  bound: largest size covered when proof is BOUNDED.
    reason: one line for UNKNOWN and UNSUPPORTED.  obligations: (label, solver result, milliseconds).
    certificate: JSON text from which the proof can be re-checked, "" when there is none.
    """

    proof: Proof
    verifier: str
    number_model: str = ""
    requires: tuple[Expr, ...] = ()
    bound: int | None = None
    counterexample: Counterexample | None = None
    reason: str = ""
    seconds: float = 0.0
    obligations: tuple[tuple[str, str, float], ...] = ()
    certificate: str = ""

    def _repr_html_(self) -> str:
        return _notebook(self)


@dataclass(frozen=True)
class Kernel:
    """Target code.

    schedule: the rewrites that made it, in order, as text that replays; empty for code from elsewhere.
    build: (option, value) pairs for the evaluator, such as ("cc", "gcc"), ("flags", "-O3 -march=native").
    binding: (task parameter, argument text) pairs for a kernel with its own signature; empty means the task's order.
    domain: boolean expressions over sizes that the kernel accepts; empty means all sizes.
    """

    text: str
    language: str
    entry: str
    schedule: tuple[str, ...] = ()
    build: tuple[tuple[str, str], ...] = ()
    binding: tuple[tuple[str, str], ...] = ()
    domain: tuple[Expr, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Identity of the code: sha256 over everything but the schedule."""
        return digest_of(self.text, self.language, self.entry, self.build, self.binding)


@dataclass(frozen=True)
class Move:
    """One optimization idea: its name, and the text that a language model reads.

    A rewrite of the same name in the target implements it without a model.  `name` carries its arguments, so that it
    replays: "split(j, 16)".
    """

    name: str
    text: str = ""


@dataclass(frozen=True)
class Request:
    """What a proposer is asked.

    history: what was done to come to the parent, oldest first, in words.
    """

    phase: Phase
    task: Task
    target: str = ""
    parent: Candidate | None = None
    moves: tuple[Move, ...] = ()
    feedback: str = ""
    step: int = 0
    slot: int = 0
    history: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage:
    """What an answer cost."""

    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    dollars: float = 0.0


@dataclass(frozen=True)
class Proposal:
    """An answer: code or a summary as text, a plan in words, or a kernel that a rewrite already made."""

    text: str
    plan: str = ""
    origin: str = ""
    usage: Usage = Usage()
    kernel: Kernel | None = None
    summary: Summary | None = None
    move: Move | None = None


@dataclass(frozen=True)
class Candidate:
    """A kernel and where it came from.  (step, slot) is its logical place in the search."""

    kernel: Kernel
    parent: str | None = None
    plan: str = ""
    move: Move | None = None
    origin: str = ""
    step: int = 0
    slot: int = 0

    @property
    def digest(self) -> str:
        """The kernel's digest."""
        return self.kernel.digest


@dataclass(frozen=True)
class Cost:
    """A measured or modelled cost; lower is better.  unit: "s" for seconds, "cycles"."""

    value: float
    unit: str = "s"


@dataclass(frozen=True)
class Evaluation:
    """What happened to a kernel, decided by the judge alone.

    cost is None unless status is OK.  samples: individual costs; metrics: (name, value) pairs such as ("ratio", 1.7)
    against the incumbent; feedback: what a person or model may act on; log: compiler or runner text, truncated.
    fingerprint: of the evaluator (machine, compiler, versions); costs of unlike fingerprints are never ordered.
    sandbox: the level under which it ran and its layers.
    timeline: what each engine did when, at `sizes`, where a simulator tells it.
    """

    kernel: str
    task: str
    sizes: Sizes
    status: Status
    grade: Grade = Grade.TESTED
    cost: Cost | None = None
    fidelity: Fidelity = Fidelity.HARDWARE
    samples: tuple[float, ...] = ()
    metrics: tuple[tuple[str, float], ...] = ()
    feedback: str = ""
    log: str = ""
    sandbox: str = ""
    fingerprint: str = ""
    timeline: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        if (self.cost is not None) and self.status is not Status.OK:
            raise ValueError(f"an evaluation that ended {self.status} has no cost")

    def metric(self, name: str) -> float | None:
        """The metric of that name, or None."""
        return dict(self.metrics).get(name)

    def _repr_html_(self) -> str:
        return _notebook(self)


@dataclass(frozen=True)
class Budget:
    """Limits of a run; None is no limit."""

    evaluations: int | None = None
    proposals: int | None = None
    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of one child process: wall seconds, bytes of memory, bytes of output kept."""

    seconds: float = 10.0
    memory: int = 2 << 30
    output: int = 64 << 10


@dataclass(frozen=True)
class Memory:
    """One level of a machine's memory: size in bytes, bandwidth in bytes per second."""

    name: str
    size: int
    bandwidth: float


@dataclass(frozen=True)
class Machine:
    """What the roofline is drawn from.  peaks: (dtype, operations per second) pairs; memories from near to far."""

    name: str
    peaks: tuple[tuple[str, float], ...] = ()
    memories: tuple[Memory, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Artifact:
    """A built kernel: where the built file is, the symbol in it, and what the evaluator needs to open it."""

    kernel: Kernel
    path: str
    symbol: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AbiArg:
    """One argument of a C kernel in the accelcore interface; `kind` is "pointer", "scalar" or "size"."""

    name: str
    kind: str
    dtype: str
    role: Role
    shape: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Run:
    """The read side of a journal: everything that `report` and `resume` need, without opening a session.

    measurements: what was measured outside the search, in order: ("confirmation", the champion's evaluation, whose
    metric `ratio` is its cost over the start's), ("baseline LABEL", one whose `ratio` is its cost over the champion's).
    paid: dollars that models had cost when each of the evaluations was recorded.
    """

    id: str
    path: str
    status: str
    config: Mapping[str, object] = field(default_factory=dict)
    task: Task | None = None
    verdict: Verdict | None = None
    candidates: tuple[Candidate, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    best: str | None = None
    spent: Mapping[str, float] = field(default_factory=dict)
    events: tuple[tuple[float, str, str], ...] = ()
    measurements: tuple[tuple[str, Evaluation], ...] = ()
    paid: tuple[float, ...] = ()

    def _repr_html_(self) -> str:
        return _notebook(self)


def _notebook(value: object) -> str:
    from accelcore.html.notebook import html

    return html(value)


def abi_arguments(task: Task) -> tuple[AbiArg, ...]:
    """The arguments of `ac_<name>` in order (docs/abi.md): the source's arguments, results, the remaining sizes.

    Arrays are pointers, scalars go by value, a size that is an argument of the source is passed once and in its
    place, sizes that only appear in shapes come last by name, all sizes as int64_t.
    """
    first = [p for p in task.params if p.role is not Role.OUT]
    results = [p for p in task.params if p.role is Role.OUT]
    args = [AbiArg(p.name, _kind(p), p.dtype, p.role, p.shape) for p in (*first, *results)]
    named = {p.name for p in task.params}
    rest = sorted({size for p in task.params for extent in p.shape for size in extent.sizes} - named)
    return (*args, *(AbiArg(name, "size", "i64", Role.SIZE) for name in rest))


def _kind(param: Param) -> str:
    if param.role is Role.SIZE:
        return "size"
    return "scalar" if param.role is Role.SCALAR else "pointer"


def size_names(task: Task) -> tuple[str, ...]:
    """All size parameters of a task, sorted: those in its signature and those that only shapes name."""
    found = {p.name for p in task.params if p.role is Role.SIZE}
    for param in task.params:
        for extent in param.shape:
            found |= extent.sizes
    return tuple(sorted(found))


def sizes_of(values: Mapping[str, int]) -> Sizes:
    """`Sizes` from a mapping."""
    return tuple(sorted((name, int(value)) for name, value in values.items()))


def digest_of(*parts: object) -> str:
    """sha256 hex of the parts' reprs, each framed by its length so that no two lists collide."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else repr(part).encode()
        state.update(len(data).to_bytes(8, "little") + data)
    return state.hexdigest()
