"""Nothing waits that could go on: counted in answers of a model with a latency, never in absolute times."""

from __future__ import annotations

import threading
import time

import pytest

from accelcore.bench import landscapes
from accelcore.journal import Journal
from accelcore.models.answer import Answer
from accelcore.models.client import Client
from accelcore.models.prices import FREE
from accelcore.proposers.model import ModelProposer
from accelcore.session import Session
from accelcore.values import Phase, Usage

GEMM = landscapes()[0]


class SlowModel:
    """Every answer takes `latency`; keeps the number of calls in flight."""

    prefix, model, price, max_tokens = "slow", "m", FREE, 100

    def __init__(self, latency):
        self.latency, self.flying, self.most, self._lock = latency, 0, 0, threading.Lock()

    def __repr__(self):
        return "SlowModel()"

    def complete(self, messages, *, schema, limits):
        with self._lock:
            self.flying += 1
            self.most = max(self.most, self.flying)
        time.sleep(self.latency)
        with self._lock:
            self.flying -= 1
        asked = messages[1]["content"]
        is_plan = "tagged `plan` and nothing" in asked
        return Answer("```plan\nset it\n```" if is_plan else f"```settings\n{GEMM.name}\n```", Usage("m", 1, 1))


@pytest.fixture
def slow():
    model = SlowModel(0.1)
    client = Client([model], concurrency=64)
    with Session(Journal.memory(seed=1), proposers=[ModelProposer()], client=client) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        yield session, model, session.start(GEMM.lower(session.task))


def test_a_step_takes_as_long_as_its_longest_chain(slow):
    """Sixteen plans and two implementations of each: a chain of two answers, not of eighteen."""
    session, model, start = slow
    begun = time.monotonic()
    streams = [session.propose([session.request(Phase.PLAN, start)], n=4) for _ in range(4)]
    plans = [plan for stream in streams for plan in stream]
    written = [session.propose([session.request(Phase.IMPLEMENT, start, moves=[p.move])], n=2) for p in plans]
    assert len(plans) == 16
    assert sum(1 for stream in written for _ in stream) == 32
    chains = (time.monotonic() - begun) / model.latency
    assert model.most >= 16
    assert chains < 2 * 3, "of 48 answers, one after the other"
