"""What a row came to: its races, and its line of the table."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from searching import Searched, environment
from table import Row

LIBRARIES = Path(__file__).resolve().parent / "libraries.py"
PEERS = LIBRARIES.parents[2] / "build" / ".peers" / "bin" / "python"
NEEDED = ("numpy", "torch", "halide")
FAMILIES = ("gcc", "clang", "numpy", "torch", "halide")
LINE = "{:12} {:20} {:>8} {:>9} " + "{:>7} " * 6 + "{:>6} {:>13} {:>6} {:>5} {:>5}  {}"
COLUMNS = ("kernel", "sizes", "verdict", "best ms", *FAMILIES, "seed", "ratio", "quartiles", "read", "aim", "c/s", "")


@dataclass(frozen=True)
class Outcome:
    """A row, what its search left, and its races: peer -> what libraries.py says."""

    row: Row
    search: Searched
    races: dict[str, Any] = field(default_factory=dict)

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
    def ratio(self) -> float | None:
        """Against the best peer; None where the row does not count."""
        return float(self.best["ratio"]) if self.ratios and not self.absent else None

    @property
    def why_not(self) -> str:
        """Why the row does not count; "" where it does."""
        if not self.ratios:
            peer = next((one["reason"] for one in self.races.values() if "reason" in one), "not raced")
            return self.search.reason or str(peer)
        return "; ".join(self.absent)

    @property
    def rate(self) -> float:
        """Candidates judged in a second of the budget, which lifting takes part of; 0 without a search."""
        spent = self.search.made.get("spent") or {}
        seconds = min(float(spent.get("seconds", 0.0)), self.search.effort.seconds)
        return float(spent.get("evaluations", 0)) / max(seconds, 1e-9)


def raced(row: Row, search: Searched) -> Outcome:
    """The races of what a search has left; none without a kernel."""
    return Outcome(row, search, {} if search.reason else races(search.folder, row))


def races(folder: Path, row: Row) -> dict[str, Any]:
    """What libraries.py says about an exported kernel."""
    python = str(PEERS) if PEERS.exists() else sys.executable
    command = [python, str(LIBRARIES), str(folder), row.function.partition(":")[2], *row.sizes.split()]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        return {"libraries.py": {"reason": (done.stderr.strip().splitlines() or ["failed"])[-1]}}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def heading() -> None:
    """Print the names of the columns."""
    print(LINE.format(*COLUMNS), flush=True)


def report(found: Outcome) -> Outcome:
    """Print a row."""
    row, ratios, made = found.row, found.ratios, found.search.made
    verdict = made.get("verdict") or "-"
    columns = [f"{ratios[p]:.2f}" if p in ratios else "-" for p in FAMILIES]
    if not ratios:
        cells = ("-", *columns, *"----", f"{row.aim:.2f}", "-", found.why_not)
        print(LINE.format(row.label, row.sizes, verdict, *cells), flush=True)
        return found
    best = found.best
    ratio = float(best["ratio"])
    seed = f"{made['seed']['value'] / made['best']['value']:.1f}" if made.get("seed") else "-"
    note = f"does not count, {found.why_not}" if found.why_not else "" if ratio >= row.aim else "short"
    quartiles, read = f"{best['low']:.2f} to {best['high']:.2f}", f"{best['read']:.2f}" if "read" in best else "-"
    cells = (f"{best['ours_ms']:.4g}", *columns, seed, f"{ratio:.2f}", quartiles, read, f"{row.aim:.2f}")
    print(LINE.format(row.label, row.sizes, verdict, *cells, f"{found.rate:.1f}", note), flush=True)
    return found


def summary(outcomes: list[Outcome]) -> None:
    """Print the geometric mean, which rows it is of, and what the kernels came from."""
    known = [found.ratio for found in outcomes if found.ratio is not None]
    if known:
        mean = math.exp(sum(map(math.log, known)) / len(known))
        print(f"geometric mean {mean:.2f} over {len(known)} of {len(outcomes)} rows")
    for found in outcomes:
        if found.why_not:
            print(f"does not count: {found.row.label} {found.row.sizes} ({found.why_not})")
    short = [f for f in outcomes if f.ratio is not None and f.ratio < f.row.aim]
    print(f"short of their aim: {len(short)}" if known else "no row counts")
    searches = [f.search for f in outcomes if not f.search.reason]
    for text, kinds in (
        ("effort", {s.effort.text for s in searches}),
        ("grades", {str(s.made.get("grade")) for s in searches}),
        ("checkout", {s.checkout for s in searches}),
    ):
        print(f"{text}: {', '.join(sorted(kinds)) or 'none'}")
