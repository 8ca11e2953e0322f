"""`make bench-avx`: plain loops compiled for this CPU, against what users would otherwise use.

Each row is one `accelcore compile --target avx` within the same budget, from an empty cache.  A ratio is how much
faster the best kernel is than a peer: gcc and clang at -O3 -march=native, with and without -ffast-math, on the loops,
raced by the judge; NumPy as its users write it with `out=`, raced on shared arrays by libraries.py.  Torch and Halide
are named when they are absent.  One thread, float32 unless said.

    python bench/avx/run.py [--kernels PART,PART] [--seconds S]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KERNELS = Path(__file__).resolve().parent / "kernels"
LIBRARIES = KERNELS.parent / "libraries.py"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
PEERS = ("torch", "halide")
LINE = "{:12} {:20} {:>10} {:>10} {:>9} {:>9} {:>9} {:>8} {:>7} {:>6}  {}"
COLUMNS = ("kernel", "sizes", "verdict", "best ms", "gcc", "clang", "numpy", "seed", "ratio", "aim", "")


@dataclass(frozen=True)
class Row:
    """A row of the table: its label, the function, its sizes, the ratio that it should reach."""

    label: str
    function: str
    sizes: str
    aim: float


ROWS = (
    Row("softmax", "rows.py:softmax", "m=1024 n=1024", 1.6),
    Row("rmsnorm", "rows.py:rmsnorm", "m=1024 n=4096", 1.4),
    Row("layernorm", "rows.py:layernorm", "m=1024 n=4096", 1.6),
    Row("residual", "rows.py:residual_rmsnorm", "m=1024 n=4096", 1.15),
    Row("logsumexp", "rows.py:logsumexp", "m=1024 n=1024", 1.4),
    Row("overlay u8", "elements.py:overlay", "n=4194304", 3.0),
    Row("overlay f32", "elements.py:overlay_f32", "n=4194304", 1.1),
    Row("five loops", "elements.py:five_loops", "n=4194304", 1.4),
    Row("multiply u8", "elements.py:multiply", "n=4194304", 1.1),
    Row("darken u8", "elements.py:darken", "n=4194304", 1.1),
    Row("argmax", "lookups.py:argmax", "m=1024 n=4096", 0.95),
    Row("transpose", "rows.py:transpose", "m=1024 n=4096", 1.5),
    Row("prefix sum", "lookups.py:prefix_sum", "n=1048576", 1.2),
    Row("histogram", "lookups.py:histogram", "n=4194304", 1.0),
    Row("sgemm", "products.py:sgemm", "m=16 n=16 k=16", 2.0),
    Row("sgemm", "products.py:sgemm", "m=32 n=32 k=32", 1.5),
    Row("sgemm", "products.py:sgemm", "m=64 n=64 k=64", 1.1),
    Row("sgemm", "products.py:sgemm", "m=8 n=512 k=512", 1.5),
    Row("sgemm", "products.py:sgemm", "m=1 n=512 k=512", 1.2),
    Row("sgemm", "products.py:sgemm", "m=4096 n=16 k=64", 1.2),
    Row("gemm gelu", "fused.py:gemm_bias_gelu", "m=512 n=512 k=512", 1.15),
    Row("attention", "fused.py:attention", "m=512 n=512 d=64", 1.15),
    Row("swiglu", "fused.py:swiglu", "m=64 n=1024 k=1024", 1.15),
    Row("sgemm", "products.py:sgemm", "m=256 n=256 k=256", 0.97),
    Row("sgemm", "products.py:sgemm", "m=512 n=512 k=512", 0.97),
    Row("sgemm", "products.py:sgemm", "m=1024 n=1024 k=1024", 0.97),
    Row("sgemm", "products.py:sgemm", "m=2048 n=2048 k=2048", 0.97),
    Row("sgemm", "products.py:sgemm", "m=1000 n=777 k=333", 0.97),
    Row("gemm u8s8", "products.py:gemm_u8s8", "m=512 n=512 k=512", 0.88),
    Row("conv3x3", "products.py:conv3x3", "h=58 w=58 c=64 o=64", 0.92),
    Row("gemv", "products.py:gemv", "m=4096 n=4096", 0.95),
    Row("dot", "elements.py:dot", "n=1048576", 0.95),
    Row("saxpy", "elements.py:saxpy", "n=16777216", 0.95),
)


def measure(row: Row, seconds: float, target: str) -> dict[str, Any]:
    """The JSON object of one compilation with the libraries added, or {"reason"} when it printed none."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "accelcore.cli", "compile", str(KERNELS / row.function), "--target", target]
        command += [w for size in row.sizes.split() for w in ("--size", size)]
        command += ["--max-seconds", str(seconds), "--no-cache", "--json", "--out", f"{scratch}/out"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False)
        if not done.stdout.strip():
            return {"reason": (done.stderr.strip().splitlines() or ["no output"])[-1]}
        made = dict(json.loads(done.stdout))
        made["libraries"] = libraries(f"{scratch}/out", row) if made.get("best") and made.get("out") else {}
    return made


