"""Strategies on landscapes of known cost: `make bench-search`.

Prints the table of `accelcore.bench.compare` (median and quartiles over 20 seeds), the budget of the default strategy
on the published landscape, what wrong replies cost it, and the overhead of the orchestration.  Writes the curves of
docs/strategies.md to docs/search.svg with --plot.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from latency import print_latency

from accelcore import strategies
from accelcore.bench import Landscape, ScriptedProposer, Trace, compare, landscapes, trace
from accelcore.protocols import Strategy
from accelcore.registry import registry

COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555")


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--plot", action="store_true", help="write docs/search.svg")
    chosen = parser.parse_args()
    raced, over, seeds = [s for s in registry().strategies() if not s.missing()], landscapes(), range(chosen.seeds)
    found = compare(raced, over, seeds)
    print(found.table(), "\n")
    gemm = next(land for land in over if land.name == "gemm")
    default = next(s for s in raced if s.name == strategies.DEFAULT)
    print_default(default, gemm, seeds)
    print_latency()
    if chosen.plot:
        mine = [t for t in found.traces if t.landscape == gemm.name]
        Path("docs/search.svg").write_text(plot(mine, gemm))


def print_default(default: Strategy, gemm: Landscape, seeds: Sequence[int]) -> None:
    """Median evaluations of the default strategy to the published marks, by the fraction of wrong replies."""
    print(f"{default.name}: median distinct evaluations to cost 1010 and 970, by fraction of wrong replies")
    for wrong in (0.0, 0.1, 0.2, 0.3):
        traces = [trace(default, gemm, s, proposer=ScriptedProposer(gemm, s, wrong=wrong)) for s in seeds]
        marks = [[t.reached(cost) for t in traces] for cost in (1010, 970)]
        medians = [median(pair[0] if pair else float("inf") for pair in row) for row in marks]
        repeats = sum(t.repeats for t in traces)
        print(f"  {wrong:4.0%}   {medians[0]:6g} {medians[1]:6g}   judged twice: {repeats}")


def plot(traces: Sequence[Trace], land: Landscape) -> str:
    """Median best cost against evaluations, as SVG."""
    names = list(dict.fromkeys(t.strategy for t in traces))
    width, height, top, right = 640, 320, 120, land.optimum * 1.9
    rows = [_axes(width, height, top, land.optimum, right)]
    for name, colour in zip(names, COLOURS, strict=False):
        mine = [t for t in traces if t.strategy == name]
        points = [(n, median(_best(t, n) for t in mine)) for n in range(1, top + 1)]
        line = " ".join(
            f"{40 + n * (width - 180) / top:.1f},{_y(cost, land.optimum, right, height):.1f}" for n, cost in points
        )
        at = 40 + 18 * names.index(name)
        rows.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        rows.append(f'<text x="{width - 130}" y="{at}" fill="{colour}">{name}</text>')
    body = "\n".join(rows)
    style = f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {style}>\n{body}\n</svg>\n'


def _axes(width: int, height: int, top: int, low: float, high: float) -> str:
    ticks = [f'<text x="{40 + n * (width - 180) / top:.0f}" y="{height - 8}">{n}</text>' for n in range(0, top + 1, 30)]
    costs = [f'<text x="4" y="{_y(c, low, high, height) + 4:.0f}">{c:g}</text>' for c in (low, low * 1.25, low * 1.5)]
    frame = f'<rect x="40" y="16" width="{width - 180}" height="{height - 46}" fill="none" stroke="#999999"/>'
    return "\n".join([frame, *ticks, *costs])


def _y(cost: float, low: float, high: float, height: int) -> float:
    return 16 + (height - 46) * (1 - (min(cost, high) - low) / (high - low))


def _best(found: Trace, evaluations: int) -> float:
    """Best cost within so many evaluations."""
    return min((cost for n, _, cost in found.path if n <= evaluations), default=found.path[0][2])


if __name__ == "__main__":
    main()
