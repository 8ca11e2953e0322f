"""Ranks that a docstring tells: `x: array of shape (batch, n)`, `x (N, D)`, `img: H x W x 3`.

Only the number of axes is taken, and only where no annotation says it: the extents themselves come from the code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from accelcore_llmlift.python.annotations import Annotation

_EXTENT = r"[A-Za-z_0-9+*/ -]+"
_TUPLE = re.compile(rf"[(\[]\s*({_EXTENT}(?:,{_EXTENT})*),?\s*[)\]]")
_TIMES = re.compile(r"\b(\w+(?:\s*(?:x|\u00d7|\*)\s*\w+)+)\b")


def with_docstring(said: Mapping[str, Annotation], text: str | None) -> dict[str, Annotation]:
    """Annotations with the ranks that the docstring adds."""
    found = dict(said)
    for name, note in said.items():
        if note.rank is None and text:
            rank = documented_rank(name, text)
            found[name] = replace(note, rank=rank) if rank else note
    return found


def documented_rank(name: str, text: str) -> int | None:
    """The number of axes that a line about a parameter gives; None when there is none or it is not clear."""
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}(?![\w(])\s*(?::|--?|=|is|\()?([^\n;.]*)", text):
        line = match.group(0)[len(name) :]
        line = re.split(r",\s*\w+\s*:", line)[0]  # "x: (n, d), y: (n,)" says each on its own
        shape = _TUPLE.search(line)
        if shape is not None and not re.search(r"optional|default|e\.g", shape.group(0)):
            return shape.group(1).rstrip(", ").count(",") + 1
        shape = _TIMES.search(line)
        if shape is not None:
            return len(re.split(r"\s*(?:x|\u00d7|\*)\s*", shape.group(1)))
    return None
