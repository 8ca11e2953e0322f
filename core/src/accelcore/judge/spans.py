"""Timelines short enough to be kept with every evaluation: what a reader can tell apart on a screen, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterable

from accelcore.values import Span

_CELLS = 160
"""Of one engine's row: work that begins in the same cell is drawn as one span."""

_ENGINES, _NAME = 24, 60


def condensed(spans: Iterable[Span]) -> tuple[Span, ...]:
    """At most some hundred spans per engine, by start: neighbours joined, their names counted.

    A joined span begins with its first and ends with its last part, so idle time within a cell is not shown.  Spans
    that end before they begin, or that are no numbers, are left out: a plugin's account is shown, not believed.
    """
    sound = [s for s in spans if all(map(math.isfinite, s[2:])) and 0 <= s[2] <= s[3]]
    width = max((s[3] for s in sound), default=0.0) / _CELLS
    engines = list(dict.fromkeys(s[0] for s in sound))[:_ENGINES]
    found: list[Span] = []
    for engine in engines:
        cells: dict[int, list[Span]] = {}
        for span in sorted((s for s in sound if s[0] == engine), key=lambda s: s[2:]):
            cells.setdefault(int(span[2] / width) if width else 0, []).append(span)
        found += [_joined(engine, parts) for parts in cells.values()]
    return tuple(found)


def _joined(engine: str, parts: list[Span]) -> Span:
    names = dict.fromkeys(part[1] for part in parts)
    counted = [f"{sum(p[1] == n for p in parts)} x {n}" if len(parts) > 1 else n for n in list(names)[:4]]
    text = ", ".join([*counted, *(["..."] if len(names) > 4 else [])])
    return engine[:_NAME], text[:_NAME], parts[0][2], max(part[3] for part in parts)
