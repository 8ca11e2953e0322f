"""Lemmas about sums and facts about products: they prove what is true and nothing beside it."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from accelcore.ir.expr import Expr, array, binary, cast, const, get, reduce, select, size
from accelcore.values import Proof, Summary
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.verify import Z3Verifier
from accelcore_llmlift.verify.axioms import instances
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.models import model_for
from accelcore_llmlift.verify.prover import Prover

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import PROGRAMS, task_of

FAR = 1e18
N = size("n")

SHIFTED = """
def shifted(x: "f32[n]", n: int) -> "f32":
    s = 0.0
    for i in range(n - 1):
        s += x[i + 1]
    return s
"""

SOME = """
def some(x: "f32[n]", n: int, m: int) -> "f32":
    s = 0.0
    for i in range(n):
        if i < m:
            s += x[i]
    return s
"""


def proved(text: str, value: Expr) -> bool:
    """By the prover alone, without a search for a counterexample before it."""
    task, _ = task_of(text)
    program = program_of(task.source)
    summary = Summary(((task.results[0].name, cast(value, "f32")),), (), "real")
    claims = lift_program(program).invariants
    return Prover(FAR).prove(program, summary, claims, model_for(program, summary)).complete


def element(i: Expr) -> Expr:
    return cast(get(array("x", "f32", 1), i), "real")


@pytest.mark.parametrize(("low", "high", "right"), [(0, 0, True), (0, 1, False), (1, 0, False)])
def test_bodies_need_to_agree_between_the_ends_of_a_sum_only(low, high, right):
    """The sum is S(n) - S(1): the guard holds there, though neither at 0 nor beyond n."""

    def body(k: Expr) -> Expr:
        inside = binary("land", binary("lt", const(low, "i64"), k + 1), binary("lt", k + 1 + high, N))
        return select(inside, element(k + 1), const(0.0, "real"))

    assert proved(SHIFTED, reduce("sum", N - 1, body)) is right


@pytest.mark.parametrize(("slack", "right"), [(0, True), (-1, True), (1, False)])
def test_a_selected_sum_is_compared_under_its_condition(slack, right):
    m = size("m")
    every = reduce("sum", N, element)
    kept = reduce("sum", N, lambda k: select(binary("lt", k, m), element(k), const(0.0, "real")))
    assert proved(SOME, select(binary("le", N, m + slack), every, kept)) is right


def test_facts_about_products_hold_for_all_small_numbers():
    bank = Bank()
    d, i, n = (bank.index(name) for name in ("d", "i", "n"))
    j = bank.var("j")
    where = bank.add(bank.mul(d, bank.add(i, j)), bank.mul(d, n))
    goals = [bank.lt(bank.add(i, j), n), bank.le(j, i), bank.le(bank.num(0), where)]
    facts = instances(bank, goals, lean=False)
    assert any(d in mono and j in mono for fact in facts for mono in _monomials(bank, fact))
    for values in itertools.product((0, 1, 3), (0, 1, 2), (0, 2, 5), (-2, -1, 0, 1, 4)):
        given = dict(zip((d, i, n, j), map(bank.num, values), strict=True))
        assert all(bank.substitute(fact, given) is bank.true for fact in facts), values


def _monomials(bank, fact):
    from accelcore_llmlift.verify.terms import walk

    return [mono for t in walk(fact) if t.op == "poly" for mono in bank.poly(t)]


def test_a_guarded_read_needs_as_many_elements_as_its_guard_admits():
    task, summary = task_of(PROGRAMS["flat_padded"])
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    assert [str(e) for e in verdict.requires] == ["h * w <= n"]


def test_a_guard_that_admits_too_much_is_a_larger_precondition():
    text = PROGRAMS["flat_padded"].replace("0 <= ii < h", "0 <= ii < h + 1")
    task, summary = task_of(text)
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    assert [str(e) for e in verdict.requires] == ["h * w + w <= n"]
