"""How far a translation has come: a score from 0 to 10 that the model gives, carried by the candidate's move.

The score only orders kernels while a translation lasts; whether a kernel is right is the judge's to say, as ever.
"""

from __future__ import annotations

import re

from accelcore.values import Move

COMPLETE = 9
"""The score from which on a kernel counts as translated."""

_NAME = re.compile(r"translated\((10|[0-9])\)")


def translated(score: int, text: str) -> Move:
    """The move of a kernel that a translation came to."""
    return Move(f"translated({score})", text)


def completeness(move: Move | None) -> int:
    """The score of a candidate's move; 0 for a kernel that no translation made."""
    match = _NAME.fullmatch(move.name) if move else None
    return int(match[1]) if match else 0
