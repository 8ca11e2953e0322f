"""Keyless search from plain loops to the array: `make bench-gemmini [ARGS=...]`.

Each line: how the summary was established, cycles of the simplest kernel, of one call of the programs library and of
the best kernel found, and the share of the array's multiplications that the best uses.  Cycles are of the model that
was fitted to the RTL, with memory latency 40; the host's own work is in them (one cycle a basic block, modelled).
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import accelcore
from accelcore.pipeline.benches import judged_once
from accelcore.pipeline.results import OptimizeResult
from accelcore.values import Kernel, Task
from accelcore_gemmini.target import GemminiEvaluator, GemminiTarget

sys.path.insert(0, str(Path(__file__).parent))  # the module beside this file
from control import horizon

LOOPS = Path(__file__).parent / "loops.py"
_FORMS = Path(__file__).parents[2] / "plugins" / "gemmini" / "tests" / "loops" / "products.py"
_PRODUCTS = ((512, 512, 512), (12544, 64, 256), (12544, 256, 64), (3136, 512, 128), (3136, 128, 512), (784, 1024, 256))
_IMAGES = ((56, 64), (28, 128), (14, 256))
_ARRAY = 256  # multiplications a cycle
_STEPS = 10  # of the control loop
_CONTROL = "control step, fp32 4x4 *"


@dataclass(frozen=True)
class Case:
    """One line of the table.  least: utilization that the project asks for; of the library's cycles over the best
    where `target` is another instance, which is not calibrated."""

    name: str
    function: str
    sizes: Mapping[str, int]
    multiplications: int
    least: float
    target: str = "gemmini"
    loops: Path = LOOPS


def cases() -> list[Case]:
    """Six products (rows x columns x depth), three convolutions without and with padding, with stride, with pooling."""
    found = [
        Case(f"product {m}x{n}x{p}", "product", {"m": m, "n": n, "p": p}, m * n * p, 0.9) for m, n, p in _PRODUCTS
    ]
    for function, border in (("convolution", 2), ("padded", 0)):
        for size, channels in _IMAGES:
            sizes = {"b": 4, "h": size + border, "w": size + border, "c": channels, "f": channels}
            count = 4 * size * size * 9 * channels * channels
            found.append(Case(f"{function} {size}x{size}x{channels}->{channels}", function, sizes, count, 0.8))
    return [*found, *_forms(*_IMAGES[0]), Case(_CONTROL, "control", {}, 4 * 12 + 12 * 16, 1.5, "gemmini:config=fp32-4")]


def _forms(size: int, channels: int) -> list[Case]:
    """A convolution with stride 2 to half the size, and one whose pixels are pooled two by two; one image."""
    half, both = size // 2, {"c": channels, "f": channels}
    products = half * half * 9 * channels * channels
    strided = {"h": half, "w": half, **both}
    pooled = {"h2": half, "w2": half, "h": size + 2, "w": size + 2, **both}
    return [
        Case(f"stride 2, {half}x{half}x{channels}->{channels}", "strided", strided, products, 0.8, loops=_FORMS),
        Case(f"pooled 2x2, {size}x{size}x{channels}->{channels}", "pooled", pooled, 4 * products, 0.8, loops=_FORMS),
    ]


def searched(case: Case, evaluations: int, folder: Path) -> tuple[OptimizeResult, float]:
    """A search of its own, without the cache of other runs."""
    began = time.monotonic()
    out = folder / case.name.replace(" ", "-").replace(">", "")
    result = accelcore.compile(
        f"{case.loops}:{case.function}", case.target, out=out, sizes=case.sizes,
        max_evaluations=evaluations, cache=False, runs=folder / "runs",
    )  # fmt: skip
    return result, time.monotonic() - began


def line(case: Case, result: OptimizeResult, seconds: float) -> float | None:
    """Print a case; its utilization."""
    best = result.best.evaluation.cost if result.best else None
    if best is None or result.seed is None or result.seed.evaluation.cost is None:
        print(f"{case.name:34} {result.reason}")
        return None
    library = [b.evaluation.cost for b in result.baselines if b.evaluation.cost is not None]
    shown = f"{library[0].value:12,.0f}" if library else f"{'-':>12}"
    share = case.multiplications / _ARRAY / best.value
    used, met = f"{share:8.1%}", share >= case.least
    if case.target != "gemmini":
        ratio = library[0].value / best.value if library else 0.0
        used, met = f"{ratio:7.2f}x", ratio >= case.least
    proof = str(result.verdict.proof) if result.verdict else "-"
    print(
        f"{case.name:34} {proof:8} {result.seed.evaluation.cost.value:14,.0f} {shown} {best.value:12,.0f} {used} "
        f"{'ok' if met else 'LOW':4} {seconds:6.0f}",
        flush=True,
    )
    return share


def control_horizon() -> None:
    """Print the line of a horizon: one kernel against a call of the library for each product, a fence after each."""
    lifted = accelcore.lift(f"{LOOPS}:control").functions[0]
    assert lifted.task is not None and lifted.verdict is not None
    task, target = horizon(lifted.task, "x", "y", _STEPS), GemminiTarget("fp32-4")
    best, library = (_cycles(task, k) for k in (target.lower(task), target.baselines(task)["tiled_matmul_auto"]))
    met = "ok" if library >= 1.5 * best else "LOW"
    name = f"control horizon of {_STEPS}, fp32 4x4 *"
    shown = f"{best:14,.0f} {library:12,.0f} {best:12,.0f} {library / best:7.2f}x"
    print(f"{name:34} {lifted.verdict.proof!s:8} {shown} {met:4}", flush=True)


def _cycles(task: Task, kernel: Kernel) -> float:
    """What the judge measures of one kernel, without a search."""
    found = judged_once(GemminiEvaluator("fp32-4"), task, kernel, strict=False)
    if found.cost is None:
        raise SystemExit(f"{task.name}: {found.status}: {found.feedback}{found.log}")
    return found.cost.value


def main() -> None:
    """Run the cases whose names contain the words given; all without words."""
    parser = argparse.ArgumentParser(description="keyless search from plain loops to Gemmini kernels")
    parser.add_argument("words", nargs="*", help="only cases whose names contain one of these")
    parser.add_argument("--evaluations", type=int, default=16, help="candidates of each search")
    given = parser.parse_args()
    chosen = [c for c in cases() if not given.words or any(w in c.name for w in given.words)]
    print(f"{'loops':34} {'proof':8} {'naive':>14} {'library':>12} {'best':>12} {'use':>8} {'':4} {'s':>6}")
    with tempfile.TemporaryDirectory(prefix="bench-gemmini-") as folder:
        shares = {c.name: line(c, *searched(c, given.evaluations, Path(folder))) for c in chosen}
    if any(c.name == _CONTROL for c in chosen):
        control_horizon()
    products = [s for name, s in shares.items() if name.startswith("product") and s]
    if products:
        mean = math.exp(sum(map(math.log, products)) / len(products))
        print(f"geometric mean of the products: {mean:.1%}")
    print("* not calibrated; the library's cycles (one call for each product, a fence after each) over the best;")
    print("  a horizon's summary is the proved one of a step, applied to its own result; no search")


if __name__ == "__main__":
    main()
