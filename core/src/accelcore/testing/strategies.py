"""The suite of a search strategy, over scripted landscapes: no compiler, no clock."""

from __future__ import annotations

from typing import ClassVar

from accelcore.protocols import Strategy
from accelcore.registry import registry
from accelcore.testing.fakes import FakeBench, FakeTarget, Landscape, bowl, broken, coordinates, half_broken
from accelcore.testing.tasks import elementwise
from accelcore.values import Budget, Candidate, Status


class StrategySuite:
    """Subclass it and set `strategy` to NAME or NAME:OPTION=VALUE,... of an installed plugin.

    finds_the_valley: whether it is expected to reach the bottom of a bowl with an ample budget.
    """

    strategy: ClassVar[str] = ""
    finds_the_valley: ClassVar[bool] = True
    evaluations: ClassVar[int] = 200

    def chosen(self) -> Strategy:
        """The strategy under test."""
        from accelcore.pipeline.catalog import choose_strategy

        return choose_strategy(self.strategy, {})

    def searched(
        self, landscape: Landscape, *, evaluations: int, seed: int = 1
    ) -> tuple[Candidate | None, FakeBench, float]:
        """The best candidate, the bench, and how many evaluations were charged."""
        from accelcore.journal import Journal
        from accelcore.session import Session

        bench, target, task = FakeBench(landscape), FakeTarget(), elementwise().task
        proposers = [p for p in registry().proposers() if getattr(p, "legal", False)]
        session = Session(Journal.memory(seed=seed), budget=Budget(evaluations=evaluations), proposers=proposers)
        with session:
            session.focus(task, target, bench)
            start = session.start(target.lower(task), lowered=True)
            best = session.search(self.chosen(), start)
            return best, bench, session.meter.spent["evaluations"]

    def test_the_budget_is_respected(self) -> None:
        """Never more evaluations than allowed, also with a budget of one."""
        for limit in (1, 2, 7):
            _, bench, spent = self.searched(bowl, evaluations=limit)
            assert spent <= limit
            assert len(bench.judged) <= limit

    def test_it_is_deterministic_in_its_seed(self) -> None:
        """The same seed judges the same kernels in the same order."""
        first, second = (self.searched(bowl, evaluations=40, seed=5) for _ in range(2))
        assert first[1].judged == second[1].judged
        assert first[0] == second[0]

    def test_it_never_ends_worse_than_the_start(self) -> None:
        """The start is best where every step is worse."""
        best, _, _ = self.searched(lambda point: 1.0 + sum(point), evaluations=self.evaluations)
        assert best is not None and sum(coordinates(best.kernel)) == 0

    def test_it_finds_what_is_there(self) -> None:
        """It improves on the start; an exhaustive one reaches the bottom of a bowl."""
        best, _, _ = self.searched(bowl, evaluations=self.evaluations)
        assert best is not None
        found = bowl(coordinates(best.kernel))
        assert found < bowl((0, 0))
        if self.finds_the_valley:
            assert found == bowl((3, 3))

    def test_it_survives_an_evaluator_that_always_fails(self) -> None:
        """It ends, with nothing."""
        best, bench, _ = self.searched(broken, evaluations=50)
        assert best is None
        assert bench.judged

    def test_it_survives_an_evaluator_that_often_fails(self) -> None:
        """It ends with a kernel that works."""
        best, _, _ = self.searched(half_broken, evaluations=50)
        assert best is not None
        assert not isinstance(half_broken(coordinates(best.kernel)), Status)

    def test_no_kernel_is_judged_twice(self) -> None:
        """Equal kernels are paid for once."""
        _, bench, _ = self.searched(bowl, evaluations=self.evaluations)
        assert len(bench.judged) == len(set(bench.judged))
