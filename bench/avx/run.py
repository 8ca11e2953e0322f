"""`make bench-avx`: plain loops compiled for this CPU, against what users would otherwise use.

Each row is one `accelcore compile --target avx` within the same budget, from an empty cache.  A ratio is how much
faster the best kernel is than a peer, raced by libraries.py: gcc and clang at -O3 -march=native with and without
-ffast-math on the loops, NumPy and torch with `out=`, Halide with two autoschedulers.  NumPy, torch and Halide are
those of `make bench-peers`; a row that lacks one of them does not count.  One thread, float32 unless said.

    python bench/avx/run.py [--kernels PART,PART] [--seconds S] [--rules N] [--nearby] [--drawn SEED]
    python bench/avx/run.py --search DIR ...      # search only: a folder for each row; rows that are there are kept
    python bench/avx/run.py --race DIR ...        # time what was searched, and print the table

A search takes long and may share its machine; the races are short and should not.  Rows whose search left no kernel
are searched again by the next --search; to have another searched again, remove its folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from outcomes import Outcome, heading, raced, report, summary
from searching import KERNELS, Effort, Searched, searched, stored
from table import HOLDS, ROWS, Row, drawn

Step = Callable[[Row], Outcome]


@dataclass(frozen=True)
class Plan:
    """Which tables are wanted: the rows, or (nearby, drawn) the extra ones."""

    rows: list[Row]
    nearby: bool = False
    drawn: int | None = None

    @property
    def extra(self) -> bool:
        """Whether it is about the extra tables."""
        return self.nearby or self.drawn is not None

    @property
    def all(self) -> list[Row]:
        """Every row that must be searched for these tables, once."""
        found = self.rows
        if self.extra:
            found = [one for row in self.rows if self.nearby and row.near for one in (row, *neighbours(row))]
        if self.drawn is not None:
            found = [*found, random_row(self.drawn)]
        return list({row.name: row for row in found}.values())


def neighbours(row: Row) -> list[Row]:
    """The row at its nearby shapes."""
    return [replace(row, label=f"  {row.label[:10]}", sizes=sizes, aim=0.0, near=()) for sizes in row.near]


def random_row(seed: int) -> Row:
    """A fused pattern that nobody chose; it has compilers as peers, and NumPy as derived from its summary."""
    return Row(f"drawn {seed}", f"drawn{seed}.py:drawn", "m=1024 n=2048", HOLDS)


def search(row: Row, effort: Effort, under: Path) -> Searched:
    """Search a row; its loops are written first if they are drawn."""
    file = row.function.partition(":")[0]
    if (KERNELS / file).exists():
        return searched(row, effort, under)
    under.mkdir(parents=True, exist_ok=True)
    (under / file).write_text(drawn(int(file.removeprefix("drawn").removesuffix(".py"))))
    return searched(row, effort, under, under)


def search_all(rows: list[Row], effort: Effort, under: Path) -> int:
    """Search the rows that have no kernel yet; 0 when all of them have one then."""
    lacking = 0
    for at, row in enumerate(rows, 1):
        known = stored(row, under)
        found = known if known and not known.reason else search(row, effort, under)
        lacking += bool(found.reason)
        told = found.reason or f"{found.made.get('verdict')}, {found.made.get('grade')}, {found.effort.text}"
        print(f"{at}/{len(rows)} {row.name}: {told}{' (kept)' if found is known else ''}", flush=True)
    return 1 if lacking else 0


def kept(under: Path) -> Step:
    """Races of what an earlier search has left."""

    def step(row: Row) -> Outcome:
        found = stored(row, under)
        return raced(row, found or Searched(under, {"reason": "not searched"}, Effort(0, ""), ""))

    return step


def at_once(effort: Effort) -> Step:
    """Search and race, nothing is left behind."""

    def step(row: Row) -> Outcome:
        with tempfile.TemporaryDirectory() as scratch:
            return raced(row, search(row, effort, Path(scratch)))

    return step


def nearby(rows: list[Row], step: Step) -> bool:
    """The extra table: rows with nearby shapes, and those shapes; whether none falls off."""
    steady = True
    for row in (r for r in rows if r.near):
        own = report(step(row)).ratio
        for near in neighbours(row):
            ratio = report(step(replace(near, aim=round((own or 0.0) * HOLDS, 2)))).ratio
            steady = steady and ratio is not None and own is not None and ratio >= HOLDS * own
    print("no cliff" if steady else f"a shape fell below {HOLDS} of its row's ratio, or was not measured")
    return steady


def at_random(seed: int, step: Step) -> bool:
    """The row of the pattern drawn with this seed."""
    print(f"drawn with seed {seed}:\n{drawn(seed)}")
    found = report(step(random_row(seed)))
    return bool(found.ratios) and min(found.ratios.values()) >= HOLDS


def tables(plan: Plan, step: Step) -> int:
    """Print what is wanted; 0 when every row was measured against every peer, and no extra one falls off."""
    heading()
    if plan.extra:
        steady = nearby(plan.rows, step) if plan.nearby else True
        return 0 if (plan.drawn is None or at_random(plan.drawn, step)) and steady else 1
    outcomes = [report(step(row)) for row in plan.rows]
    summary(outcomes)
    return 0 if all(found.ratio is not None for found in outcomes) else 1


def chosen(parts: str) -> list[Row]:
    """Rows whose label or sizes contain one of the parts; all for none."""
    words = [word.strip() for word in parts.split(",") if word.strip()]
    return [r for r in ROWS if not words or any(w in f"{r.label} {r.sizes} {r.function}" for w in words)]


def main() -> int:
    """Search, race, or both; 0 when nothing is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="", help="parts of labels, sizes or functions, joined by commas")
    parser.add_argument("--seconds", type=float, default=120.0, help="search budget of one row")
    parser.add_argument("--target", default="avx")
    parser.add_argument("--rules", type=int, default=0, help="no search: so many of the rules' schedules, raced")
    parser.add_argument("--nearby", action="store_true", help="the rows with nearby shapes, at those too")
    parser.add_argument("--drawn", type=int, help="a fused pattern drawn with this seed, alone or after --nearby")
    phase = parser.add_mutually_exclusive_group()
    phase.add_argument("--search", type=Path, metavar="DIR", help="search only; a folder for each row under DIR")
    phase.add_argument("--race", type=Path, metavar="DIR", help="time the kernels under DIR, no search")
    given = parser.parse_args()
    plan = Plan(chosen(given.kernels), given.nearby, given.drawn)
    effort = Effort(given.seconds, given.target, given.rules)
    if given.search:
        return search_all(plan.all, effort, given.search.resolve())
    return tables(plan, kept(given.race.resolve()) if given.race else at_once(effort))


if __name__ == "__main__":
    sys.exit(main())
