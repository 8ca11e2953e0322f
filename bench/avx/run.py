"""`make bench-avx`: plain loops compiled for this CPU, against what users would otherwise use.

Each row is one `accelcore compile --target avx` within the same budget, from an empty cache.  The ratio is how much
faster the best kernel is than the best peer, all raced in pairs in one sitting by the judge: gcc and clang at -O3
-march=native with and without -ffast-math on the same loops in C, and NumPy.  One thread, float32 unless said.

    python bench/avx/run.py [ROW ...] [--max-seconds S]
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KERNELS = Path(__file__).resolve().parent / "kernels"
LINE = "{:22} {:>10} {:>24} {:>10} {:>7} {:>7}  {}"


@dataclass(frozen=True)
class Row:
    """A row of the table: its label, the function, its sizes, the ratio that it should reach."""

    label: str
    function: str
    sizes: str
    aim: float


ROWS = (
    Row("softmax 1024x1024", "rows.py:softmax", "m=1024 n=1024", 1.6),
    Row("rmsnorm 1024x4096", "rows.py:rmsnorm", "m=1024 n=4096", 1.4),
    Row("layernorm 1024x4096", "rows.py:layernorm", "m=1024 n=4096", 1.6),
    Row("residual+rmsnorm", "rows.py:residual_rmsnorm", "m=1024 n=4096", 1.15),
    Row("logsumexp 1024x1024", "rows.py:logsumexp", "m=1024 n=1024", 1.4),
    Row("transpose 1024x4096", "rows.py:transpose", "m=1024 n=4096", 1.5),
    Row("overlay u8 4M", "elements.py:overlay", "n=4194304", 3.0),
    Row("overlay f32 4M", "elements.py:overlay_f32", "n=4194304", 1.1),
    Row("multiply u8 4M", "elements.py:multiply", "n=4194304", 1.1),
    Row("darken u8 4M", "elements.py:darken", "n=4194304", 1.1),
    Row("saxpy 16M", "elements.py:saxpy", "n=16777216", 0.95),
    Row("dot 1M", "elements.py:dot", "n=1048576", 0.95),
    Row("sgemm 16", "products.py:sgemm", "m=16 n=16 k=16", 2.0),
    Row("sgemm 32", "products.py:sgemm", "m=32 n=32 k=32", 1.5),
    Row("sgemm 64", "products.py:sgemm", "m=64 n=64 k=64", 1.1),
    Row("sgemm 8x512x512", "products.py:sgemm", "m=8 n=512 k=512", 1.5),
    Row("sgemm 1x512x512", "products.py:sgemm", "m=1 n=512 k=512", 1.2),
    Row("sgemm 4096x16x64", "products.py:sgemm", "m=4096 n=16 k=64", 1.2),
    Row("sgemm 256", "products.py:sgemm", "m=256 n=256 k=256", 0.97),
    Row("sgemm 512", "products.py:sgemm", "m=512 n=512 k=512", 0.97),
    Row("sgemm 1000x777x333", "products.py:sgemm", "m=1000 n=777 k=333", 0.97),
    Row("gemv 4096", "products.py:gemv", "m=4096 n=4096", 0.95),
)


def measure(row: Row, seconds: float, target: str) -> dict[str, Any]:
    """The JSON object of one compilation, or {"reason"} when it printed none."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "accelcore.cli", "compile", str(KERNELS / row.function), "--target", target]
        command += [w for size in row.sizes.split() for w in ("--size", size)]
        command += ["--max-seconds", str(seconds), "--no-cache", "--json", "--out", f"{scratch}/out"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False)
    if not done.stdout.strip():
        return {"reason": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    return dict(json.loads(done.stdout))


def report(row: Row, made: dict[str, Any]) -> float | None:
    """Print a row; its ratio against the best peer."""
    peers = {label: b["ratio"] for label, b in (made.get("baselines") or {}).items() if b and b.get("ratio")}
    if not made.get("best") or not peers:
        print(LINE.format(row.label, "-", "-", "-", "-", row.aim, made.get("reason") or made.get("verdict")))
        return None
    peer, ratio = min(peers.items(), key=lambda item: item[1])
    best, seed = made["best"]["value"] * 1e3, made["seed"]["value"] * 1e3
    verdict = "" if ratio >= row.aim else "short"
    print(LINE.format(row.label, f"{best:.4f}", peer, f"{seed:.3f}", f"{ratio:.2f}", row.aim, verdict), flush=True)
    return float(ratio)


def main() -> int:
    """Print the table and its geometric mean; 0 when every row was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help="parts of row labels; all rows when none is given")
    parser.add_argument("--max-seconds", type=float, default=120.0, help="search budget of one row")
    parser.add_argument("--target", default="avx")
    given = parser.parse_args()
    chosen = [r for r in ROWS if not given.rows or any(word in r.label for word in given.rows)]
    print(LINE.format("kernel", "best ms", "best peer", "seed ms", "ratio", "aim", ""))
    found = [report(row, measure(row, given.max_seconds, given.target)) for row in chosen]
    ratios = [ratio for ratio in found if ratio]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean {mean:.2f} over {len(ratios)} of {len(chosen)} rows")
    return 0 if len(ratios) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
