"""The Python front end: source text to the imperative program, through `ast` alone; nothing is ever executed."""

from __future__ import annotations

from accelcore_llmlift.python.build import parse

__all__ = ["parse"]
