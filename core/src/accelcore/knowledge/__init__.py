"""What is known about a target, as plain files: for prompts, and for people.  docs/knowledge.md has the format."""

from __future__ import annotations

from accelcore.knowledge.folder import IDEA, Example, Knowledge, Rules, read
from accelcore.knowledge.sections import Entry, Section, sections, select

__all__ = ["IDEA", "Entry", "Example", "Knowledge", "Rules", "Section", "read", "sections", "select"]
