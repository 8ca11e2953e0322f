"""The suite of a verifier: true summaries are never refuted, false ones never proved."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from accelcore.ir.expr import Expr, array, binary, cast, comp, const, get, reduce, shape, size
from accelcore.protocols import Verifier
from accelcore.registry import registry
from accelcore.values import Proof, Source, Summary, Task, Verdict

_SUM = """
def total(x: "i32[n]", n: int) -> "i64":
    s = 0
    for i in range(n):
        s = s + x[i]
    return s
"""

_SCALE = """
def twice(x: "f32[n]", n: int) -> "f32[n]":
    out = [0.0] * n
    for i in range(n):
        out[i] = 2 * x[i]
    return out
"""


class VerifierSuite:
    """Subclass it and set `verifier` to the name of an installed one; a Python front end must be installed too.

    proves: whether it is expected to prove the true summaries.
    """

    verifier: ClassVar[str] = ""
    proves: ClassVar[bool] = True
    timeout: ClassVar[float] = 20.0

    def chosen(self) -> Verifier:
        """The verifier under test; skips where it is not usable."""
        import pytest

        found = next((v for v in registry().verifiers() if v.name == self.verifier), None)
        assert found is not None, f"no verifier {self.verifier!r} is installed"
        if found.missing():
            pytest.skip(f"not usable here: {found.missing()[0]}")
        return found

    def task(self, text: str, name: str) -> Task:
        """The task of a Python function; skips without a front end."""
        import pytest

        source = Source(text, "python", name)
        for translator in registry().translators():
            if translator.accepts(source) and not translator.missing():
                return translator.task(source, {})
        return pytest.skip("no Python front end is installed")

    def asked(self, task: Task, e: Expr, model: str) -> Verdict:
        """The verdict about one post-condition."""
        summary = Summary(((task.results[0].name, e),), (), model)
        return self.chosen().check(task, summary, timeout=self.timeout)

    def total(self, task: Task) -> Expr:
        """The true summary of `total`."""
        x = array("x", "i32", 1)
        whole = reduce("sum", size("n"), lambda i: cast(x[i], "int"))
        return cast(whole, task.results[0].dtype, "trunc", "exact")

    def twice(self) -> Expr:
        """The true summary of `twice`."""
        x = array("x", "f32", 1)
        return comp(size("n"), lambda i: cast(const(2.0) * cast(x[i], "real"), "f32", "nearest", "wrap"))

    def test_true_summaries(self) -> None:
        """Never refuted; proved by a verifier that can."""
        total, twice = self.task(_SUM, "total"), self.task(_SCALE, "twice")
        for verdict in (self.asked(total, self.total(total), "int"), self.asked(twice, self.twice(), "real")):
            assert verdict.proof is not Proof.REFUTED, verdict
            if self.proves:
                assert verdict.proof is Proof.PROVED, verdict.reason

    def test_false_summaries(self) -> None:
        """Never proved; a refutation carries the input that shows it."""
        task = self.task(_SCALE, "twice")
        true = self.twice()
        shifted = comp(shape(true)[0], lambda i: binary("add", get(true, i), const(1.0, "f32")))
        tripled = comp(
            size("n"), lambda i: cast(const(3.0) * cast(array("x", "f32", 1)[i], "real"), "f32", "nearest", "wrap")
        )
        for wrong in (shifted, tripled):
            verdict = self.asked(task, wrong, "real")
            assert verdict.proof not in (Proof.PROVED, Proof.BOUNDED), verdict
            assert verdict.proof is not Proof.REFUTED or verdict.counterexample is not None

    def test_an_off_by_one_is_found(self) -> None:
        """A sum that leaves out its last element is not the sum."""
        task = self.task(_SUM, "total")
        x = array("x", "i32", 1)
        short = reduce("sum", size("n") - 1, lambda i: cast(x[i], "int"))
        verdict = self.asked(task, cast(short, task.results[0].dtype, "trunc", "exact"), "int")
        assert verdict.proof is not Proof.PROVED

    def test_an_old_proof_does_not_help_a_new_source(self) -> None:
        """A summary that was proved for one source is not proved for a changed one."""
        task = self.task(_SCALE, "twice")
        other = self.task(_SCALE.replace("2 *", "4 *"), "twice")
        verdict = self.chosen().check(
            replace(other, name=task.name),
            Summary(((task.results[0].name, self.twice()),), (), "real"),
            timeout=self.timeout,
        )
        assert verdict.proof is not Proof.PROVED

    def test_no_time_is_no_proof(self) -> None:
        """With no time at all it answers, and proves nothing that it did not prove."""
        task = self.task(_SUM, "total")
        verdict = self.chosen().check(
            task, Summary(((task.results[0].name, self.total(task)),), (), "int"), timeout=0.0
        )
        assert verdict.proof in (Proof.UNKNOWN, Proof.PROVED, Proof.TESTED, Proof.BOUNDED, Proof.UNSUPPORTED)
