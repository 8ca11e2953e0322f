"""A target in one file: REPLACE ME by your chip.

This one is a made-up machine that executes the tensor language itself, with a cost model in place of a clock: a kernel
is its summary as text, and a first line that says how many lanes the machine is to use.  So everything is here that a
real target has: a lowering, moves with rewrites, a machine, and an evaluator whose runner computes results and costs.

Nothing heavy is imported up here: accelcore asks every plugin what it offers before it knows which one it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from accelcore import hookimpl
from accelcore.errors import IrError, UnsupportedLowering
from accelcore.values import Artifact, Cost, Evaluation, Kernel, Limits, Machine, Memory, Move, Status, Summary, Task

requires_api = 1


@dataclass(frozen=True)
class MyChip:
    """Its fields are its options: `--target mychip:lanes=8`."""

    lanes: int = field(default=1, metadata={"help": "lanes that the seed kernel uses"})

    name: ClassVar[str] = "mychip"
    about: ClassVar[str] = "a made-up machine that executes the tensor language"
    language: ClassVar[str] = "mychip"
    knowledge: ClassVar[Path | None] = None

    def missing(self) -> Sequence[str]:
        """Tools that are absent here, each with the command that installs it."""
        return ()

    def machine(self) -> Machine:
        """Peaks and memories for the roofline."""
        return Machine("mychip", (("f32", 1e9),), (Memory("SRAM", 1 << 20, 1e9),))

    def lower(self, task: Task) -> Kernel:
        """The seed kernel: the same task gives the same text."""
        if not isinstance(task.reference, Summary):
            raise UnsupportedLowering("mychip lowers summaries only", where=task.name)
        lines = [f"lanes {self.lanes}", *(f"{name} = {e!r}" for name, e in task.reference.post)]
        return Kernel("\n".join(lines), self.language, task.name)

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """What is worth trying on this kernel."""
        lanes = int(kernel.text.split()[1])
        return [Move(f"lanes({2 * lanes})", "use twice as many lanes")] if lanes < 16 else []

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """The kernel after a move; a move that only a language model can carry out yields nothing."""
        lanes = int(move.name.removeprefix("lanes(").removesuffix(")"))
        _, rest = kernel.text.split("\n", 1)
        yield replace(kernel, text=f"lanes {lanes}\n{rest}", schedule=(*kernel.schedule, move.name))

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """What users would have otherwise."""
        return {}


@dataclass(frozen=True)
class MyChipModel:
    """The evaluator: builds kernels and opens runners.  It never decides; `accelcore.judge` does."""

    name: ClassVar[str] = "mychip-model"
    about: ClassVar[str] = "executes kernels and counts elements by lanes"
    target: ClassVar[str] = "mychip"
    fidelity: ClassVar[str] = "modelled"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    def fingerprint(self) -> str:
        """Everything that costs depend on: version of the model, of the simulator, of the board."""
        return "mychip-model 1"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """An artifact for each kernel, or the evaluation of one that does not build."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        try:
            parsed(task, kernel)
        except (IrError, ValueError) as error:
            sizes = task.sizes[0] if task.sizes else ()
            return Evaluation(kernel.digest, task.name, sizes, Status.COMPILE_ERROR, log=str(error))
        return Artifact(kernel, "", kernel.entry, (("task", _remember(task)),))

    def open(self, artifact: Artifact, *, limits: Limits) -> MyChipRunner:
        """Start whatever runs one artifact.  Native code must run in a child: see `accelcore.sandbox`."""
        return MyChipRunner(artifact)


class MyChipRunner:
    """Runs one kernel; kernels are data for this machine, so no child process is needed."""

    def __init__(self, artifact: Artifact) -> None:
        self._lanes = int(artifact.kernel.text.split()[1])
        self._program = parsed(_TASKS[dict(artifact.facts)["task"]], artifact.kernel)

    def __enter__(self) -> MyChipRunner:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def call(self, batch: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]) -> Sequence[Cost]:
        """Run once over each set of buffers: write the results into it, return what it cost."""
        from accelcore.ir.evaluate import evaluate_summary

        costs = []
        for buffers in batch:
            results = evaluate_summary(self._program, dict(buffers), dict(sizes))
            for name, value in results.items():
                buffers[name][...] = value
            elements = sum(buffers[name].size for name in results)
            costs.append(Cost(10.0 + elements / self._lanes, "cycles"))
        return costs


_TASKS: dict[str, Task] = {}


def _remember(task: Task) -> str:
    """Keep what the runner needs of a task: names and dtypes of the parameters."""
    key = f"{task.name} {task.params!r}"
    _TASKS[key] = task
    return key


def parsed(task: Task, kernel: Kernel) -> Summary:
    """A kernel's text as what the machine computes.  Raises IrError or ValueError for text that is no kernel."""
    from accelcore.ir.parser import parse

    head, *lines = kernel.text.splitlines()
    word, lanes = head.split()
    if word != "lanes" or not 1 <= int(lanes) <= 16:
        raise ValueError("a kernel begins with `lanes N`, N from 1 to 16")
    post = [(line.split(" = ", 1)[0], parse(line.split(" = ", 1)[1], task.params)) for line in lines]
    if [name for name, _ in post] != [p.name for p in task.results]:
        raise ValueError(f"a kernel of {task.name} computes {', '.join(p.name for p in task.results)}, in this order")
    return Summary(tuple(post))


@hookimpl
def accelcore_targets() -> Sequence[MyChip]:
    """The target."""
    return [MyChip()]


@hookimpl
def accelcore_evaluators() -> Sequence[MyChipModel]:
    """Its evaluator."""
    return [MyChipModel()]
