"""Search for accelcore: the autocomp strategy, prompts and knowledge tools."""

from __future__ import annotations

requires_api = 1
