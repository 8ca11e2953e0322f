"""Where kernels are judged: in the workers of a pool, or by the record of an earlier run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import accelcore
from accelcore.errors import JournalError, UsageError
from accelcore.values import Kernel, Status


@pytest.fixture
def plain(program: str) -> accelcore.OptimizeResult:
    """A run as ever."""
    return accelcore.compile(f"{program}:double", "chip", cache=False)


def decisions(result: accelcore.OptimizeResult) -> list[tuple[str, Status]]:
    return [(candidate.digest, evaluation.status) for candidate, evaluation in result.candidates]


def test_an_executor_of_the_callers_judges(program: str, plain: accelcore.OptimizeResult) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = accelcore.compile(f"{program}:double", "chip", cache=False, pool=pool)
        assert pool.submit(abs, -1).result() == 1, "it is left open"
    assert decisions(found) == decisions(plain)
    assert (found.kernel_text, found.speedup) == (plain.kernel_text, plain.speedup)


def test_a_pool_that_does_not_exist_is_refused_before_anything_runs(program: str) -> None:
    with pytest.raises(UsageError, match="no pool 'nowhere'"):
        accelcore.compile(f"{program}:double", "chip", pool="nowhere")
    assert not Path("accelcore-runs").exists()


def test_a_record_stands_in_for_the_machine(
    program: str, plain: accelcore.OptimizeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from substitutes import ChipEvaluator

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the machine was asked")

    monkeypatch.setattr(ChipEvaluator, "build", refuse)
    for _ in range(2):  # `last` is the run before this one, be it a replay itself
        found = accelcore.compile(f"{program}:double", "chip", cache=False, evaluator="replay:last")
        assert decisions(found) == decisions(plain)
        assert (found.kernel_text, found.speedup) == (plain.kernel_text, pytest.approx(plain.speedup))
        assert found.baselines == ()


def test_a_record_of_another_task_is_refused(program: str, plain: accelcore.OptimizeResult) -> None:
    with pytest.raises(UsageError, match="another task"):
        accelcore.compile(f"{program}:weak", "chip", accept="bounded", evaluator=f"replay:{plain.run}")
    with pytest.raises(JournalError, match="no run 'nothing'"):
        accelcore.compile(f"{program}:double", "chip", evaluator="replay:nothing")


def test_an_evaluator_is_chosen_by_name(program: str) -> None:
    assert accelcore.compile(f"{program}:double", "chip", evaluator="chip-model").exit_code == 0
    with pytest.raises(UsageError, match="no evaluator 'chip-board'"):
        accelcore.compile(f"{program}:double", "chip", evaluator="chip-board")


def test_resume_asks_the_same_record(program: str, plain: accelcore.OptimizeResult) -> None:
    found = accelcore.compile(f"{program}:double", "chip", cache=False, evaluator=f"replay:{plain.run}")
    again = accelcore.resume(found.run)
    assert decisions(again) == decisions(found)


def test_a_foreign_kernel_is_only_searched_from_where_it_can_be_translated(program: str) -> None:
    foreign = Kernel("vst1q_f32", "text", "double")
    result = accelcore.optimize(foreign, f"{program}:double", "chip", cache=False)
    statuses = [evaluation.status for _, evaluation in result.candidates]
    assert statuses[0] is not Status.OK and Status.OK in statuses, "it is judged, and the derived kernel is searched"
