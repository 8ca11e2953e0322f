"""What suites about a target have in common: the target, its evaluator, its lowered small tasks, one judgement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from accelcore.errors import UnsupportedLowering
from accelcore.protocols import Evaluator, Target
from accelcore.registry import registry
from accelcore.testing.tasks import SmallTask, small_tasks
from accelcore.values import Evaluation, Kernel, Limits, Task

REPORT: dict[str, list[str]] = {}
"""What was not exercised, by target."""


def require_sole(kind: str, name: str) -> None:
    """Fail where two plugins offer one name: the suite would test the other one."""
    import pytest

    for problem in registry().problems():
        if f"{kind} {name!r} is already offered" in problem.what:
            pytest.fail(str(problem))


class Judging:
    """Base of suites about one target.

    target: NAME or NAME:OPTION=VALUE,... of an installed plugin.
    """

    target: ClassVar[str] = ""

    def chosen(self) -> Target:
        """The target under test; skips where it is not usable."""
        import pytest

        from accelcore.pipeline.catalog import choose_target

        require_sole("target", self.target.partition(":")[0])
        found = choose_target(self.target)
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found

    def evaluator(self) -> Evaluator:
        """Its evaluator; skips where there is none that is usable."""
        import pytest

        from accelcore.errors import MissingTool
        from accelcore.pipeline.catalog import choose_evaluator

        self.chosen()
        try:
            found = choose_evaluator(self.target)
        except MissingTool as error:
            pytest.skip(f"not usable here: {error.hint}")
        if found is None:
            pytest.skip("the target has no evaluator")
        return found

    def judge(self, task: Task, kernel: Kernel, *, strict: bool = False, seconds: float = 10.0) -> Evaluation:
        """One judged evaluation, within so many seconds for a call."""
        from accelcore.pipeline.benches import judged_once

        return judged_once(self.evaluator(), task, kernel, strict=strict, limits=Limits(seconds=seconds))

    def lowered(self) -> Iterator[tuple[SmallTask, Kernel]]:
        """The small tasks that the target lowers, each with its seed."""
        target = self.chosen()
        for small in small_tasks():
            try:
                yield small, target.lower(small.task)
            except UnsupportedLowering as error:
                self.note(f"{small.name} is not lowered: {error.what}")

    def note(self, text: str) -> None:
        """Remember what was not exercised; `test_zz_what_was_not_exercised` prints it."""
        lines = REPORT.setdefault(self.target, [])
        if text not in lines:
            lines.append(text)
