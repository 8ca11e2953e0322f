"""Modelled time of instruction programs: constants, costs of single instructions, a schedule over the engines.

The time is a model's: a gain in it may not hold on silicon.  docs/nki-timing.md says what it cannot know.
"""

from __future__ import annotations

from accelcore_nki.timing.schedule import Timeline, modelled

__all__ = ["Timeline", "modelled"]
