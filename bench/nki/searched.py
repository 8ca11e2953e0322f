"""Kernels from plain loops, searched without a model: modelled time on trn2 against what the busiest engine must take.

    python bench/nki/searched.py [--kernels matmul,softmax] [--seconds S] [--full]

Each row is one `accelcore compile --target nki` within the budget, from an empty cache: kernels are judged at smaller
sizes, which the pipeline chooses, timed at the row's, and the best is executed there once.  The bound is the time of
the busiest engine at the least work that the algorithm needs, spread as well as can be over the engines that have the
instructions; compulsory bytes at the DMA bandwidth are one of the engines.  What is not counted: PSUM copies,
transpositions, waits.  The ratio leaves out the launch, which no kernel can change.  --full executes each best kernel
once more at the row's sizes and compares with NumPy.  All times are modelled: a gain in modelled time may not hold on
silicon.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KERNELS = Path(__file__).resolve().parent / "kernels"
CHIP = "trn2"
SLICES = 1000  # in which work is spread over engines
LINE = "{:11} {:26} {:>9} {:>9} {:>9} {:>6} {:>5}  {}"

Work = tuple[float, dict[str, float]]
"""Elements a partition, and cycles an element by engine."""

ANY = {"vector": 1.0, "scalar": 1.0, "gpsimd": 2.0}  # by one number or column
PAIR = {"vector": 1.0, "gpsimd": 2.0}  # of two float32 tiles; the vector engine takes 2 cycles if none is in PSUM
MORE = {"vector": 1.0, "gpsimd": 2.0}  # a sum in the same instruction as a product, or apart


@dataclass(frozen=True)
class Row:
    """A row: the file and function, its sizes, the aim, the work besides bytes, in words.

    floats, width: compulsory elements and their bytes.  products: multiplications of the tensor engine, a float32 one
    as four (its passes).  Where the weights of a bf16 attention are kept as float32 is the judge's bound: one bf16 is
    2**-9 off and refused, two that add up to the weight are not.  dtype: the storage instead of the file's, if any.
    """

    file: str
    name: str
    sizes: dict[str, int]
    aim: float
    floats: float
    width: int
    work: tuple[Work, ...]
    counted: str
    products: float = 0.0
    dtype: str = ""

    @property
    def label(self) -> str:
        """What the table calls it."""
        return self.name + self.dtype.removeprefix("f")

    def source(self, folder: Path) -> Path:
        """The file of loops, or a copy in the folder with the row's storage."""
        written = KERNELS / f"{self.file}.py"
        if not self.dtype:
            return written
        copy = folder / written.name
        copy.write_text(written.read_text().replace("bf16[", f"{self.dtype}["))
        return copy


def _elements(*extents: int) -> float:
    """Elements a partition of a tensor of these extents."""
    total = 1.0
    for extent in extents:
        total *= extent
    return total / 128


def _rows() -> tuple[Row, ...]:
    square, wide = _elements(4096, 4096), _elements(4096, 7168)
    norm, gated = _elements(512, 4096), _elements(4096, 3072)
    state = _elements(256, 512, 16)
    return (
        Row("products", "matmul", {"m": 4096, "k": 8192, "n": 8192}, 1.15,
            4096 * 8192 + 8192 * 8192 + 4096 * 8192, 2, (), "m k n products", 4096 * 8192 * 8192),
        Row("rows", "rmsnorm", {"m": 512, "n": 4096}, 1.3, 2 * 512 * 4096 + 4096, 4,
            ((norm, {"scalar": 1.0, "vector": 2.0}), (norm, ANY), (norm, PAIR)), "square and sum, scale, weight"),
        Row("rows", "softmax", {"m": 4096, "n": 4096}, 1.3, 2 * 4096 * 4096, 4,
            ((square, {"vector": 1.0}), (square, {"scalar": 1.0}), (square, ANY)), "maximum, exp and sum, scale"),
        Row("rows", "layernorm", {"m": 4096, "n": 4096}, 1.3, 2 * 4096 * 4096 + 8192, 4,
            ((square, {"vector": 1.0, "scalar": 1.0}), (square, {"scalar": 1.0}), (square, ANY), (square, PAIR),
             (square, PAIR)), "sum, square and sum, shift and scale, weight, bias"),
        Row("rows", "rope", {"m": 4096, "h": 2048}, 1.3, 3 * 4096 * 4096, 4,
            ((square, PAIR), (square, PAIR), (square, PAIR)), "two products and a sum"),
        Row("rows", "silu", {"m": 4096, "n": 7168}, 1.3, 2 * 4096 * 7168, 4,
            ((wide, {"scalar": 1.0}),), "one activation"),
        Row("products", "swiglu", {"m": 4096, "k": 1024, "n": 3072}, 1.3,
            4096 * 1024 + 2 * 1024 * 3072 + 4096 * 3072, 2, ((gated, {"scalar": 1.0}), (gated, {"vector": 1.0})),
            "two products, silu, their product", 2 * 4096 * 1024 * 3072),
        Row("products", "attention", {"m": 4096, "n": 4096, "d": 128}, 1.3,
            4 * 4096 * 128, 2,
            ((square, {"vector": 1.0}), (square, {"scalar": 1.0})), "two products, maximum, exp and sum",
            2 * 4096 * 4096 * 128),
        Row("products", "attention", {"m": 4096, "n": 4096, "d": 128}, 1.3,
            4 * 4096 * 128, 4, ((square, {"vector": 1.0}), (square, {"scalar": 1.0})),
            "two products of 4 passes, maximum, exp and sum", 2 * 4 * 4096 * 4096 * 128, "f32"),
        Row("products", "conv1d", {"c": 4096, "n": 4096}, 1.3, 2 * 4096 * 4096, 4,
            ((4 * square, ANY), (3 * square, MORE)), "four products with a column, three sums"),
        Row("products", "mamba", {"c": 256, "n": 512, "s": 16}, 1.3,
            3 * 256 * 512 + 2 * 16 * 512, 4,
            ((state, {"scalar": 1.0}), (state, {"vector": 2.0}), (state, PAIR), (state, PAIR), (state, PAIR)),
            "exp, scan, two products and a sum for each state"),
    )  # fmt: skip


