"""The memory of a run: one SQLite file that survives `kill -9` (docs/journal.md)."""

from __future__ import annotations

from accelcore.journal.reader import DEFAULT_FOLDER, find, read, runs
from accelcore.journal.writer import CallRow, EvaluationRow, Journal, new_id

__all__ = ["DEFAULT_FOLDER", "CallRow", "EvaluationRow", "Journal", "find", "new_id", "read", "runs"]
