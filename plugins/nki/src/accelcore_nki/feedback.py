"""What a modelled run tells people and models: where the time goes, what memory it takes, what bounds it.

As text, as JSON, and as a Chrome trace file.  All times are modelled.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore_nki.timing.constants import CONSTANTS
from accelcore_nki.timing.schedule import ENGINES, Timeline

if TYPE_CHECKING:
    from accelcore_nki.recorder import Instruction

_TOP = 5
_SMALL = 64  # elements a partition below which an instruction costs its initiation interval only
_FULL = 128


@dataclass(frozen=True)
class Feedback:
    """The numbers of a timeline, ready for JSON, and their text."""

    numbers: dict[str, Any]
    text: str


def feedback(timeline: Timeline) -> Feedback:
    """Counters of a timeline; times in microseconds, sizes in bytes."""
    numbers = {
        "target": timeline.program.generation.name,
        "modelled_us": timeline.total / 1000,
        "launch_us": timeline.launch / 1000,
        "instructions": len(timeline.program.instructions),
        "bound": _bound(timeline),
        "engines": {engine: _engine(timeline, engine) for engine in ENGINES},
        "memory": _memory(timeline),
        "dma": _dma(timeline),
        "roofline": _roofline(timeline),
        "waits_us": _waits(timeline),
        "lines": _lines(timeline),
        "critical_path": _critical(timeline),
    }
    return Feedback(numbers, _text(numbers))


def _bound(timeline: Timeline) -> str:
    return max(ENGINES, key=timeline.busy)


def _engine(timeline: Timeline, engine: str) -> dict[str, Any]:
    mine = [i for i in timeline.program.instructions if i.engine == engine]
    widths = [max(v.free for v in (*i.dst, *i.src)) for i in mine if (*i.dst, *i.src)]
    rows = [max(v.shape[0] for v in (*i.dst, *i.src)) for i in mine if (*i.dst, *i.src)]
    busy, count = timeline.busy(engine), max(1, len(mine))
    return {
        "busy_us": busy / 1000,
        "utilisation": busy / timeline.total,
        "instructions": len(mine),
        "mean_elements": sum(widths) / count,
        "share_small": sum(w < _SMALL for w in widths) / count,
        "share_partial": sum(r < _FULL for r in rows) / count,
    }


def _memory(timeline: Timeline) -> dict[str, Any]:
    chip, used = timeline.program.generation, timeline.occupancy
    return {
        "sbuf_peak": used.sbuf_peak, "sbuf_limit": chip.usable,
        "psum_peak_banks": -(-used.psum_peak // chip.psum_bank), "psum_banks": chip.psum_banks,
    }  # fmt: skip


def _dma(timeline: Timeline) -> dict[str, Any]:
    """Traffic with HBM against the compulsory minimum: each input that is read once, each result once."""
    read = written = 0
    touched: dict[int, int] = {}
    moves = [n for n, i in enumerate(timeline.program.instructions) if i.engine == "dma"]
    for n in moves:
        i = timeline.program.instructions[n]
        for view in i.src[:1]:
            if not view.storage.on_chip:
                read += view.size * view.itemsize
                if view.storage.role == "input":
                    touched[view.storage.index] = view.storage.nbytes
        if not i.dst[0].storage.on_chip:
            written += i.dst[0].size * i.dst[0].itemsize
    outputs = {v.storage.index: v.storage.nbytes for v in timeline.program.outputs}
    compulsory = sum(touched.values()) + sum(outputs.values())
    amount = sum(timeline.costs[n].amount for n in moves)
    return {
        "count": len(moves), "read": read, "written": written, "compulsory": compulsory,
        "reload_factor": (read + written) / compulsory if compulsory else None,
        "mean_bytes": amount / max(1, len(moves)), "achieved_gb_s": amount / max(1.0, timeline.busy("dma")),
    }  # fmt: skip


def flops(instruction: Instruction) -> int:
    """Multiplications and additions of a matrix product; 0 for transpositions and all else."""
    if instruction.op != "nc_matmul" or instruction.args["transpose"]:
        return 0
    return 2 * instruction.src[0].size * instruction.dst[0].free


def _roofline(timeline: Timeline) -> dict[str, Any]:
    work = sum(flops(i) for i in timeline.program.instructions)
    traffic = _dma(timeline)
    moved = traffic["read"] + traffic["written"]
    constants = CONSTANTS[timeline.program.generation.name]
    peak = 2 * _FULL * _FULL * constants.tensor_clock.value  # flops each ns at one row a cycle
    return {
        "flops": work, "flops_per_byte": work / moved if moved else None,
        "knee_flops_per_byte": peak / constants.dma_bandwidth.value,
        "share_of_peak": work / timeline.total / peak,
    }  # fmt: skip


def _waits(timeline: Timeline) -> dict[str, float]:
    """Idle time before instructions, by what they waited for; overlapping waits of engines add up."""
    ends: dict[str, float] = defaultdict(float)
    waits: dict[str, float] = defaultdict(float)
    for n, i in enumerate(timeline.program.instructions):
        gap = timeline.start[n] - ends[i.engine]
        if gap > 0 and timeline.kind[n] != "engine":
            cause = timeline.program.instructions[timeline.cause[n]].engine
            waits[f"{timeline.kind[n]} from {cause}" if timeline.kind[n] == "data" else timeline.kind[n]] += gap / 1000
        ends[i.engine] = max(ends[i.engine], timeline.start[n] + timeline.costs[n].busy)
    return dict(sorted(waits.items(), key=lambda kv: -kv[1]))


def _lines(timeline: Timeline) -> list[dict[str, Any]]:
    """The source lines that take most engine time."""
    totals: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for n, i in enumerate(timeline.program.instructions):
        entry = totals[(i.line, i.op, i.engine)]
        entry[0] += timeline.costs[n].busy / 1000
        entry[1] += 1
    top = sorted(totals.items(), key=lambda kv: -kv[1][0])[:_TOP]
    return [{"line": k[0], "op": k[1], "engine": k[2], "busy_us": v[0], "count": int(v[1])} for k, v in top]


def _critical(timeline: Timeline) -> list[dict[str, Any]]:
    """The chain of waits that ends with the last result, runs of one line joined, first to last."""
    if not timeline.finish:
        return []
    at = max(range(len(timeline.finish)), key=timeline.finish.__getitem__)
    chain: list[dict[str, Any]] = []
    end = timeline.finish[at]
    while at >= 0:
        i = timeline.program.instructions[at]
        spent = (end - timeline.start[at]) / 1000
        if chain and (chain[-1]["line"], chain[-1]["op"]) == (i.line, i.op):
            chain[-1]["us"] += spent
            chain[-1]["count"] += 1
        else:
            chain.append({"line": i.line, "op": i.op, "engine": i.engine, "us": spent, "count": 1})
        end, at = timeline.start[at], timeline.cause[at]
    return chain[::-1]


def _text(numbers: dict[str, Any]) -> str:
    engines, dma, memory = numbers["engines"], numbers["dma"], numbers["memory"]
    lines = [f"modelled {numbers['modelled_us']:.1f} us on {numbers['target']} (a model's time, not measured); "
             f"{numbers['bound']} is the busiest engine"]  # fmt: skip
    for name, e in engines.items():
        if e["instructions"]:
            lines.append(
                f"  {name:7s} {e['busy_us']:10.1f} us {e['utilisation']:6.1%}  {e['instructions']} instructions of "
                f"{e['mean_elements']:.0f} elements a partition, {e['share_small']:.0%} under {_SMALL}, "
                f"{e['share_partial']:.0%} on fewer than {_FULL} partitions"
            )
    factor = (
        f"{dma['reload_factor']:.2f} times the compulsory {dma['compulsory']}" if dma["compulsory"] else "none needed"
    )
    lines.append(f"HBM: {dma['read']} bytes read, {dma['written']} written, {factor}; {dma['count']} DMAs of "
                 f"{dma['mean_bytes']:.0f} bytes at {dma['achieved_gb_s']:.0f} GB/s")  # fmt: skip
    lines.append(f"SBUF peak {memory['sbuf_peak']} of {memory['sbuf_limit']} bytes a partition, "
                 f"PSUM {memory['psum_peak_banks']} of {memory['psum_banks']} banks")  # fmt: skip
    lines += _roof(numbers["roofline"])
    lines += [f"waits: {kind} {us:.1f} us" for kind, us in list(numbers["waits_us"].items())[:3]]
    for entry in numbers["lines"]:
        share = f"{entry['busy_us']:.1f} us, {entry['count']} times"
        lines.append(f"  {_short(entry['line'])} {entry['op']} on {entry['engine']}: {share}")
    return "\n".join([*lines, *_path(numbers["critical_path"])])


def _roof(roofline: dict[str, Any]) -> list[str]:
    """Where the kernel stands under the roofline; nothing for kernels without matrix products."""
    if not roofline["flops"]:
        return []
    intensity = roofline["flops_per_byte"]
    side = "left of" if intensity is not None and intensity < roofline["knee_flops_per_byte"] else "right of"
    reach = "no HBM traffic" if intensity is None else f"{intensity:.0f} flop/byte"
    return [f"roofline: {reach}, {side} the knee at {roofline['knee_flops_per_byte']:.0f}; "
            f"{roofline['share_of_peak']:.1%} of the bf16 peak"]  # fmt: skip


def _path(chain: list[dict[str, Any]]) -> list[str]:
    """The lines that take most of the critical path, in its order."""
    totals: dict[tuple[str, str, str], list[float]] = {}
    for entry in chain:
        at = totals.setdefault((_short(entry["line"]), entry["op"], entry["engine"]), [0.0, 0.0])
        at[0] += entry["us"]
        at[1] += entry["count"]
    kept = set(sorted(totals, key=lambda key: -totals[key][0])[:_TOP])
    parts = [f"{line} {op} {us:.1f} us ({count:.0f})" for (line, op, engine), (us, count) in totals.items()
             if (line, op, engine) in kept]  # fmt: skip
    return ["critical path: " + ", then ".join(parts)] if parts else []


def _short(line: str) -> str:
    return Path(line).name


def chrome_trace(timeline: Timeline) -> dict[str, Any]:
    """The timeline in the Chrome trace format (chrome://tracing, Perfetto); one row an engine, times in us."""
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 0, "tid": n, "name": "thread_name", "args": {"name": e}} for n, e in enumerate(ENGINES)
    ]
    for n, i in enumerate(timeline.program.instructions):
        events.append(
            {"ph": "X", "pid": 0, "tid": ENGINES.index(i.engine), "name": i.op, "ts": timeline.start[n] / 1000,
             "dur": timeline.costs[n].busy / 1000, "args": {"line": _short(i.line), "waited": timeline.kind[n]}}
        )  # fmt: skip
    return {"traceEvents": events, "displayTimeUnit": "ns"}
