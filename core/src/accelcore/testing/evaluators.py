"""The suite of an evaluator alone: what the judge relies on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from accelcore.protocols import Evaluator
from accelcore.registry import registry
from accelcore.testing.judging import require_sole
from accelcore.testing.tasks import SmallTask, small_tasks
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Status


class EvaluatorSuite:
    """Subclass it and set `evaluator` to the name of an installed one whose target can be lowered to."""

    evaluator: ClassVar[str] = ""
    limits: ClassVar[Limits] = Limits()

    def chosen(self) -> Evaluator:
        """The evaluator under test; skips where it is not usable."""
        import pytest

        require_sole("evaluator", self.evaluator)
        found = registry().evaluator(self.evaluator)
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found

    def seeds(self) -> Sequence[tuple[SmallTask, Kernel]]:
        """Some seed kernels of its target."""
        from accelcore.errors import UnsupportedLowering

        target, found = registry().target(self.chosen().target), []
        for small in small_tasks():
            try:
                found.append((small, target.lower(small.task)))
            except UnsupportedLowering:
                continue
        return found[:3]

    def test_fingerprint_is_stable_and_says_something(self) -> None:
        """Costs are grouped by it."""
        assert self.chosen().fingerprint() == self.chosen().fingerprint() != ""

    def test_build_keeps_the_order(self) -> None:
        """One result for each kernel, in order; a broken one does not spoil its neighbours."""
        (small, good), evaluator = self.seeds()[0], self.chosen()
        broken = Kernel("no program ((", good.language, good.entry)
        built = evaluator.build(small.task, [good, broken, good], limits=self.limits)
        assert [isinstance(b, Artifact) for b in built] == [True, False, True]
        assert isinstance(built[1], Evaluation) and built[1].status is Status.COMPILE_ERROR
        assert built[1].cost is None
        assert isinstance(built[0], Artifact) and built[0].kernel == good

    def test_build_of_nothing(self) -> None:
        """An empty batch is no error."""
        small, _ = self.seeds()[0]
        assert list(self.chosen().build(small.task, [], limits=self.limits)) == []

    def test_a_runner_leaves_nothing_behind(self) -> None:
        """Opening and closing without a call, twice, works."""
        small, kernel = self.seeds()[0]
        (artifact,) = self.chosen().build(small.task, [kernel], limits=self.limits)
        assert isinstance(artifact, Artifact)
        for _ in range(2):
            with self.chosen().open(artifact, limits=self.limits):
                pass
