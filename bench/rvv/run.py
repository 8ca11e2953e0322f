"""`make bench-rvv`: plain loops for RISC-V vectors, against clang's own vectorisation of the same loops.

For each kernel and CPU: the modelled cycles and executed instructions of the loops as clang compiles them (the better
of -O3 and -O3 -ffast-math), and those of the best of the first moves of the rvv target.  `hand` is a kernel written
with intrinsics (bench/rvv/hand) at the best of its register groupings.  Everything is counted on the emulator at one
vector length, so two runs print the same table.  The best kernels are then judged: at four vector lengths, on secret
inputs, at sizes of the judge's choice.

    python bench/rvv/run.py [--kernels PART,PART] [--cpus CPU,CPU] [--moves N] [--vlen BITS]
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from accelcore.errors import AccelcoreError
from accelcore.judge.pool import Pool
from accelcore.pipeline.benches import judged_once
from accelcore.values import Artifact, Kernel, Limits, Source, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_rvv.cpus import CPUS
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.model import LIMITS, Model, Spent
from accelcore_rvv.runner import RvvRunner
from accelcore_rvv.target import RvvTarget

AVX = Path(__file__).resolve().parents[1] / "avx" / "kernels"
OWN = Path(__file__).resolve().parent / "kernels" / "loops.py"
HAND = Path(__file__).resolve().parent / "hand"
GROUPS = (1, 2, 4, 8)
PATIENCE = Limits(seconds=120)
LINE = "{:14} {:22} {:>9} {:>9} {:>9} {:>9} {:>9} {:>6} {:>7}  {}"
COLUMNS = ("kernel", "sizes", "clang", "hand", "best", "clang ins", "best ins", "ratio", "to hand", "schedule")


@dataclass(frozen=True)
class Row:
    """A row of the table: its label, the function, its sizes."""

    label: str
    path: Path
    function: str
    sizes: str


ROWS = (
    Row("sgemm", AVX / "products.py", "sgemm", "m=48 n=96 k=48"),
    Row("gemv", AVX / "products.py", "gemv", "m=48 n=200"),
    Row("softmax", AVX / "rows.py", "softmax", "m=6 n=300"),
    Row("rmsnorm", AVX / "rows.py", "rmsnorm", "m=6 n=600"),
    Row("layernorm", AVX / "rows.py", "layernorm", "m=6 n=600"),
    Row("residual norm", AVX / "rows.py", "residual_rmsnorm", "m=6 n=600"),
    Row("logsumexp", AVX / "rows.py", "logsumexp", "m=6 n=300"),
    Row("dwconv 3x3", OWN, "dwconv", "h=10 w=12 c=64"),
    Row("conv 3x3", AVX / "products.py", "conv3x3", "h=8 w=10 c=8 o=64"),
    Row("conv 1d", OWN, "conv1d", "n=2000"),
    Row("transpose f32", AVX / "rows.py", "transpose", "m=48 n=96"),
    Row("transpose u8", OWN, "transpose_u8", "m=64 n=96"),
    Row("multiply u8", AVX / "elements.py", "multiply", "n=4000"),
    Row("overlay u8", AVX / "elements.py", "overlay", "n=4000"),
    Row("screen u8", OWN, "screen", "n=4000"),
    Row("overlay f32", AVX / "elements.py", "overlay_f32", "n=2000"),
    Row("gemm s8", OWN, "gemm_s8", "m=32 n=96 k=48"),
    Row("gemm u8s8", AVX / "products.py", "gemm_u8s8", "m=32 n=96 k=48"),
    Row("dot s8", OWN, "dot_s8", "n=4000"),
    Row("dot f32", AVX / "elements.py", "dot", "n=4000"),
    Row("sum of exps", OWN, "sum_exp", "n=2000"),
    Row("silu", OWN, "silu", "n=2000"),
    Row("row sums", OWN, "row_sums", "m=16 n=300"),
    Row("argmax", AVX / "lookups.py", "argmax", "m=6 n=600"),
    Row("saxpy", OWN, "saxpy", "n=2000"),
    Row("above", OWN, "above", "n=2000"),
    Row("nonzero u8", OWN, "nonzero", "n=2000"),
    Row("complex product", OWN, "complex_product", "n=1000"),
    Row("grey u8", OWN, "grey", "n=3000"),
    Row("prefix sum", OWN, "prefix_sum", "n=1000"),
    Row("running sum", OWN, "running_sum", "n=1000"),
    Row("running max u8", OWN, "running_max", "n=1000"),
    Row("running mean", OWN, "running_mean", "n=1000"),
    Row("smooth f32", OWN, "smooth", "n=2000"),
    Row("look-up u8", OWN, "looked_up", "n=2000"),
    Row("alpha blend u8", OWN, "alpha_blend", "n=4000"),
    Row("fir s16", OWN, "fir", "n=2000"),
    Row("distance u8", OWN, "distance", "n=4000"),
    Row("occurrences u8", OWN, "occurrences", "n=4000"),
    Row("planar u8", OWN, "planar", "n=3000"),
    Row("max pool f32", OWN, "max_pool", "m=32 n=128"),
    Row("sobel u8", OWN, "sobel", "m=24 n=200"),
    Row("turned 8x8 s16", OWN, "blocks_turned", "n=30"),
)


@dataclass(frozen=True)
class Measured:
    """One row on one CPU: clang's counts, the best ones, its schedule, those by hand; reason: why it is missing."""

    row: Row
    clang: Spent | None = None
    best: Spent | None = None
    schedule: str = ""
    hand: Spent | None = None
    reason: str = ""

    @property
    def ratio(self) -> float | None:
        """How much faster the best kernel is; None without one that is right."""
        return self.clang.cycles / self.best.cycles if self.clang and self.best and not self.reason else None

    @property
    def behind(self) -> float | None:
        """The best kernel's cycles over those of the one by hand; None without one."""
        return self.best.cycles / self.hand.cycles if self.hand and self.best and not self.reason else None


