"""The suite of a proposer that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from accelcore.protocols import Proposer
from accelcore.registry import registry
from accelcore.testing.fakes import FakeBench, FakeTarget
from accelcore.testing.tasks import elementwise
from accelcore.values import Phase, Proposal, Request


class ProposerSuite:
    """Subclass it and set `proposer` to the name of an installed one.

    It is asked in a session over the fake target, where moves are steps on a grid.
    """

    proposer: ClassVar[str] = ""

    def chosen(self) -> Proposer:
        """The proposer under test; skips where it is not usable."""
        import pytest

        found = next((p for p in registry().proposers() if p.name == self.proposer), None)
        assert found is not None, f"no proposer {self.proposer!r} is installed"
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found

    def asked(self, phase: Phase, *, n: int, seed: int = 1) -> Sequence[Proposal]:
        """What it proposes for a lowered fake kernel."""
        from accelcore.journal import Journal
        from accelcore.session import Session

        target, task = FakeTarget(), elementwise().task
        with Session(Journal.memory(seed=seed), proposers=[self.chosen()]) as session:
            session.focus(task, target, FakeBench())
            start = session.start(target.lower(task), lowered=True)
            proposer: Any = self.chosen()
            bound = proposer.bind(session) if hasattr(proposer, "bind") else proposer
            request = Request(phase, task, target.name, start, step=1)
            return list(bound.propose(request, n=n, seed=seed))

    def test_n_is_honoured(self) -> None:
        """At most n, for every phase; none for a phase that it has no ideas for."""
        for phase in Phase:
            for n in (0, 1, 3):
                assert len(self.asked(phase, n=n)) <= n, phase

    def test_it_is_deterministic(self) -> None:
        """The same request and seed give the same proposals."""
        assert self.asked(Phase.IMPLEMENT, n=4) == self.asked(Phase.IMPLEMENT, n=4)

    def test_proposals_say_where_they_come_from(self) -> None:
        """Every proposal has an origin, and text or a kernel or a summary."""
        for proposal in self.asked(Phase.IMPLEMENT, n=8):
            assert proposal.origin
            assert proposal.text or proposal.plan or proposal.kernel or proposal.summary
