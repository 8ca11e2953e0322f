"""Error of the model of time on measured traces: python bench/gemmini/traces.py FILE [--first NAME].

Prints, per kind, mean, median, 90th percentile and largest error of the cycles, the worst traces, the rank correlation
within the GEMM kind, and the speed.  With --first NAME: the first commands of that trace whose times differ.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from pathlib import Path

from accelcore_gemmini import Config, Machine
from accelcore_gemmini.machine import encode
from accelcore_gemmini.traces import Replay, buffers, commands, read, replay

BUSY = 0.8
"""Share of the cycles in which the array works, from which on a trace counts as busy."""

BARS = "bars: median of all and of busy 2 %, p95 10 %; per kind mean 5 %, p90 12 %; none above 25 %; GEMM rank 0.98"


def quantile(sorted_values: list[float], part: float) -> float:
    return sorted_values[min(int(part * len(sorted_values)), len(sorted_values) - 1)]


def rank_correlation(one: list[float], two: list[float]) -> float:
    """Spearman's: the correlation of the ranks."""

    def ranks(values: list[float]) -> list[float]:
        order = sorted(range(len(values)), key=values.__getitem__)
        place = [0.0] * len(values)
        for at, index in enumerate(order):
            place[index] = float(at)
        return place

    return statistics.correlation(ranks(one), ranks(two))


def line(label: str, replays: list[Replay]) -> str:
    errors = sorted(abs(r.error) for r in replays)
    return (
        f"{label:4} {len(errors):5} {statistics.mean(errors):8.2%} {statistics.median(errors):8.2%} "
        f"{quantile(errors, 0.9):8.2%} {quantile(errors, 0.95):8.2%} {errors[-1]:8.2%}"
    )


def report(replays: list[Replay], seconds: float) -> None:
    kinds: dict[str, list[Replay]] = defaultdict(list)
    for one in replays:
        kinds[one.kind].append(one)
    print(f"{'kind':4} {'n':>5} {'mean':>8} {'median':>8} {'p90':>8} {'p95':>8} {'max':>8}")
    for kind, members in sorted(kinds.items()):
        print(line(kind, members))
    print(line("all", replays))
    busy = [r for r in replays if r.outcome.feedback().counters["execute_busy"] >= BUSY * r.outcome.cycles]
    if busy:
        print(line("busy", busy))
    gemm = kinds.get("c", [])
    if len(gemm) > 2:
        rank = rank_correlation([float(r.measured) for r in gemm], [float(r.outcome.cycles) for r in gemm])
        print(f"rank correlation within kind c: {rank:.4f}")
    print(BARS)
    for one in sorted(replays, key=lambda r: -abs(r.error))[:10]:
        print(f"  {one.error:+8.2%}  {one.kind} {one.name}")
    wrong = [r.name for r in replays if r.wrong_outputs]
    print(f"{len(wrong)} traces with wrong outputs {wrong[:5]}; {sum(len(r.outcome.operations) for r in replays)} "
          f"operations in {seconds:.1f} s, reading and hashing included")  # fmt: skip


def first_differences(path: Path, name: str, count: int = 20) -> None:
    """Commands of one trace whose times, counted from their segment's start, differ from the measured ones."""
    trace = next(t for t in read(path) if t["name"] == name)
    outcome = replay(trace).outcome
    segment, shown = 0, 0
    for command, mine, real in zip(trace["commands"], outcome.timing.times.tolist(), trace["times"], strict=True):
        if real is None:
            segment += 1
            continue
        ours = [v - outcome.timing.segments[segment][0] for v in mine]
        theirs = [v - trace["segments"][segment][0] for v in real]
        if ours != theirs and shown < count:
            print(f"segment {segment} {command}: model {ours}, hardware {theirs}")
            shown += 1


def speed(path: Path, rounds: int = 3) -> None:
    """Commands a second over the traces of explicit commands, with and without time; the best of some rounds."""
    traces = [t for t in read(path) if t["kind"] in "cf"]
    ready = [(Config(latency=t["lat"]), encode(commands(t)), buffers(t)) for t in traces]
    total = sum(len(log) for _, log, _ in ready)
    for timed in (False, True):
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            for config, log, memory in ready:
                Machine(config).run(log, memory, timed=timed)
            seconds.append(time.perf_counter() - start)
        print(f"{total / min(seconds):12,.0f} commands a second {'with' if timed else 'without'} time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--first", default="")
    options = parser.parse_args()
    if options.first:
        first_differences(options.file, options.first)
        return
    start = time.perf_counter()
    replays = [replay(trace) for trace in read(options.file)]
    report(replays, time.perf_counter() - start)
    speed(options.file)


if __name__ == "__main__":
    main()
