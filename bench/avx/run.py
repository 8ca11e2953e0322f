"""`make bench-avx`: plain loops compiled for this CPU, against what users would otherwise use.

Each row is one `accelcore compile --target avx` within the same budget, from an empty cache.  A ratio is how much
faster the best kernel is than a peer, raced by libraries.py: gcc and clang at -O3 -march=native with and without
-ffast-math on the loops, NumPy and torch with `out=`, Halide with two autoschedulers.  NumPy, torch and Halide are
those of `make bench-peers`; a row that lacks one of them does not count.  One thread, float32 unless said.

    python bench/avx/run.py [--kernels PART,PART] [--seconds S] [--rules N] [--nearby] [--drawn SEED]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rules import ruled
from table import HOLDS, ROWS, Row, drawn

KERNELS = Path(__file__).resolve().parent / "kernels"
LIBRARIES = KERNELS.parent / "libraries.py"
PEERS = KERNELS.parents[2] / "build" / ".peers" / "bin" / "python"
NEEDED = ("numpy", "torch", "halide")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "HL_NUM_THREADS"), "1")
# What a library allocates in every call comes from memory that is kept, in huge pages, so that it pays for no faults.
KEPT = ("hugetlb=1", "mmap_threshold=4294967296", "trim_threshold=8589934592")
MEMORY = {"GLIBC_TUNABLES": ":".join(f"glibc.malloc.{text}" for text in KEPT)}
FAMILIES = ("gcc", "clang", "numpy", "torch", "halide")
LINE = "{:12} {:20} {:>8} {:>9} " + "{:>7} " * 6 + "{:>6} {:>13} {:>6} {:>5} {:>5}  {}"
COLUMNS = ("kernel", "sizes", "verdict", "best ms", *FAMILIES, "seed", "ratio", "quartiles", "read", "aim", "c/s", "")


@dataclass(frozen=True)
class Outcome:
    """What a row came to.  races: peer -> what libraries.py says; reason: why there is no kernel."""

    row: Row
    made: dict[str, Any]
    races: dict[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def ratios(self) -> dict[str, float]:
        """Ratios by family, against its best member."""
        found: dict[str, float] = {}
        for label, one in self.races.items():
            family = label.split()[0].partition("-")[0]
            if "ratio" in one:
                found[family] = min(one["ratio"], found.get(family, math.inf))
        return found

    @property
    def best(self) -> dict[str, Any]:
        """The race against the best peer."""
        return min((one for one in self.races.values() if "ratio" in one), key=lambda one: float(one["ratio"]))

    @property
    def absent(self) -> list[str]:
        """Peers that the row needs and that were not raced, with the reason."""
        missing = []
        for name in NEEDED:
            tried = [one for label, one in self.races.items() if label.split()[0] == name]
            if not any("ratio" in one or one.get("na") for one in tried):
                missing.append(f"{name}: {tried[0]['reason'] if tried else 'not raced'}")
        return missing

    @property
    def rate(self) -> float:
        """Candidates judged in a second of search; 0 without one."""
        spent = self.made.get("spent") or {}
        return float(spent.get("evaluations", 0)) / max(float(spent.get("seconds", 0.0)), 1e-9)


@dataclass(frozen=True)
class Effort:
    """How hard a row is tried: seconds of search, or, without a search, how many of the rules' schedules."""

    seconds: float
    target: str
    rules: int = 0


def measure(row: Row, effort: Effort, kernels: Path = KERNELS) -> Outcome:
    """One compilation, and the races of what it exports."""
    if effort.rules:
        return by_rules(row, effort, kernels)
    seconds, target = effort.seconds, effort.target
    with tempfile.TemporaryDirectory() as scratch:
        out = f"{scratch}/out"
        command = [sys.executable, "-m", "accelcore.cli", "compile", str(kernels / row.function), "--target", target]
        command += [w for size in row.sizes.split() for w in ("--size", size)]
        command += ["--max-seconds", str(seconds), "--no-cache", "--json", "--out", out]
        done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, check=False)
        if not done.stdout.strip():
            return Outcome(row, {}, reason=(done.stderr.strip().splitlines() or ["no output"])[-1])
        made = dict(json.loads(done.stdout))
        if not made.get("best") or not made.get("out"):
            return Outcome(row, made, reason=made.get("reason") or "no kernel")
        write_plain(Path(out), target)
        return Outcome(row, made, races(out, row))


def by_rules(row: Row, effort: Effort, kernels: Path) -> Outcome:
    """The rules' best schedule without a search, and its races."""
    sizes = {name: int(n) for name, _, n in (text.partition("=") for text in row.sizes.split())}
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "out")
        made = ruled(str(kernels / row.function), sizes, effort.target, effort.rules, out, {**ONE_THREAD, **MEMORY})
        if "best" not in made:
            return Outcome(row, made, reason=made["reason"])
        write_plain(out, effort.target)
        return Outcome(row, made, races(str(out), row))