def task_of(row: Row) -> Task:
    """The task with the summary that the rules find."""
    source = Source(row.path.read_text(), "python", row.function, str(row.path))
    sizes = {name: int(value) for name, value in (part.split("=") for part in row.sizes.split())}
    task = PythonTranslator().task(source, sizes)
    return replace(task, reference=lift_program(program_of(source)).summary)


class Counter:
    """Counts kernels of one task on one CPU, all on the same inputs."""

    def __init__(self, task: Task, cpu: str, vlen: int) -> None:
        self.task, self.evaluator = task, RvvEvaluator(vlen=vlen, cpu=cpu)
        self.trial = Pool(task, seed=1).trial(task.sizes[0], 0)

    def spent(self, kernels: list[Kernel]) -> Iterator[tuple[Kernel, Spent]]:
        """Counts of the kernels that build and end well."""
        for kernel, built in zip(kernels, self.evaluator.build(self.task, kernels, limits=PATIENCE), strict=True):
            if not isinstance(built, Artifact):
                continue
            model = Model(Path(built.path), CPUS[self.evaluator.cpu], self.evaluator.vlen)
            with RvvRunner(built, model, PATIENCE) as runner:
                counts = runner.run_at(model.vlen, self.trial.fresh(), dict(self.task.sizes[0]))
            yield kernel, model.spent(counts)


def by_hand(row: Row) -> list[Kernel]:
    """The kernel that was written by hand, at each grouping of registers."""
    file = HAND / f"{row.function}.c"
    if not file.exists():
        return []
    text = (HAND / "common.h").read_text() + file.read_text()
    return [Kernel(f"#define GROUP {group}\n{text}", "c", f"ac_{row.function}") for group in GROUPS]


def best_right(counter: Counter, kernels: list[Kernel]) -> tuple[Kernel, Spent, str] | None:
    """The cheapest of the kernels, its counts, and what the judge has against it."""
    found = min(counter.spent(kernels), key=lambda pair: pair[1].cycles, default=None)
    if found is None:
        return None
    judged = judged_once(counter.evaluator, counter.task, found[0], limits=PATIENCE)
    return (*found, "" if judged.status == "ok" else f"{judged.status}: {judged.feedback}")


