"""A program that is asked again and again: answers, deadlines, and every way in which it may end."""

from __future__ import annotations

import pytest

from accelcore.errors import MissingTool, RunFailure
from accelcore.sandbox import KERNEL, Dialogue, Ended
from accelcore.values import Limits, Status

POLICY = KERNEL
QUICK = Limits(seconds=10)


def test_it_answers_as_often_as_it_is_asked() -> None:
    with Dialogue(["cat"], POLICY, QUICK) as program:
        for text in (b"one", b"", b"three" * 1000):
            program.send(text)
            assert program.receive(len(text)) == text


def test_the_sandbox_is_known_when_it_has_ended() -> None:
    program = Dialogue(["cat"], POLICY, QUICK)
    program.close()
    program.close()
    assert program.sandbox


def test_silence_is_a_timeout() -> None:
    with Dialogue(["cat"], POLICY, Limits(seconds=0.2)) as program, pytest.raises(RunFailure) as caught:
        program.receive(1)
    assert caught.value.status is Status.TIMEOUT


def test_an_end_in_the_middle_tells_the_code_and_the_words() -> None:
    with Dialogue(["sh", "-c", "echo no >&2; exit 7"], POLICY, QUICK) as program, pytest.raises(Ended) as caught:
        program.receive(1)
    assert caught.value.code == 7 and caught.value.words == "no" and caught.value.status is Status.CRASHED


def test_an_end_by_itself_is_no_answer() -> None:
    with Dialogue(["true"], POLICY, QUICK) as program, pytest.raises(Ended) as caught:
        program.receive(1)
    assert caught.value.code == 0 and caught.value.status is Status.CHEATED


def test_a_program_that_does_not_listen_is_noticed() -> None:
    with Dialogue(["true"], POLICY, QUICK) as program, pytest.raises(RunFailure):
        for _ in range(100):
            program.send(b"x" * 100_000)


def test_a_program_may_end_itself_by_a_signal_and_no_other() -> None:
    with Dialogue(["sh", "-c", "kill -SEGV $$"], POLICY, QUICK) as program, pytest.raises(Ended) as caught:
        program.receive(1)
    assert caught.value.code == -11
    with Dialogue(["sh", "-c", "kill -0 1 || exit 3"], POLICY, QUICK) as program, pytest.raises(Ended) as caught:
        program.receive(1)
    assert caught.value.code == 3


def test_what_is_no_program_is_missing() -> None:
    with pytest.raises(MissingTool, match="no program"):
        Dialogue(["no-such-program-here"], POLICY, QUICK)