def write_plain(folder: Path, target: str) -> None:
    """The loops of an exported kernel for compilers, and the compilers' commands by label, into its folder."""
    from accelcore import codec
    from accelcore.cgen.toolchain import ALWAYS, compiler
    from accelcore.registry import registry

    task = codec.decode(json.loads((folder / "task.json").read_text()))
    commands: dict[str, list[str]] = {}
    for label, kernel in registry().target(target).baselines(task).items():
        if kernel.language == "c":
            build = dict(kernel.build)
            (folder / "plain.c").write_text(kernel.text)
            commands[label] = [*compiler(build["cc"]).command, *ALWAYS, *build["flags"].split()]
    (folder / "compilers.json").write_text(json.dumps(commands))


def races(folder: str, row: Row) -> dict[str, Any]:
    """What libraries.py says about an exported kernel."""
    python = str(PEERS) if PEERS.exists() else sys.executable
    command = [python, str(LIBRARIES), folder, row.function.partition(":")[2], *row.sizes.split()]
    environment = {**os.environ, **ONE_THREAD, **MEMORY}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return {"libraries.py": {"reason": (done.stderr.strip().splitlines() or ["failed"])[-1]}}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def report(found: Outcome) -> float | None:
    """Print a row; its ratio against the best peer where it counts."""
    row, ratios, verdict = found.row, found.ratios, found.made.get("verdict") or "-"
    columns = [f"{ratios[p]:.2f}" if p in ratios else "-" for p in FAMILIES]
    if not ratios:
        reason = found.reason or next((one["reason"] for one in found.races.values() if "reason" in one), "not raced")
        print(LINE.format(row.label, row.sizes, verdict, "-", *columns, *"-----", row.aim, "-", reason), flush=True)
        return None
    best = found.best
    ratio = float(best["ratio"])
    seed = f"{found.made['seed']['value'] / found.made['best']['value']:.1f}" if "seed" in found.made else "-"
    note = "; ".join(f"does not count, {text}" for text in found.absent) or ("" if ratio >= row.aim else "short")
    quartiles, read = f"{best['low']:.2f} to {best['high']:.2f}", f"{best['read']:.2f}" if "read" in best else "-"
    cells = (f"{best['ours_ms']:.4f}", *columns, seed, f"{ratio:.2f}", quartiles, read, f"{row.aim:.2f}")
    print(LINE.format(row.label, row.sizes, verdict, *cells, f"{found.rate:.1f}", note), flush=True)
    return None if found.absent else ratio


def nearby(rows: list[Row], effort: Effort) -> bool:
    """The extra table: rows with nearby shapes, and those shapes; whether none falls off."""
    steady = True
    for row in (r for r in rows if r.near):
        own = report(measure(row, effort))
        for sizes in row.near:
            near = replace(row, label=f"  {row.label[:10]}", sizes=sizes, aim=round((own or 0.0) * HOLDS, 2), near=())
            ratio = report(measure(near, effort))
            steady = steady and ratio is not None and own is not None and ratio >= HOLDS * own
    print("no cliff" if steady else f"a shape fell below {HOLDS} of its row's ratio, or was not measured")
    return steady


def at_random(seed: int, effort: Effort) -> bool:
    """A fused pattern that nobody chose; it has compilers as peers, and NumPy as derived from its summary."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "drawn.py").write_text(drawn(seed))
        print(f"drawn with seed {seed}:\n{drawn(seed)}")
        row = Row(f"drawn {seed}", "drawn.py:drawn", "m=1024 n=2048", HOLDS)
        found = measure(row, effort, Path(scratch))
        report(found)
    return bool(found.ratios) and min(found.ratios.values()) >= HOLDS


def chosen(parts: str) -> list[Row]:
    """Rows whose label or sizes contain one of the parts; all for none."""
    words = [word.strip() for word in parts.split(",") if word.strip()]
    return [r for r in ROWS if not words or any(w in f"{r.label} {r.sizes} {r.function}" for w in words)]


def main() -> int:
    """Print the table and its geometric mean; 0 when every row was measured against every peer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="", help="parts of labels, sizes or functions, joined by commas")
    parser.add_argument("--seconds", type=float, default=120.0, help="search budget of one row")
    parser.add_argument("--target", default="avx")
    parser.add_argument("--rules", type=int, default=0, help="no search: so many of the rules' schedules, raced")
    parser.add_argument("--nearby", action="store_true", help="the rows with nearby shapes, at those too")
    parser.add_argument("--drawn", type=int, help="a fused pattern drawn with this seed, alone or after --nearby")
    given = parser.parse_args()
    rows, effort = chosen(given.kernels), Effort(given.seconds, given.target, given.rules)
    print(LINE.format(*COLUMNS), flush=True)
    if given.nearby or given.drawn is not None:
        good = nearby(rows, effort) if given.nearby else True
        return 0 if (given.drawn is None or at_random(given.drawn, effort)) and good else 1
    known = [ratio for row in rows if (ratio := report(measure(row, effort))) is not None]
    if known:
        mean = math.exp(sum(map(math.log, known)) / len(known))
        print(f"geometric mean {mean:.2f} over {len(known)} of {len(rows)} rows")
    return 0 if len(known) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
