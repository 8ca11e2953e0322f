"""Programs run at every vector length and at sizes around it, against the judge's oracle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from accelcore.errors import AccelcoreError, RunFailure
from accelcore.judge.compare import difference
from accelcore.judge.extents import admits
from accelcore.judge.pool import Pool
from accelcore.values import Artifact, Kernel, Limits, Source, Task, sizes_of
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.runner import RvvRunner
from accelcore_rvv.target import RvvTarget

ROOT = Path(__file__).parents[3]
LIFTING = ROOT / "bench" / "lifting" / "programs"
FLOATS = (
    *sorted((ROOT / "bench" / "avx" / "kernels").glob("*.py")),
    ROOT / "bench" / "rvv" / "kernels" / "loops.py",
)
LIMITS = Limits(seconds=60)


@dataclass(frozen=True)
class Outcome:
    """What became of a program: "right", or why not.  vector: whether a loop runs in lanes.  calls: those compared."""

    name: str
    result: str
    vector: bool = False
    calls: int = 0


def functions(path: Path) -> list[Source]:
    """Every public function of a file."""
    text = path.read_text()
    nodes = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    return [Source(text, "python", node.name, str(path)) for node in nodes]


def lifted(source: Source) -> Task:
    """The task with the summary that the rules find."""
    from accelcore_llmlift.frontend import program_of
    from accelcore_llmlift.lifter import lift_program
    from accelcore_llmlift.translator import PythonTranslator

    task = PythonTranslator().task(source, {})
    return replace(task, reference=lift_program(program_of(source)).summary)


def scheduled(task: Task) -> Kernel:
    """The kernel of the first move that applies, or the seed."""
    target = RvvTarget()
    seed = target.lower(task)
    for move in target.moves(task, seed):
        for kernel in target.rewrite(move, task, seed):
            if "__riscv_" in kernel.text:
                return kernel
    return seed


def extents(task: Task, vlen: int) -> Iterator[dict[str, int]]:
    """Sizes 0, 1, around the vector length, a prime and 1000: one size at a time, the others small."""
    names = sorted({size for p in task.params for e in p.shape for size in e.sizes} | {
        p.name for p in task.params if p.role.value == "size"
    })  # fmt: skip
    vl = vlen // 32 * 4
    for at, value in enumerate((0, 1, vl - 1, vl, vl + 1, 101, 1000)):
        largest = 1000 if len(names) == 1 else 101
        for turn in range(len(names)) if at in (2, 4) else (at % max(1, len(names)),):
            yield {name: min(value, largest) if n == turn else 5 for n, name in enumerate(names)}


def sweep(source: Source) -> Outcome:
    """One program at all lengths and sizes."""
    name = f"{Path(source.path or '').stem}:{source.entry}"
    try:
        task = lifted(source)
        kernel = scheduled(task)
    except AccelcoreError as error:
        return Outcome(name, f"not lowered: {error.what}")
    vector = "__riscv_" in kernel.text
    (built,) = RvvEvaluator().build(task, [kernel], limits=LIMITS)
    if not isinstance(built, Artifact):
        return Outcome(name, f"not built: {built.log[:200]}", vector)
    return compared(name, task, built, vector)


def compared(name: str, task: Task, built: Artifact, vector: bool) -> Outcome:
    """Every call's results beside the oracle's."""
    calls = 0
    pool = Pool(task, seed=7)
    try:
        with RvvEvaluator().open(built, limits=LIMITS) as runner:
            for vlen in VLENS:
                for sizes in extents(task, vlen):
                    if not admits(task, built.kernel, sizes):
                        continue
                    problem = _problem(task, runner, pool, vlen, sizes, calls)
                    if problem:
                        return Outcome(name, f"VLEN {vlen}, {sizes}: {problem}", vector, calls)
                    calls += 1
    finally:
        pool.close()
    return Outcome(name, "right", vector, calls)


def _problem(task: Task, runner: RvvRunner, pool: Pool, vlen: int, sizes: dict[str, int], number: int) -> str:
    try:
        trial = pool.trial(sizes_of(sizes), number % 6)
    except AccelcoreError as error:
        return f"no inputs: {error.what}"
    buffers = trial.fresh()
    try:
        runner.run_at(vlen, buffers, sizes)
    except RunFailure as failure:
        return failure.what
    found = (difference(n, buffers[n], expected) for n, expected in trial.expected.items())
    return next((text for text in found if text), "")
