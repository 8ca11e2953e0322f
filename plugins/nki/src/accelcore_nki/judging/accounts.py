"""What a judged kernel's evaluation says of its modelled time: a text, counters by name, spans for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore_nki.feedback import feedback

if TYPE_CHECKING:
    from accelcore_nki.timing import Timeline

Span = tuple[str, str, float, float]


@dataclass(frozen=True)
class Account:
    """text: for people and models.  metrics: numbers by name.  spans: (engine, what, start, end) in seconds."""

    text: str = ""
    metrics: tuple[tuple[str, float], ...] = ()
    spans: tuple[Span, ...] = ()


def account(timeline: Timeline) -> Account:
    """The account of one modelled run."""
    found = feedback(timeline)
    return Account(found.text, tuple(_metrics(found.numbers).items()), _spans(timeline))


def _metrics(numbers: dict[str, Any]) -> dict[str, float]:
    """The counters that searches and people compare, flat."""
    dma, memory, roofline = numbers["dma"], numbers["memory"], numbers["roofline"]
    found: dict[str, float] = {"modelled_us": numbers["modelled_us"], "instructions": float(numbers["instructions"])}
    for engine, facts in numbers["engines"].items():
        if facts["instructions"]:
            found[f"{engine}_busy_us"], found[f"{engine}_utilisation"] = facts["busy_us"], facts["utilisation"]
    found |= {
        "hbm_read_bytes": dma["read"], "hbm_written_bytes": dma["written"], "hbm_compulsory_bytes": dma["compulsory"],
        "dma_count": dma["count"], "dma_mean_bytes": dma["mean_bytes"], "dma_gb_s": dma["achieved_gb_s"],
        "sbuf_peak_bytes": memory["sbuf_peak"], "psum_peak_banks": memory["psum_peak_banks"],
        "flops": roofline["flops"], "share_of_peak": roofline["share_of_peak"],
    }  # fmt: skip
    return {name: float(value) for name, value in found.items()}


def _spans(timeline: Timeline) -> tuple[Span, ...]:
    rows = zip(timeline.program.instructions, timeline.start, timeline.costs, strict=True)
    return tuple(
        (i.engine, f"{i.op} {Path(i.line).name}", start / 1e9, (start + price.busy) / 1e9) for i, start, price in rows
    )