def libraries(folder: str, row: Row) -> dict[str, Any]:
    """What libraries.py says about an exported kernel."""
    command = [sys.executable, str(LIBRARIES), folder, row.function.partition(":")[2], *row.sizes.split()]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD}, check=False)
    if done.returncode:
        return {"numpy out=": {"reason": (done.stderr.strip().splitlines() or ["failed"])[-1]}}
    return dict(json.loads(done.stdout))


def peers(made: dict[str, Any]) -> dict[str, float]:
    """Ratios by peer: the best flags of each compiler, the better of written and derived NumPy."""
    found = {**(made.get("baselines") or {}), **(made.get("libraries") or {})}
    ratios: dict[str, float] = {}
    for label, one in found.items():
        if one and one.get("ratio"):
            family = label.split()[0].partition("-")[0]
            ratios[family] = min(one["ratio"], ratios.get(family, math.inf))
    return ratios


def report(row: Row, made: dict[str, Any]) -> float | None:
    """Print a row; its ratio against the best peer."""
    ratios = peers(made)
    columns = [f"{ratios[p]:.2f}" if p in ratios else "-" for p in ("gcc", "clang", "numpy")]
    verdict = made.get("verdict") or "-"
    if not made.get("best") or not ratios:
        reason = made.get("reason") or "not measured"
        print(LINE.format(row.label, row.sizes, verdict, "-", *columns, "-", "-", row.aim, reason), flush=True)
        return None
    ratio = min(ratios.values())
    best, seed = made["best"]["value"] * 1e3, made["seed"]["value"] * 1e3
    note = "" if ratio >= row.aim else "short"
    cells = (f"{best:.4f}", *columns, f"{seed / best:.1f}", f"{ratio:.2f}", row.aim, note)
    print(LINE.format(row.label, row.sizes, verdict, *cells), flush=True)
    return ratio


def chosen(parts: str) -> list[Row]:
    """Rows whose label or sizes contain one of the parts; all for none."""
    words = [word.strip() for word in parts.split(",") if word.strip()]
    return [r for r in ROWS if not words or any(w in f"{r.label} {r.sizes} {r.function}" for w in words)]


def main() -> int:
    """Print the table and its geometric mean; 0 when every row was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="", help="parts of labels, sizes or functions, joined by commas")
    parser.add_argument("--seconds", type=float, default=120.0, help="search budget of one row")
    parser.add_argument("--target", default="avx")
    given = parser.parse_args()
    rows = chosen(given.kernels)
    print(LINE.format(*COLUMNS), flush=True)
    absent: dict[str, str] = {}
    ratios = []
    for row in rows:
        made = measure(row, given.seconds, given.target)
        ratios.append(report(row, made))
        absent |= {n: one["reason"] for n, one in made.get("libraries", {}).items() if n in PEERS and "reason" in one}
    known = [ratio for ratio in ratios if ratio]
    if known:
        mean = math.exp(sum(map(math.log, known)) / len(known))
        print(f"geometric mean {mean:.2f} over {len(known)} of {len(rows)} rows")
    for name, reason in sorted(absent.items()):
        print(f"{name}: {reason}")
    return 0 if len(known) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
