"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from accelcore.html.page import page

__all__ = ["page"]