def measure(row: Row, cpu: str, vlen: int, moves: int) -> Measured:
    """One row on one CPU."""
    try:
        task, target = task_of(row), RvvTarget(vlen=vlen, cpu=cpu)
        counter, seed = Counter(task, cpu, vlen), target.lower(task)
        clang = min((s for _, s in counter.spent(list(target.baselines(task).values()))), key=lambda s: s.cycles)
        tried = [k for move in target.moves(task, seed)[:moves] for k in target.rewrite(move, task, seed)]
        best, hand = best_right(counter, [*tried, seed]), best_right(counter, by_hand(row))
    except (AccelcoreError, ValueError) as error:
        return Measured(row, reason=str(error))
    if best is None:
        return Measured(row, clang, reason="nothing runs")
    kernel, spent, wrong = best
    if hand and hand[2]:
        wrong = f"by hand: {hand[2]}"
    return Measured(row, clang, spent, "; ".join(kernel.schedule), hand[1] if hand else None, wrong)


def report(found: Measured) -> None:
    """Print a row."""
    row, clang, best, hand = found.row, found.clang, found.best, found.hand
    if clang is None or best is None or found.ratio is None:
        print(LINE.format(row.label, row.sizes, *"-------", found.reason), flush=True)
        return
    counts = (f"{clang.cycles:.0f}", f"{hand.cycles:.0f}" if hand else "", f"{best.cycles:.0f}")
    ratios = (f"{found.ratio:.2f}", f"{found.behind:.2f}" if found.behind else "")
    line = (row.label, row.sizes, *counts, clang.instructions, best.instructions, *ratios, found.schedule)
    print(LINE.format(*line), flush=True)


def table(rows: list[Row], cpu: str, vlen: int, moves: int) -> bool:
    """One CPU's table; whether every row was measured, none slower than 0.95x, and the mean reached."""
    print(f"\n{cpu}, VLEN {vlen}\n{LINE.format(*COLUMNS)}", flush=True)
    with ProcessPoolExecutor(max(1, min(4, (os.cpu_count() or 2) // 2))) as pool:
        done = [pool.submit(measure, row, cpu, vlen, moves) for row in rows]
        ratios, behind = [], []
        for one in done:
            found = one.result()
            report(found)
            ratios.append(found.ratio)
            behind.append(found.behind)
    known = [ratio for ratio in ratios if ratio]
    if not known:
        return False
    mean = math.exp(sum(map(math.log, known)) / len(known))
    print(f"geometric mean {mean:.2f} over {len(known)} of {len(rows)} rows, least {min(known):.2f}")
    races = [factor for factor in behind if factor]
    if races:
        close, mean_of_hand = sum(f <= 1.10 for f in races), math.exp(sum(map(math.log, races)) / len(races))
        print(f"to hand: {mean_of_hand:.2f}, most {max(races):.2f}; {close} of {len(races)} within 10 %")
    return len(known) == len(rows) and min(known) >= 0.95 and mean >= 1.5


def main() -> int:
    """Print a table for each CPU; 0 when the aims are reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="", help="parts of labels or functions, joined by commas")
    parser.add_argument("--cpus", default="spacemit-x60,sifive-p670", help="CPUs, joined by commas")
    parser.add_argument("--moves", type=int, default=30, help="moves that are tried for each kernel")
    parser.add_argument("--vlen", type=int, default=256, help="bits of a vector register")
    given = parser.parse_args()
    missing = RvvEvaluator().missing()
    if missing:
        print(*missing, sep="\n", file=sys.stderr)
        return 1
    words = [word.strip() for word in given.kernels.split(",") if word.strip()]
    rows = [r for r in ROWS if not words or any(w in f"{r.label} {r.function}" for w in words)]
    good = [table(rows, cpu, given.vlen, given.moves) for cpu in given.cpus.split(",")]
    print(LIMITS)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
