"""The paid verbs of a search: propose, verify, evaluate, expand (docs/strategies.md)."""

from __future__ import annotations

from accelcore.session.bench import Bench
from accelcore.session.engine import Session
from accelcore.session.line import Judged
from accelcore.session.progress import Progress
from accelcore.session.streams import Stream

__all__ = ["Bench", "Judged", "Progress", "Session", "Stream"]