def bound(row: Row) -> tuple[float, str]:
    """us of the busiest engine at the least work, and which it is."""
    from accelcore_nki.timing.constants import CONSTANTS

    chip = CONSTANTS[CHIP]
    clock = {"vector": chip.vector_clock, "scalar": chip.scalar_clock, "gpsimd": chip.gpsimd_clock}
    busy = {"dma": row.floats * row.width / chip.dma_bandwidth.value, "vector": 0.0, "scalar": 0.0, "gpsimd": 0.0}
    busy["tensor"] = row.products / 128 / 128 / chip.tensor_clock.value
    for elements, engines in sorted(row.work, key=lambda work: len(work[1])):
        costs = {engine: elements * cycles / clock[engine].value / SLICES for engine, cycles in engines.items()}
        for _ in range(SLICES):
            engine = min(costs, key=lambda name: busy[name] + costs[name])
            busy[engine] += costs[engine]
    engine = max(busy, key=lambda name: busy[name])
    return busy[engine] / 1000, engine


def compiled(row: Row, seconds: float, out: Path) -> dict[str, Any]:
    """The JSON of one compilation."""
    sizes = [word for name, value in row.sizes.items() for word in ("--size", f"{name}={value}")]
    command = [sys.executable, "-m", "accelcore.cli", "compile", f"{row.source(out.parent)}:{row.name}", "--target",
               f"nki:chip={CHIP}", *sizes, "--max-seconds", str(seconds), "--no-cache", "--json",
               "--out", str(out)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=out.parent)
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return {"reason": done.stderr.strip().splitlines()[-1:]}


def right_in_full(row: Row, out: Path) -> str:
    """Execute the exported kernel once at the row's sizes; how many results leave the judge's bound."""
    import numpy as np

    from accelcore import codec
    from accelcore.ir import evaluate_summary
    from accelcore_nki.judging.interface import call_of
    from accelcore_nki.kernels import run

    task = codec.decode(json.loads((out / "task.json").read_text()))
    names: dict[str, Any] = {}
    exec(compile((out / "kernel.py").read_text(), "kernel.py", "exec"), names)
    draw = np.random.default_rng(1)
    given = {name: _drawn(draw, argument) for name, argument in call_of(task, row.sizes).arguments}
    got = run(names[row.name], tuple(given.values()), {}, target=CHIP).value
    (wanted,) = evaluate_summary(task.reference, given, row.sizes, with_bound=True, factor=4.0).values()
    wrong = int(np.count_nonzero(~wanted.covers(got)))
    return f"in full: {wrong} of {got.size} results are wrong"


def _drawn(draw: Any, argument: Any) -> Any:
    from accelcore_nki.dtypes import numpy_type

    if isinstance(argument, int):
        return argument
    return draw.standard_normal(argument.shape).astype(numpy_type(argument.dtype))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", default="", help="names, comma-separated; all when not given")
    parser.add_argument("--seconds", type=float, default=240.0, help="of each search")
    parser.add_argument("--full", action="store_true", help="execute each best kernel once at the row's sizes")
    given = parser.parse_args()
    print(LINE.format("kernel", "sizes", "seed us", "best us", "bound us", "ratio", "aim", "bound: engine, counted"))
    for row in _rows():
        if given.kernels and row.label not in given.kernels.split(","):
            continue
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            print(_line(row, compiled(row, given.seconds, out)), flush=True)
            if given.full and out.exists():
                print(f"{'':10} {right_in_full(row, out)}", flush=True)
    print("all times are modelled: a gain in modelled time may not hold on silicon")
    return 0


def _line(row: Row, told: dict[str, Any]) -> str:
    from accelcore_nki.timing.constants import CONSTANTS

    least, engine = bound(row)
    sizes = " ".join(f"{name}={value}" for name, value in row.sizes.items())
    why = f"{engine}: {row.counted}"
    if not told.get("best"):
        return LINE.format(row.label, sizes, "-", "-", f"{least:.1f}", "-", row.aim, f"{why}; {told.get('reason')}")
    seed, best = told["seed"]["value"] * 1e6, told["best"]["value"] * 1e6
    ratio = (best - CONSTANTS[CHIP].launch.value) / least
    return LINE.format(row.label, sizes, f"{seed:.1f}", f"{best:.1f}", f"{least:.1f}", f"{ratio:.2f}", row.aim, why)


if __name__ == "__main__":
    sys.exit(main())
