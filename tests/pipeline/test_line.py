"""The straight line, by library calls, over parts none of which is built in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import accelcore
from accelcore.errors import JournalError, MissingTool, UsageError
from accelcore.pipeline.progress import Event, Judged, Lifted, Started
from accelcore.pipeline.results import CheckResult, RecheckResult
from accelcore.values import Grade, Kernel, Proof, Status


def test_a_run_completes_without_any_built_in_part(program: str) -> None:
    events: list[Event] = []
    result = accelcore.compile(f"{program}:double", "chip", sizes={"n": 7}, progress=events.append)
    assert result.exit_code == 0
    assert result.verdict is not None and result.verdict.proof is Proof.PROVED
    assert result.grade is Grade.DERIVED
    assert result.kernel_text == "3 3"
    assert result.speedup == pytest.approx(19.0)
    (baseline,) = result.baselines
    assert baseline.label == "by hand" and baseline.ratio == pytest.approx(9.0)
    assert dict(result.best.evaluation.sizes) == {"n": 7}
    assert [e.stage for e in events if isinstance(e, Started)] == [
        "lift",
        "lower",
        "search",
        "confirm",
        "measure",
        "export",
    ]
    assert sum(isinstance(e, Lifted) for e in events) == 1
    assert sum(isinstance(e, Judged) for e in events) == len(result.candidates) > 5


def test_its_json_has_the_promised_keys(program: str) -> None:
    found = accelcore.compile(f"{program}:double", "chip").json()
    promised = ["verdict", "grade", "seed", "best", "speedup", "baselines", "candidates", "spent", "run", "out"]
    assert set(promised) <= set(found)
    assert found["verdict"] == "proved" and found["grade"] == "derived"
    assert set(found["seed"]) == {"value", "unit", "fidelity"} == set(found["best"])
    assert found["candidates"]["total"] == sum(found["candidates"]["by_status"].values())
    json.dumps(found)


def test_the_export_folder_is_complete(program: str) -> None:
    result = accelcore.compile(f"{program}:double", "chip")
    names = {p.name for p in Path(result.out).iterdir()}
    assert names >= {
        "kernel.txt",
        "task.json",
        "schedule.json",
        "certificate.json",
        "report.html",
        "run.json",
        "README.txt",
    }
    schedule = json.loads((result.out / "schedule.json").read_text())
    assert schedule["schedule"] and schedule["target"] == "chip"
    assert accelcore.check(result.out / "certificate.json").exit_code == 0


def test_lift_gives_a_row_for_each_function(program: str) -> None:
    result = accelcore.lift(program)
    rows = {row["function"]: row for row in result.json()["functions"]}
    assert {n: r["verdict"] for n, r in rows.items()} == {
        "double": "proved", "hard": "unsupported", "wrong": "refuted", "weak": "bounded"
    }  # fmt: skip
    assert "program.py:9:4: a while loop" in rows["hard"]["reason"]
    assert rows["wrong"]["counterexample"]["inputs"] == {"x": [1.0], "n": 1}
    assert rows["double"]["requires"] == ["1 <= n"]
    assert result.exit_code == 1
    assert accelcore.lift(f"{program}:double").exit_code == 0


def test_compile_stops_without_a_proof_unless_told_otherwise(program: str) -> None:
    refused = accelcore.compile(f"{program}:weak", "chip")
    assert refused.exit_code == 1 and refused.best is None and not refused.candidates
    assert "--accept bounded" in refused.reason
    accepted = accelcore.compile(f"{program}:weak", "chip", accept="bounded")
    assert accepted.exit_code == 0
    assert accepted.grade is Grade.TESTED
    for name in ("wrong", "hard"):
        assert accelcore.compile(f"{program}:{name}", "chip", accept="tested").exit_code == 1
    assert not Path("wrong-chip-export").exists()


def test_optimize_takes_the_better_of_two_starts(program: str) -> None:
    mine = Kernel("0 6", "fake", "double")
    result = accelcore.optimize(mine, f"{program}:double", "chip")
    assert result.exit_code == 0 and result.kernel_text == "3 3"
    nothing = accelcore.optimize(mine, f"{program}:double", "chip", max_evaluations=2, cache=False)
    assert nothing.kernel_text == "0 6"
    assert nothing.grade is Grade.TESTED


def test_a_kernel_that_is_not_right_is_named_and_replaced(program: str) -> None:
    notes: list[str] = []
    bad = Kernel("no point", "fake", "double")
    result = accelcore.optimize(
        bad, f"{program}:double", "chip", progress=lambda event: notes.append(getattr(event, "text", ""))
    )
    assert any(text.startswith("your kernel: COMPILE ERROR") for text in notes)
    assert result.kernel_text == "3 3"


def test_check_judges_one_kernel(program: str) -> None:
    result = accelcore.check(Kernel("1 2", "fake", "double"), f"{program}:double", "chip")
    assert isinstance(result, CheckResult)
    assert result.exit_code == 0
    assert result.json()["cost"] == {"value": 6.0, "unit": "cycles", "fidelity": "modelled"}
    bad = accelcore.check(Kernel("no point", "fake", "double"), f"{program}:double", "chip")
    assert isinstance(bad, CheckResult)
    assert bad.evaluation.status is Status.COMPILE_ERROR and bad.exit_code == 1
    assert bad.json()["cost"] is None and bad.json()["grade"] is None


def test_a_forged_certificate_is_refused(program: str, tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_text('{"verifier": "oracle", "source": "other"}')
    result = accelcore.check(path)
    assert isinstance(result, RecheckResult)
    assert result.exit_code == 1
    for text, words in (("{", "no certificate"), ("[]", "no certificate"), ('{"verifier": "z9"}', "'z9'")):
        path.write_text(text)
        with pytest.raises(UsageError, match=words):
            accelcore.check(path)


def test_a_target_without_an_evaluator_stops_at_the_code(program: str) -> None:
    result = accelcore.compile(f"{program}:double", "drawing")
    assert result.best is None and result.exit_code == 1
    assert "not run" in result.reason
    assert (Path(result.out) / "kernel.txt").read_text() == "0 0"


def test_budgets_end_a_run_with_the_best_so_far(program: str) -> None:
    result = accelcore.compile(f"{program}:double", "chip", max_evaluations=4)
    assert result.exit_code == 0
    assert len({c.digest for c, _ in result.candidates}) == 4
    assert result.spent["evaluations"] == 4


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("chop",), UsageError, "no target 'chop'"),
        (("chip:grains=3",), UsageError, "no option 'grains'.*did you mean 'grain'"),
        (("chip:grain=fine",), UsageError, "grain of chip is an integer.*of what the chip is made"),
        (("chip:evaluator=other",), UsageError, "no evaluator 'other'"),
        (("absent",), MissingTool, "apt install board"),
    ],
)
def test_wrong_targets_are_refused_before_anything_runs(program, arguments, kind, words) -> None:
    with pytest.raises(kind) as caught:
        accelcore.compile(f"{program}:double", *arguments)
    assert __import__("re").search(words, str(caught.value), 16), str(caught.value)
    assert not Path("accelcore-runs").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategy": "swarm"}, "no strategy 'swarm'; *|installed: climb"),
        ({"strategy": "climb:tries=many"}, "tries of climb is an integer"),
        ({"strategy_options": {"width": "3"}}, "no option 'width'"),
        ({"sizes": {"n": 0}}, "at least 1"),
        ({"sizes": {"q": 4}}, "no size 'q'"),
        ({"accept": "hope"}, "proved, bounded or tested"),
        ({"max_seconds": -1.0}, "negative"),
        ({"speed": 3}, "no setting 'speed'"),
        ({"model": "gpt"}, "PREFIX:NAME"),
        ({"model": "oracle:x"}, "no model provider 'oracle'; installed: parrot"),
    ],
)
def test_wrong_settings_are_refused(program: str, changes: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        accelcore.compile(f"{program}:double", "chip", **changes)


def test_a_run_is_resumed_to_the_same_end(program: str) -> None:
    short = accelcore.compile(f"{program}:double", "chip", max_evaluations=6)
    again = accelcore.resume(short.run)
    assert [c.digest for c, _ in again.candidates] == [c.digest for c, _ in short.candidates]
    assert again.kernel_text == short.kernel_text and again.run == short.run
    assert accelcore.resume("last").run == short.run


def test_resuming_what_is_not_there(program: str) -> None:
    with pytest.raises(JournalError, match="no run 'last'"):
        accelcore.resume()
    with pytest.raises(JournalError):
        accelcore.report("20990101")


def test_a_changed_source_does_not_change_a_resumed_run(program: str) -> None:
    first = accelcore.compile(f"{program}:double", "chip", max_evaluations=3)
    Path(program).write_text("def double(: syntax error")
    again = accelcore.resume(first.run)
    assert again.exit_code == 0 and len(again.candidates) == 3


def test_report_writes_page_and_export(program: str) -> None:
    first = accelcore.compile(f"{program}:double", "chip", out="one")
    found = accelcore.report("last", export="two")
    assert found.report.read_text().startswith("<!doctype html>")
    assert found.json()["out"] == "two"
    assert (Path("two") / "kernel.txt").read_text() == first.kernel_text
    assert accelcore.check("two/certificate.json").exit_code == 0
    refused = accelcore.compile(f"{program}:wrong", "chip")
    with pytest.raises(JournalError, match="no correct kernel"):
        accelcore.report(refused.run, export="three")


def test_ctrl_c_keeps_the_best_so_far_and_resumes(program: str) -> None:
    import os
    import signal

    def press(event: Event) -> None:
        if isinstance(event, Judged) and event.count == 4:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    stopped = accelcore.compile(f"{program}:double", "chip", progress=press)
    assert signal.getsignal(signal.SIGINT) is before
    assert stopped.interrupted and stopped.exit_code == 130
    assert len(stopped.candidates) in (4, 5)
    assert stopped.best is not None and stopped.best.evaluation.status is Status.OK
    assert (Path(stopped.out) / "kernel.txt").exists()
    finished = accelcore.resume(stopped.run)
    assert not finished.interrupted and finished.kernel_text == "3 3"


def test_two_presses_end_at_once(program: str) -> None:
    import os
    import signal

    def press(event: Event) -> None:
        if isinstance(event, Judged) and event.count == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        accelcore.compile(f"{program}:double", "chip", progress=press)
    assert accelcore.resume("last").kernel_text == "3 3"


def test_targets_lists_what_there_is(program: str) -> None:
    found = accelcore.targets()
    assert [t.name for t in found.targets] == ["chip", "drawing", "absent"]
    absent = found.targets[2]
    assert absent.missing == ("the board: apt install board",)
    (one,) = accelcore.targets("chip").targets
    assert [o.name for o in one.options] == ["axes", "limit", "grain"]
    with pytest.raises(UsageError, match="installed: absent, chip, drawing"):
        accelcore.targets("chop")


def test_a_second_writer_of_a_journal_is_refused(program: str) -> None:
    from accelcore.journal import Journal, find

    first = accelcore.compile(f"{program}:double", "chip", max_evaluations=2)
    with Journal.resume(find(first.run)), pytest.raises(JournalError, match="is being written"):
        accelcore.resume(first.run)


def test_an_evaluation_that_is_replaced_stays_frozen(program: str) -> None:
    result = accelcore.compile(f"{program}:double", "chip", max_evaluations=1)
    with pytest.raises(AttributeError):
        result.best.evaluation.status = Status.WRONG
    assert replace(result, reason="x").reason == "x"
