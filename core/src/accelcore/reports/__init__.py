"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from accelcore.reports.page import page

__all__ = ["page"]
