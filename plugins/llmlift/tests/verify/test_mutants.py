"""Wrong summaries: none is proved, and (nearly) each is refuted with an input that was replayed."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from pathlib import Path

import pytest

from accelcore.values import Proof
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.verify import BoundedVerifier, Z3Verifier
from accelcore_llmlift.verify.refute import counterexample

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_mutants import mutants
from verify_programs import PROGRAMS, task_of


def differs(task, verdict, summary) -> bool:
    """An independent search, with other inputs, whether a summary is wrong at all."""
    program = program_of(task.source)
    given = tuple(e for e in verdict.requires if e not in program.requires)
    end = time.monotonic() + 20
    return counterexample(program, summary, given, thorough=True, deadline=end, seed=77) is not None


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_mutant_is_proved_and_most_are_refuted(name):
    task, summary = task_of(PROGRAMS[name])
    refuted = 0
    unknown = []
    for kind, mutant in mutants(summary):
        verdict = Z3Verifier().check(task, mutant, timeout=20)
        if verdict.proof is Proof.PROVED:  # then it must be the same function, as -(a - b)*(b - a) is (a - b)**2
            assert not differs(task, verdict, mutant), (kind, mutant.post)
            continue
        if verdict.proof is Proof.REFUTED:
            assert verdict.counterexample is not None
            assert verdict.counterexample.got != verdict.counterexample.want
            refuted += 1
        else:
            unknown.append((kind, mutant.post, verdict.reason))
    assert refuted >= 5
    # softmax around any other number than the maximum is the same function, by exp(a + b) = exp(a) * exp(b).
    assert len(unknown) <= 2 * (name in ("softmax", "log_softmax")), unknown


@pytest.mark.parametrize("name", ["dot", "overlay", "matvec", "guarded", "prefix"])
def test_the_script_of_a_counterexample_shows_it(name):
    task, summary = task_of(PROGRAMS[name])
    _, mutant = next(iter(mutants(summary)))
    found = Z3Verifier().check(task, mutant, timeout=20).counterexample
    assert found is not None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(found.script, {})
    computed, said = printed.getvalue().splitlines()
    assert str(found.want) in said
    assert computed.startswith("the program computes")
    assert computed.removeprefix("the program computes").strip() != said.removeprefix("the summary says").strip()


@pytest.mark.parametrize("name", ["dot", "guarded", "triangle"])
def test_mutants_are_not_bounded_either(name):
    task, summary = task_of(PROGRAMS[name])
    for _, mutant in mutants(summary):
        assert BoundedVerifier(size=2).check(task, mutant, timeout=30).proof is Proof.REFUTED


def test_the_solver_finds_what_chance_does_not():
    """A difference at one value of 2**32 is found by the unrolled program, and replayed."""
    text = """
def rare(x: "i32[n]", n: int) -> "i32[n]":
    out = []
    for i in range(n):
        out.append(x[i] if x[i] * 3 != 123456789 else 0)
    return out
"""
    from accelcore.ir.expr import array, cast, comp, size
    from accelcore.values import Summary

    task, _ = task_of(text)
    x = array("x", "i32", 1)
    same = comp(size("n"), lambda i: cast(cast(x[i], "int"), "i32", "trunc", "exact"))
    verdict = Z3Verifier().check(task, Summary(((task.results[0].name, same),), (), "int"), timeout=30)
    assert verdict.proof is Proof.REFUTED
    assert 41152263 in dict(verdict.counterexample.inputs)["x"]
