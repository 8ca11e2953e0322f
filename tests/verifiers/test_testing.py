"""The testing verifier: agreement is TESTED and nothing more, a difference is REFUTED with its input."""

from __future__ import annotations

import pytest

from accelcore import registry
from accelcore.ir.expr import array, binary, cast, comp, const, index, reduce, size
from accelcore.values import Param, Proof, Role, Source, Summary, Task
from accelcore.verifiers.testing import TestingVerifier

X, N = array("x", "f32", 1), size("n")
TWICE = comp(N, lambda i: cast(2.0 * cast(X[i], "real"), "f32"))
SOURCE = Source("double every element", "words", "twice")
TASK = Task("twice", (Param("x", "f32", (N,)), Param("y", "f32", (N,), Role.OUT)), SOURCE, source=SOURCE)


class Words:
    """A front end for one program, whose interpreter a test can replace."""

    name = "words"
    about = "doubles"

    def __init__(self, run=lambda inputs: {"y": [2.0 * float(v) for v in inputs["x"]]}):
        self.run = run

    def missing(self):
        return ()

    def accepts(self, source):
        return source.language == "words"

    def interpret(self, source, inputs):
        return self.run(inputs)


@pytest.fixture
def translator(monkeypatch):
    """Installs a front end; calling it with another interpreter replaces it."""

    def install(*run):
        words = Words(*run)

        class Registry:
            def translators(self):
                return [words]

        monkeypatch.setattr(registry, "registry", Registry)

    install()
    return install


def check(e, task=TASK, timeout=20.0):
    return TestingVerifier().check(task, Summary((("y", e),)), timeout=timeout)


@pytest.mark.usefixtures("translator")
class TestWithAnInterpreter:
    def test_agreement_is_tested(self):
        verdict = check(TWICE)
        assert verdict.proof is Proof.TESTED
        assert verdict.number_model == "real"
        assert "random inputs" in verdict.reason

    def test_a_difference_is_refuted_with_its_input(self):
        verdict = check(comp(N, lambda i: cast(3.0 * cast(X[i], "real"), "f32")))
        assert verdict.proof is Proof.REFUTED
        found = verdict.counterexample
        assert found.got == [2.0 * v for v in dict(found.inputs)["x"]]
        assert found.want == pytest.approx([3.0 * v for v in dict(found.inputs)["x"]], rel=1e-6)
        compile(found.script, "script", "exec")

    def test_another_length_is_refuted(self):
        shorter = comp(N - 1, lambda i: cast(2.0 * cast(X[i], "real"), "f32"))
        assert check(shorter).proof is Proof.REFUTED

    def test_a_summary_without_a_value_is_unknown(self):
        past = comp(N, lambda i: cast(2.0 * cast(X[i + 1], "real"), "f32"))
        verdict = check(past)
        assert verdict.proof is Proof.UNKNOWN
        assert "no value" in verdict.reason

    def test_rounding_is_no_difference(self):
        summed = comp(N, lambda i: cast(cast(X[i], "real") * 0.1 + cast(X[i], "real") * 1.9, "f32"))
        assert check(summed).proof is Proof.TESTED

    def test_requirements_that_nothing_satisfies_leave_it_unknown(self):
        never = Task(TASK.name, TASK.params, SOURCE, (binary("lt", N, index(0)),), source=SOURCE)
        verdict = check(TWICE, never)
        assert verdict.proof is Proof.UNKNOWN
        assert "requirements" in verdict.reason

    def test_no_time_is_no_test(self):
        assert check(TWICE, timeout=-1.0).proof is Proof.UNKNOWN

    def test_other_results_are_not_compared(self):
        verdict = TestingVerifier().check(TASK, Summary((("z", TWICE),)), timeout=20.0)
        assert verdict.proof is Proof.UNKNOWN


def test_a_source_that_always_fails_is_unknown(translator):
    def fails(inputs):
        raise ZeroDivisionError("by design")

    translator(fails)
    verdict = check(TWICE)
    assert verdict.proof is Proof.UNKNOWN
    assert "by design" in verdict.reason


def test_an_interpreter_that_changes_its_inputs_cannot_hide_a_difference(translator):
    def clears(inputs):
        result = [2.0 * float(v) for v in inputs["x"]]
        inputs["x"][:] = 0
        return {"y": result}

    translator(clears)
    assert check(TWICE).proof is Proof.TESTED
    assert check(comp(N, lambda i: cast(const(0.0), "f32"))).proof is Proof.REFUTED


def test_without_a_source_or_a_front_end_it_is_unsupported(translator):
    summary = Summary((("y", TWICE),))
    bare = Task("twice", TASK.params, summary)
    assert TestingVerifier().check(bare, summary, timeout=5).proof is Proof.UNSUPPORTED
    other = Source("x", "klingon", "twice")
    foreign = Task("twice", TASK.params, other, source=other)
    verdict = TestingVerifier().check(foreign, summary, timeout=5)
    assert verdict.proof is Proof.UNSUPPORTED
    assert "klingon" in verdict.reason


@pytest.mark.usefixtures("translator")
def test_the_same_seed_draws_the_same_inputs():
    wrong = comp(N, lambda i: cast(reduce("sum", N, lambda k: cast(X[k], "real")), "f32"))
    first, second = (check(wrong).counterexample for _ in range(2))
    assert first == second
