"""The enumerative proposer: programs that the rules refuse, found from examples and then only believed when checked."""

from __future__ import annotations

import pytest

from accelcore.errors import UnsupportedSource
from accelcore.values import Phase, Proof, Request, Source
from accelcore_llmlift.enumeration import Enumerator, enumerated
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_llmlift.verify import BoundedVerifier, Z3Verifier

REFUSED = {
    "remainder": (
        "def f(a: int, b: int) -> int:\n    assert a >= 0\n    assert b > 0\n"
        "    while a >= b:\n        a -= b\n    return a\n",
        "trem(int(a), int(b))",
    ),
    "peasant": (
        "def f(a: int, b: int) -> int:\n    assert a >= 0\n    s = 0\n    while a > 0:\n        if a % 2 == 1:\n"
        "            s += b\n        a = a // 2\n        b = b * 2\n    return s\n",
        "int(a) * int(b)",
    ),
    "total": (
        "def f(x: 'i32[n]') -> 'i32':\n    s = 0\n    i = 0\n    while i < len(x):\n        s += x[i]\n"
        "        if s == s:\n            i += 1\n    return s\n",
        "sum(i < n: int(x[i]))",
    ),
}
SWAPS = (
    "def f(a: 'i32[n, n]'):\n    n = len(a)\n    for i in range(n):\n        for j in range(i + 1, n):\n"
    "            t = a[i][j]\n            a[i][j] = a[j][i]\n            a[j][i] = t\n"
)
CHAOS = "def f(x: 'i32[n]') -> int:\n    s = 1\n    for v in x:\n        s = s * s - v\n    return s\n"


def source(text: str) -> Source:
    return Source(text, "python", "f", "t.py")


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_rules_refuse_is_found_from_examples(name: str) -> None:
    text, wanted = REFUSED[name]
    program = program_of(source(text))
    with pytest.raises(UnsupportedSource):
        lift_program(program)
    summary = enumerated(program)
    assert summary is not None and wanted in repr(summary.post[0][1])


def test_a_proposal_is_verified_like_any_other() -> None:
    task = PythonTranslator().task(source(SWAPS), {})
    (proposal,) = Enumerator().propose(Request(Phase.SUMMARIZE, task), n=8, seed=0)
    assert proposal.summary is not None and proposal.origin == "enumerate"
    assert BoundedVerifier().check(task, proposal.summary, timeout=30.0).proof is Proof.BOUNDED
    assert Z3Verifier().check(task, proposal.summary, timeout=30.0).proof is not Proof.REFUTED


def test_what_is_out_of_reach_gives_no_proposal() -> None:
    task = PythonTranslator().task(source(CHAOS), {})
    assert list(Enumerator().propose(Request(Phase.SUMMARIZE, task), n=8, seed=0)) == []


def test_it_answers_the_first_request_for_a_summary_only() -> None:
    task = PythonTranslator().task(source(REFUSED["total"][0]), {})
    for request in (Request(Phase.SUMMARIZE, task, step=1), Request(Phase.PLAN, task)):
        assert list(Enumerator().propose(request, n=8, seed=0)) == []
    assert Enumerator().missing() == ()


def test_the_same_request_gives_the_same_summary() -> None:
    program = program_of(source(REFUSED["remainder"][0]))
    assert enumerated(program, 3) == enumerated(program, 3)
