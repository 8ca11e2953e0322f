"""What plugins implement: small structural protocols; nothing to inherit from.

Every object that a hook returns has `name` (how users choose it), `about` (one line) and `missing()` (what is absent
here, each entry a tool with the command that installs it; empty when usable).  Targets, evaluators, strategies and
pools are frozen dataclasses: their fields are their options (`--target rvv:vlen=256`, `-O width=8`), a field's
`metadata={"help": ...}` its help.  `name`, `about`, `target`, `language` are ClassVars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from accelcore.session import Session
    from accelcore.values import (
        Artifact,
        Candidate,
        Cost,
        Evaluation,
        Kernel,
        Limits,
        Machine,
        Move,
        Proposal,
        Request,
        Source,
        Summary,
        Task,
        Usage,
        Verdict,
    )

    Buffers = Mapping[str, "np.ndarray[Any, Any]"]


@runtime_checkable
class Named(Protocol):
    """What all plugin objects share."""

    @property
    def name(self) -> str:
        """How users choose it."""
    @property
    def about(self) -> str:
        """One line for `accelcore targets`."""
    def missing(self) -> Sequence[str]:
        """What it lacks here, as lines for people; empty when it is usable.  Cheap: no heavy import, no child."""


@runtime_checkable
class Translator(Named, Protocol):
    """A front end: from source text to a task, and to a summary."""

    def accepts(self, source: Source) -> bool:
        """Whether this front end reads the source's language."""
    def task(self, source: Source, sizes: Mapping[str, int]) -> Task:
        """The task with the source as its reference.

        Raises UnsupportedSource with file:line:column for what is outside the subset.  sizes: values for the first
        size set; size parameters without a value get defaults.
        """
    def lift(self, task: Task, session: Session) -> None:
        """Find summaries and hand each to `session.verify(task, summary)` until one is proved or ideas run out.

        Ideas of proposers are asked for by `session.propose` with Phase.SUMMARIZE requests.
        """
    def interpret(self, source: Source, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run the source by its own semantics on nested lists or arrays and numbers: results by name."""


@runtime_checkable
class Verifier(Named, Protocol):
    """Decides whether a summary equals the source of its task."""

    @property
    def strongest(self) -> str:
        """The strongest Proof it can give: "proved", "bounded" or "tested"."""
    def check(self, task: Task, summary: Summary, *, timeout: float) -> Verdict:
        """Never raises for a hard query: UNKNOWN with a reason, within `timeout` seconds of wall time."""


@runtime_checkable
class Target(Named, Protocol):
    """A chip, or a language for one: lowering rules, moves and knowledge.

    Exports ask it for two things that it may have.  An attribute `foreign`, (cross compiler, emulator) as shell words:
    its C is checked there, and has no Python wrapper.  A method `export_check(kernel)`, for kernels that only its own
    evaluator runs: the shell command of `make check`, "" where there is none; None for a kernel that runs by itself.
    """

    @property
    def language(self) -> str:
        """Language of its kernels: "c", "python", ..."""
    @property
    def knowledge(self) -> Path | None:
        """Folder of plain files for people and models (architecture.md, isa.md, menu.yaml, ...), or None."""
    def machine(self) -> Machine:
        """Peaks and memories of the roofline."""
    def lower(self, task: Task) -> Kernel:
        """The seed kernel of a task whose reference is a Summary.  Deterministic.

        Raises UnsupportedLowering naming the part that it has no code for.
        """
    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Optimizations worth trying on this kernel, most promising first.  Deterministic."""
    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """Kernels that implement the move without a model; none when it is words only or illegal here."""
    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """What users would otherwise use, by name, such as {"-O3 gcc": ...}; judged beside the best kernel."""


@runtime_checkable
class Runner(Protocol):
    """An opened artifact in its child process or simulator; a context manager that leaves nothing behind."""

    def __enter__(self) -> Runner: ...
    def __exit__(self, *exception: object) -> None: ...
    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> Sequence[Cost] | None:
        """Run the kernel once over each set of buffers, in order; results are written into the sets' arrays.

        Scalars are arrays of shape ().  Returns a cost per call where the evaluator counts them itself (simulators,
        models); None where the judge's clock counts.  Raises `RunFailure` when the kernel did not come back well.
        A runner whose costs at the task's first sizes are those at larger ones names these in an attribute `counted`
        (by size name): there a kernel is called once, in full, when it is confirmed.
        A runner that counts may say where the costs went: attributes `feedback` (text), `metrics` (by name)
        and `timeline` (values.Span tuples: what each engine did when, in the unit of the cost).
        """


@runtime_checkable
class Evaluator(Named, Protocol):
    """Builds and runs kernels of one target.  It never decides: only `accelcore.judge` does.

    A class attribute `fidelity` (values.Fidelity) says where its costs come from; without one it is HARDWARE, and the
    judge's clock counts.  An attribute `affordable` says how many operations one call may have at sizes that
    nobody named; without one they are chosen for a processor.  `counts` names an option of it that takes sizes, as
    m=4096+n=512, whose cost counts instead of that of the sizes it is called at: large tasks are then judged at
    smaller ones.
    """

    @property
    def target(self) -> str:
        """Name of the target whose kernels it runs."""
    def fingerprint(self) -> str:
        """Machine, tools and versions: costs under other fingerprints are not comparable."""
    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Build a batch, in order; an Evaluation (COMPILE_ERROR, UNSUPPORTED) for each that could not be built."""
    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """Start a child or a simulator for one artifact."""


@runtime_checkable
class ProgramRunner(Protocol):
    """An evaluator that can also run somebody's whole program (`accelcore run`).

    One whose class says `takes_input = True` is also given `stdin=`: bytes, a descriptor to read from, or None.
    """

    def run(self, program: Path, args: Sequence[str], *, limits: Limits) -> Mapping[str, Any]:
        """The keys of `run --json` in DESIGN 2: status, exit, cost, metrics, feedback, stdout, log, sandbox."""


@runtime_checkable
class Strategy(Named, Protocol):
    """A search policy.  It pays for everything through the session and returns nothing: the journal has it all."""

    def search(self, session: Session, start: Candidate) -> None:
        """Search from an evaluated start until nothing improves; BudgetSpent may end it at any session call."""


@runtime_checkable
class Proposer(Named, Protocol):
    """A source of ideas.  Provisional."""

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        """At most n proposals, deterministic in (request, seed)."""


@runtime_checkable
class Reply(Protocol):
    """What a model answered; finish is "stop", "length", "refusal"."""

    @property
    def text(self) -> str:
        """The answer."""
    @property
    def usage(self) -> Usage:
        """What it cost."""
    @property
    def finish(self) -> str:
        """Why it ended."""


@runtime_checkable
class Model(Named, Protocol):
    """A language model provider.  Provisional."""

    @property
    def prefix(self) -> str:
        """What `--model PREFIX:NAME` chooses it by."""
    def complete(
        self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any] | None, limits: Limits
    ) -> Reply:
        """One answer, one request, no retries (the session retries)."""


@runtime_checkable
class Pool(Named, Protocol):
    """Where work runs.  Provisional."""

    def open(self) -> Executor:
        """An executor; the caller shuts it down."""
    def serves(self, fingerprint: str) -> bool:
        """Whether its workers give costs under this fingerprint."""
