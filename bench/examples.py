"""`make bench-examples`: every file of examples/, compiled within one budget, as a table of verdicts and ratios.

Each compile is a fresh process with an empty cache.  Costs are the judge's; the ratios of the last columns are how much
faster the best kernel is than the seed, than the user's loops in C (the best of the compilers found at -O3
-march=native, with and without -ffast-math), measured in pairs in one sitting, and than NumPy, which is not paired.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COLUMNS = "{:18} {:8} {:6} {:>7} {:>10} {:>10} {:>7} {:>7} {:>7} {:>6}"


def compile_one(path: Path, target: str, seconds: float, seed: int) -> dict[str, Any]:
    """The JSON objects of `lift` and `compile` of one example, merged."""
    with tempfile.TemporaryDirectory() as scratch:
        lift = accelcore(scratch, "lift", "--json", str(path))
        limits = ["--max-seconds", str(seconds), "--seed", str(seed), "--no-cache"]
        folder = ["--out", f"{scratch}/out"]
        made = accelcore(scratch, "compile", "--json", str(path), "--target", target, *folder, *limits)
    return {**lift.get("functions", [{}])[0], **made}


def accelcore(folder: str, *arguments: str) -> dict[str, Any]:
    """The JSON object of a command; its error where it printed none."""
    command = [sys.executable, "-m", "accelcore.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    if not done.stdout.strip():
        return {"verdict": "error", "reason": (done.stderr.strip().splitlines() or ["no output"])[-1]}
    return dict(json.loads(done.stdout))


def row(name: str, made: dict[str, Any]) -> str:
    """One line of the table; the reason where there is no kernel."""
    if not made.get("best"):
        return f"{name:18} {made.get('verdict')!s:8} {made.get('reason')}"
    baselines = made["baselines"]
    loops = [b["ratio"] for label, b in baselines.items() if "numpy" not in label and b.get("ratio")]
    arrays = [b["ratio"] for label, b in baselines.items() if "numpy" in label and b.get("ratio")]
    return COLUMNS.format(
        name,
        made["verdict"],
        made["number_model"],
        f"{made['seconds'] * 1e3:.0f}",
        cost(made["seed"]),
        cost(made["best"]),
        ratio(made["speedup"]),
        ratio(min(loops, default=None)),
        ratio(min(arrays, default=None)),
        made["candidates"]["total"],
    )


def cost(value: dict[str, Any]) -> str:
    """Seconds in the unit that reads best; other units as they are."""
    if value["unit"] != "s":
        return f"{value['value']:.0f} {value['unit']}"
    seconds = value["value"]
    return f"{seconds * 1e3:.3f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"


def ratio(value: float | None) -> str:
    """Two decimals, or a dash."""
    return f"{value:.2f}x" if value else "-"


def main() -> int:
    """Print the table; exit 1 when an example is not proved or has no kernel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="examples by name; all when none is given")
    parser.add_argument("--target", default="avx")
    parser.add_argument("--seconds", type=float, default=35.0, help="search budget of each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    head = ("example", "verdict", "model", "lift ms", "seed", "best", "/seed", "/-O3 C", "/NumPy", "judged")
    print(COLUMNS.format(*head))
    whole = True
    for path in sorted((ROOT / "examples").glob("*.py")):
        if options.names and path.stem not in options.names:
            continue
        made = compile_one(path, options.target, options.seconds, options.seed)
        whole &= made.get("verdict") == "proved" and bool(made.get("best"))
        print(row(path.stem, made), flush=True)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
