"""The translator: tasks, default sizes, lifting through a session, and what it never does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator

import pytest

from accelcore.errors import UnsupportedSource, UsageError
from accelcore.protocols import Translator
from accelcore.values import Phase, Proof, Proposal, Request, Role, Source, Summary, Task, Verdict
from accelcore_llmlift.translator import MATRIX, VECTOR, PythonTranslator

MATVEC = '''
def matvec(a: "f32[m, n]", x: "f32[n]") -> "f32[m]":
    out = []
    for row in a:
        s = 0.0
        for j in range(len(x)):
            s += row[j] * x[j]
        out.append(s)
    return out
'''
LOGISTIC = "def f(x, n: int):\n    for i in range(n):\n        x = x * x\n    return x\n"


def source(text: str, entry: str) -> Source:
    return Source(text, "python", entry, "t.py")


class Listener:
    """A session that records what it is asked."""

    def __init__(self, proof: Proof, proposals: tuple[Proposal, ...] = ()) -> None:
        self.proof, self.proposals = proof, proposals
        self.verdict: Verdict | None = None
        self.verified: list[Summary] = []
        self.requests: list[Request] = []

    def verify(self, task: Task, summary: Summary) -> Verdict:
        self.verified.append(summary)
        self.verdict = Verdict(self.proof, "listener")
        return self.verdict

    def propose(self, requests: Iterable[Request]) -> Iterator[Proposal]:
        self.requests += requests
        return iter(self.proposals)


def test_it_is_a_translator() -> None:
    translator = PythonTranslator()
    assert isinstance(translator, Translator)
    assert not translator.missing()
    assert translator.accepts(source("", "")) and not translator.accepts(Source("", "c", ""))


def test_a_task_has_the_parameters_of_the_source() -> None:
    task = PythonTranslator().task(source(MATVEC, "matvec"), {"n": 64})
    assert [(p.name, p.dtype, len(p.shape), p.role) for p in task.params] == [
        ("a", "f32", 2, Role.IN), ("x", "f32", 1, Role.IN), ("out", "f32", 1, Role.OUT),
    ]  # fmt: skip
    assert task.sizes == ((("m", MATRIX), ("n", 64)),)
    assert task.reference == task.source == source(MATVEC, "matvec")


def test_a_vector_is_long_by_default() -> None:
    task = PythonTranslator().task(source("def f(x):\n    return sum(x)\n", "f"), {})
    assert task.sizes == ((("n", VECTOR),),)


def test_the_rules_come_first_and_suffice() -> None:
    task = PythonTranslator().task(source(MATVEC, "matvec"), {})
    session = Listener(Proof.PROVED)
    PythonTranslator().lift(task, session)  # type: ignore[arg-type]  # only what lift uses
    assert len(session.verified) == 1 and not session.requests
    assert session.verified[0].invariants, "derived invariants are shown with the summary"


def test_what_is_not_proved_goes_to_the_proposers() -> None:
    task = PythonTranslator().task(source(MATVEC, "matvec"), {})
    session = Listener(Proof.UNKNOWN)
    PythonTranslator().lift(task, session)  # type: ignore[arg-type]  # a stand-in
    assert [r.phase for r in session.requests] == [Phase.SUMMARIZE]


def test_a_refusal_reaches_the_proposers_and_their_summary_the_verifier() -> None:
    proposal = Proposal("", summary=Summary(()))
    task = PythonTranslator().task(source(LOGISTIC, "f"), {})
    session = Listener(Proof.PROVED, (Proposal("no summary in it"), proposal))
    PythonTranslator().lift(task, session)  # type: ignore[arg-type]  # a stand-in
    assert "no reduction" in session.requests[0].feedback
    assert session.verified == [Summary(())]


def test_a_refusal_that_nobody_answers_is_raised_with_its_place() -> None:
    task = PythonTranslator().task(source(LOGISTIC, "f"), {})
    with pytest.raises(UnsupportedSource, match="no reduction") as caught:
        PythonTranslator().lift(task, Listener(Proof.UNKNOWN))  # type: ignore[arg-type]  # a stand-in
    assert caught.value.where == "t.py:2:5"


def test_interpret_runs_the_source() -> None:
    got = PythonTranslator().interpret(source(MATVEC, "matvec"), {"a": [[1.0, 2.0]], "x": [3.0, 4.0]})
    assert got == {"out": [11.0]}


def test_a_syntax_error_has_its_place() -> None:
    with pytest.raises(UnsupportedSource) as caught:
        PythonTranslator().task(source("def f(x)\n    return x\n", "f"), {})
    assert caught.value.where.startswith("t.py:1:") and caught.value.hint


def test_a_missing_function_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        PythonTranslator().task(source(MATVEC, "matvek"), {})
    assert caught.value.hint == "did you mean 'matvec'?"


def test_the_source_is_never_executed(capsys: pytest.CaptureFixture[str]) -> None:
    text = 'print("executed")\nraise SystemExit\ndef f(x):\n    return sum(x)\n'
    assert PythonTranslator().task(source(text, "f"), {}).name == "f"
    assert "executed" not in capsys.readouterr().out


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, accelcore_llmlift as p; p.accelcore_translators(); p.accelcore_verifiers();"
        "print([m for m in ('numpy', 'z3', 'openai', 'anthropic', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["\0def f(x): return x\n", 'def f(x: "f32[\\x00]"):\n    return x\n'])
def test_null_bytes_are_refused(text: str) -> None:
    with pytest.raises(UnsupportedSource):
        PythonTranslator().task(source(text, "f"), {})


def test_a_size_that_a_precondition_gives_is_no_default() -> None:
    text = '''
def half(x: "f32[n]", n: int, h: int) -> "f32[h]":
    out = []
    for i in range(n // 2):
        out.append(x[i])
    return out
'''
    def sizes(**given: int) -> dict[str, int]:
        return dict(PythonTranslator().task(source(text, "half"), given).sizes[0])

    assert sizes() == {"n": VECTOR, "h": VECTOR // 2}
    assert sizes(n=10) == {"n": 10, "h": 5}
    assert sizes(h=3)["h"] == 3
