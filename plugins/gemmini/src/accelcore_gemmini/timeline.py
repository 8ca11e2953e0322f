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
_FEW, _PARTS = 1000, 100


def spans(outcome: Outcome) -> Iterator[Span]:
    """What each queue did when, in a timed run: (queue, operations, first cycle, cycle after the last).

    Operations one by one where they are few, else together with those that are issued in the same part of the run.
    """
    import numpy as np

    ops, times = outcome.operations, outcome.timing.times
    issued = (times[:, 2] >= 0) & (times[:, 3] >= 0)
    start, end = times[issued, 2], np.maximum(times[issued, 3], times[issued, 2] + 1)
    queue, kind = ops["queue"][issued].astype(np.int64), ops["kind"][issued].astype(np.int64)
    parts = start * _PARTS // max(int(start.max(initial=0)) + 1, 1) if len(start) > _FEW else np.arange(len(start))
    for number in range(len(_QUEUES)):
        own = np.nonzero(queue == number)[0]
        own = own[np.argsort(parts[own], kind="stable")]
        bounds = np.nonzero(np.diff(parts[own]))[0] + 1
        for members in np.split(own, bounds) if len(own) else ():
            first, last = float(start[members].min()), float(end[members].max())
            yield _QUEUES[number], _counted(np.bincount(kind[members]).tolist()), first, last


def _counted(kinds: list[int]) -> str:
    """How many operations of each kind; a single one by its name alone."""
    if sum(kinds) == 1:
        return _NAMES[kinds.index(1)]
    return ", ".join(f"{count} {_NAMES[kind]}" for kind, count in enumerate(kinds) if count)


def chrome_trace(outcome: Outcome) -> str:
    """The operations as a timeline (JSON) for chrome://tracing and Perfetto; one cycle is one microsecond."""
    events: list[dict[str, Any]] = [
        {"name": "thread_name", "ph": "M", "pid": 0, "tid": tid, "args": {"name": name}}
        for tid, name in enumerate(_QUEUES)
    ]
    for op, (_, alloc, issue, complete) in zip(outcome.operations, outcome.timing.times.tolist(), strict=True):
        if issue >= 0 and complete >= 0:
            events.append({
                "name": _NAMES[int(op["kind"])], "ph": "X", "pid": 0, "tid": int(op["queue"]), "ts": issue,
                "dur": max(complete - issue, 1),
                "args": {"line": int(op["line"]), "rows": int(op["rows"]), "cols": int(op["cols"]), "allocated": alloc},
            })  # fmt: skip
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
