"""When each queue did what: for the report, and as a Chrome trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from accelcore_gemmini.commands import Kind

if TYPE_CHECKING:
    from accelcore.values import Span
    from accelcore_gemmini.machine import Outcome

_QUEUES = ("load", "execute", "store")
_NAMES = {int(kind): kind.name.lower() for kind in Kind}


def spans(outcome: Outcome) -> Iterator[Span]:
    """(queue, operation, cycle of its issue, cycle after its completion) of each operation of a timed run."""
    for op, (queue, kind), (_, _, issue, complete) in _issued(outcome):
        del op
        yield _QUEUES[queue], _NAMES[kind], float(issue), float(max(complete, issue + 1))


def chrome_trace(outcome: Outcome) -> str:
    """The operations as a timeline (JSON) for chrome://tracing and Perfetto; one cycle is one microsecond."""
    events: list[dict[str, Any]] = [
        {"name": "thread_name", "ph": "M", "pid": 0, "tid": tid, "args": {"name": name}}
        for tid, name in enumerate(_QUEUES)
    ]
    for op, (queue, kind), (_, alloc, issue, complete) in _issued(outcome):
        events.append({
            "name": _NAMES[kind], "ph": "X", "pid": 0, "tid": queue, "ts": issue, "dur": max(complete - issue, 1),
            "args": {"line": int(op["line"]), "rows": int(op["rows"]), "cols": int(op["cols"]), "allocated": alloc},
        })  # fmt: skip
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})


def _issued(outcome: Outcome) -> Iterator[tuple[Any, tuple[int, int], tuple[int, int, int, int]]]:
    """Operations that were issued to a controller: the record, (queue, kind), and its four cycles."""
    ops, times = outcome.operations, outcome.timing.times
    both = zip(ops, ops["queue"].tolist(), ops["kind"].tolist(), times.tolist(), strict=True)
    for op, queue, kind, (accept, alloc, issue, complete) in both:
        if issue >= 0 and complete >= 0:
            yield op, (queue, kind), (accept, alloc, issue, complete)
