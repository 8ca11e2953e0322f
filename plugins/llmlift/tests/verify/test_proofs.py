"""True summaries are proved for all sizes, with the preconditions that they need and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelcore.ir.expr import array, cast, comp, reduce, select, size
from accelcore.values import Proof, Source, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.verify import BoundedVerifier, Z3Verifier

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import PROGRAMS, task_of


@pytest.mark.parametrize("name", PROGRAMS)
def test_true_summaries_are_proved(name):
    task, summary = task_of(PROGRAMS[name])
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    assert verdict.certificate
    labels = [label for label, _, _ in verdict.obligations]
    assert any(label.startswith("result") for label in labels)
    assert any(label.endswith("step") for label in labels)
    assert all(answer == "unsat" for _, answer, _ in verdict.obligations)


@pytest.mark.parametrize("name", ["dot", "softmax", "overlay", "keep", "flat"])
def test_true_summaries_are_proved_up_to_a_size(name):
    task, summary = task_of(PROGRAMS[name])
    verdict = BoundedVerifier(size=2).check(task, summary, timeout=60)
    assert verdict.proof is Proof.BOUNDED, verdict.reason
    assert verdict.bound == 2


def required(text: str) -> list[str]:
    task, summary = task_of(text)
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    return [str(e) for e in verdict.requires]


def test_a_divisor_that_is_an_element_is_required_not_to_be_zero():
    text = """
def ratio(x: "f32[n]", y: "f32[n]", n: int) -> "f32[n]":
    out = []
    for i in range(n):
        out.append(x[i] / y[i])
    return out
"""
    assert required(text) == ["all(i < n: real(y[i]) != 0.0)"]


def test_a_divisor_that_cannot_be_zero_is_not_required():
    text = """
import math
def squash(x: "f32[n]", n: int) -> "f32[n]":
    out = []
    for i in range(n):
        out.append(1.0 / (1.0 + math.exp(-x[i])))
    return out
"""
    assert required(text) == []


def test_a_store_that_may_not_fit_is_required_to():
    text = """
def grow(x: "u8[n]", n: int) -> "u8[n]":
    out = []
    for i in range(n):
        out.append(x[i] + 1)
    return out
"""
    assert required(text) == ["all(i < n: int(x[i]) <= 254)"]


def test_a_store_that_always_fits_is_not_required():
    text = """
def half(x: "u8[n]", n: int) -> "u8[n]":
    out = []
    for i in range(n):
        out.append((x[i] + 1) // 2)
    return out
"""
    assert required(text) == []


def test_preconditions_about_sizes_and_scalars_come_first():
    assert "n <= 2147483647" in required(PROGRAMS["first_largest"])
    assert "0.0 < real(eps)" in required(PROGRAMS["normalized"])
    assert required(PROGRAMS["guarded"])[1] == "n <= 2147483647"


def test_a_store_that_never_fits_is_not_proved():
    text = """
def far(x: "u8[n]", n: int) -> "u8[n]":
    out = []
    for i in range(n):
        out.append(x[i] + 1000)
    return out
"""
    task, summary = task_of(text)
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.UNKNOWN
    assert "no input was found for which it holds" in verdict.reason


def test_another_form_of_the_body_is_proved_by_a_lemma():
    text = """
def count(x: "i32[n]", y: "i32[n]", n: int) -> "i32":
    s = 0
    for i in range(n):
        if x[i] < 3:
            if y[i] < 5:
                s += 7
    return s
"""
    task, _ = task_of(text)
    x, y = array("x", "i32", 1), array("y", "i32", 1)
    other = lambda i: select(cast(y[i], "int") < 5, select(cast(x[i], "int") < 3, 7, 0), 0)  # noqa: E731  # used once
    total = reduce("sum", size("n"), other)
    summary = Summary(((task.results[0].name, cast(total, "i32", "trunc", "exact")),), (), "int")
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    assert any("lemma" in label for label, _, _ in verdict.obligations)


def test_a_sum_may_be_split_over_its_summands():
    text = """
def both(x: "f32[n]", y: "f32[n]", n: int) -> "f32":
    s = 0.0
    for i in range(n):
        s += 2.0 * x[i] - y[i]
    return s
"""
    task, _ = task_of(text)
    sums = [reduce("sum", size("n"), lambda i, a=a: cast(array(a, "f32", 1)[i], "real")) for a in "xy"]
    summary = Summary(((task.results[0].name, cast(2.0 * sums[0] - sums[1], "f32")),))
    assert Z3Verifier().check(task, summary, timeout=30).proof is Proof.PROVED


def test_the_reversed_order_of_a_sum_is_the_same_real():
    task, summary = task_of(PROGRAMS["dot"])
    n = size("n")
    x, y = (array(a, "f32", 1) for a in "xy")
    backwards = reduce("sum", n, lambda i: cast(x[n - 1 - i], "real") * cast(y[n - 1 - i], "real"))
    reversed_ = Summary(((summary.post[0][0], cast(backwards, "f32")),))
    assert Z3Verifier().check(task, reversed_, timeout=30).proof is Proof.PROVED


def test_a_first_element_may_be_peeled_off():
    text = """
def peeled(x: "f32[n]", n: int) -> "f32":
    assert n >= 1
    s = x[0]
    for i in range(1, n):
        s += x[i]
    return s
"""
    task, _ = task_of(text)
    x = array("x", "f32", 1)
    whole = cast(reduce("sum", size("n"), lambda i: cast(x[i], "real")), "f32")
    assert Z3Verifier().check(task, Summary(((task.results[0].name, whole),)), timeout=30).proof is Proof.PROVED


def test_proposed_invariants_go_through_the_same_obligations(monkeypatch):
    """Without the lifter, the invariants that come with a summary decide whether it can be proved."""
    from accelcore_llmlift.verify import claims

    monkeypatch.setattr(claims, "_lifted", lambda program: {})
    task, summary = task_of(PROGRAMS["dot"])
    right = (("loop1", "s == sum(k < loop1: real(x[k]) * real(y[k]))"),)
    wrong = (("loop1", "s == sum(k < loop1: real(x[k]) * real(x[k]))"),)
    weak = (("loop1", "s == s"),)
    for invariants in (right, wrong, weak, ()):
        verdict = Z3Verifier().check(task, Summary(summary.post, invariants, "real"), timeout=30)
        assert verdict.proof is (Proof.PROVED if invariants is right else Proof.UNKNOWN), (invariants, verdict.reason)


def test_a_task_without_a_source_is_unsupported():
    task, summary = task_of(PROGRAMS["dot"])
    verdict = Z3Verifier().check(Task(task.name, task.params, summary), summary, timeout=5)
    assert verdict.proof is Proof.UNSUPPORTED
    assert "no source" in verdict.reason


def test_a_task_whose_parameters_are_not_those_of_its_source_is_unsupported():
    task, summary = task_of(PROGRAMS["dot"])
    other = program_of(Source(PROGRAMS["scale"], "python", "scale"))
    verdict = Z3Verifier().check(Task("dot", other.params, summary, source=task.source), summary, timeout=5)
    assert verdict.proof is Proof.UNSUPPORTED


def test_importing_the_verifiers_loads_no_solver():
    code = "import sys, accelcore_llmlift.verify; print({'z3', 'numpy', 'cvc5'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_map_over_an_empty_shape_needs_no_size():
    task, summary = task_of(PROGRAMS["scale"])
    assert not Z3Verifier().check(task, summary, timeout=30).requires
    assert summary.post[0][1].op == comp(size("n"), lambda i: i).op
