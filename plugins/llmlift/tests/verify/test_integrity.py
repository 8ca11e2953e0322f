"""Ways in which a proof can be worth nothing (reference catalogue H1 to H6), each tried."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accelcore.ir.expr import array, binary, cast, comp, const, get, index, param, reduce, size
from accelcore.values import Proof, Summary
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.program import Position, Program, Store
from accelcore_llmlift.verify import BoundedVerifier, Z3Verifier
from accelcore_llmlift.verify.bank import Bank
from accelcore_llmlift.verify.models import model_for
from accelcore_llmlift.verify.prover import Prover
from accelcore_llmlift.verify.smt import script
from accelcore_llmlift.verify.solver import Answer, ask_z3

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import PROGRAMS, task_of

FAR = 1e18


def check(task, summary):
    return Z3Verifier().check(task, summary, timeout=20)


# H1: vacuous or self-referential summaries.


def test_a_summary_that_names_its_own_result_is_refused():
    task, _ = task_of(PROGRAMS["matvec"])
    itself = comp(size("m"), lambda i: get(array("y", "f32", 1), i))
    assert check(task, Summary((("y", itself),))).proof is not Proof.PROVED


def test_a_summary_must_give_every_result():
    task, summary = task_of(PROGRAMS["guarded"])
    for post in ((), summary.post[:1], (*summary.post, ("more", summary.post[0][1])), (*summary.post, summary.post[0])):
        assert check(task, replace(summary, post=post)).proof is not Proof.PROVED


def test_contradictory_preconditions_prove_nothing():
    task, summary = task_of(PROGRAMS["dot"])
    wrong = Summary(((summary.post[0][0], cast(const(1.0), "f32")),))
    n = size("n")
    for impossible in (binary("lt", n, index(0)), binary("lt", n, n), binary("lt", n, index(1))):
        verdict = check(replace(task, requires=(impossible,)), wrong)
        assert verdict.proof is not Proof.PROVED, impossible
    verdict = check(replace(task, requires=(binary("lt", n, index(1)),)), summary)
    assert verdict.proof is not Proof.PROVED  # true, but of empty inputs only


def test_a_summary_without_a_value_is_not_proved():
    """Equal wherever both have a value is not enough: 0 * x[n] reads past the end."""
    task, _ = task_of(PROGRAMS["scale"])
    x, a, n = array("x", "f32", 1), param("a", "f32"), size("n")
    plain = lambda i: cast(a, "real") * cast(x[i], "real") + 1.0  # noqa: E731  # twice below
    reading = comp(n, lambda i: cast(plain(i) + 0.0 * cast(x[i + 1], "real"), "f32"))
    verdict = check(task, Summary((("out", reading),)))
    assert verdict.proof is not Proof.PROVED


# H2: an assumption that is the goal.


def test_claims_are_proved_before_they_are_used():
    """Claiming what one wants to prove is of no use: the claim itself must hold at entry and be kept by a step."""
    task, summary = task_of(PROGRAMS["dot"])
    program = program_of(task.source)
    model = model_for(program, summary)
    wanted = summary.post[0][1].args[0]
    prover = Prover(FAR)
    for claim in (wanted, cast(const(0.0), "real"), const(0.0)):
        proof = prover.prove(program, summary, {"loop1": {"s": claim}}, model)
        assert not proof.complete
        assert proof.failed.startswith("loop1")


# H3: a bounded check sold as a proof.


def test_a_bounded_proof_says_bounded():
    task, summary = task_of(PROGRAMS["dot"])
    verdict = BoundedVerifier(size=2).check(task, summary, timeout=30)
    assert verdict.proof is Proof.BOUNDED
    assert verdict.bound == 2


def test_a_summary_that_is_right_up_to_the_bound_is_not_proved(monkeypatch):
    """Wrong from size 7 on; the search for counterexamples is switched off, so that only the proof is in the way."""
    from accelcore_llmlift.verify import bounded, unbounded

    for module in (bounded, unbounded):
        monkeypatch.setattr(module, "counterexample", lambda *args, **more: None)
    task, summary = task_of(PROGRAMS["dot"])
    n, x, y = size("n"), array("x", "f32", 1), array("y", "f32", 1)
    few = cast(reduce("sum", binary("min", n, index(7)), lambda i: cast(x[i], "real") * cast(y[i], "real")), "f32")
    wrong = Summary(((summary.post[0][0], few),))
    assert BoundedVerifier().check(task, wrong, timeout=30).proof is Proof.BOUNDED
    assert check(task, wrong).proof is Proof.UNKNOWN


# H4: other numbers than those of the machine.


def test_integers_do_not_cover_floats():
    task, summary = task_of(PROGRAMS["dot"])
    for model in ("int", "i32", ""):
        verdict = check(task, replace(summary, number_model=model))
        assert verdict.proof is Proof.UNSUPPORTED
        assert "does not cover" in verdict.reason


def test_the_label_is_that_of_the_arithmetic_and_not_of_the_claim():
    task, summary = task_of(PROGRAMS["guarded"])
    assert check(task, replace(summary, number_model="real")).number_model == "int"


def test_machine_integers_wrap():
    """x + 1 over i32 is not x + 1 over the integers."""
    at = Position(1, 1)
    task, _ = task_of('def step(x: "i32[n]", n: int):\n    for i in range(n):\n        x[i] = x[i]\n')
    program = program_of(task.source)
    loop = program.body[0]
    x = array("x", "i32", 1)
    counter = param(loop.counter, "i64")
    typed = Store("x", (counter,), x[counter] + const(1, "i32"), at)
    wrapping = Program(
        program.name, program.params, (), (replace(loop, body=(typed,)),), program.results, program.language
    )
    n, done = size("n"), param(loop.label, "i64")
    same = comp(n, lambda i: x[i] + const(1, "i32"))
    exact = comp(n, lambda i: cast(cast(x[i], "int") + 1, "i32", "trunc", "exact"))

    def proof(e, step):
        from accelcore.ir.expr import select

        summary = Summary((("x", e),), (), "i32")
        claim = {loop.label: {"x": comp(n, lambda i: select(i < done, step(i), x[i]))}}
        return Prover(FAR).prove(wrapping, summary, claim, model_for(wrapping, summary))

    right = proof(same, lambda i: x[i] + const(1, "i32"))
    assert right.complete, right.failed
    assert not right.requires
    wrong = proof(exact, lambda i: x[i] + const(1, "i32"))
    assert not wrong.complete
    assert model_for(wrapping, Summary((("x", same),), (), "int")).label == "i32"


def test_reassociation_is_not_exact():
    """(a + b) + c is a + (b + c) over the reals, and nothing of the kind in f32."""
    at = Position(1, 1)
    task, _ = task_of('def f(x: "f32[3]", y: "f32[1]"):\n    y[0] = x[0]\n')
    program = program_of(task.source)
    x = array("x", "f32", 1)
    a, b, c = (get(x, k) for k in range(3))

    def proof(value, wanted, model):
        body = (Store("y", (index(0),), value, at),)
        changed = Program("f", program.params, (), body, (("y", array("y", "f32", 1)),), "c")
        summary = Summary((("y", comp(1, lambda i: wanted)),), (), model)
        return Prover(FAR).prove(changed, summary, {}, model_for(changed, summary)).complete

    assert proof((a + b) + c, a + (b + c), "real")
    assert not proof((a + b) + c, a + (b + c), "f32-exact")
    assert proof((a + b) + c, c + (b + a), "f32-exact")  # commuted is the same sum
    assert not proof(a - b, b - a, "real")


def test_the_two_divisions_differ():
    task, _ = task_of(
        'def q(x: "i32[n]", n: int) -> "i32[n]":\n    out = []\n    for i in range(n):\n'
        "        out.append(x[i] // 3)\n    return out\n"
    )
    x = array("x", "i32", 1)

    def verdict(op):
        e = comp(size("n"), lambda i: cast(binary(op, cast(x[i], "int"), const(3)), "i32", "trunc", "exact"))
        return check(task, Summary((("out", e),), (), "int"))

    assert verdict("fdiv").proof is Proof.PROVED
    refuted = verdict("tdiv")
    assert refuted.proof is Proof.REFUTED
    assert any(value < 0 for value in dict(refuted.counterexample.inputs)["x"])


# H5: no answer is no success.


@pytest.mark.parametrize("answer", [
    Answer("unknown", "unknown", 0.0), Answer("sat", "unknown", 0.0), Answer("sat", "sat", 0.0),
    Answer("unknown", "unsat", 0.0), Answer("unsat", "unsat", 0.0),
])  # fmt: skip
def test_only_both_right_answers_are_a_proof(answer):
    task, summary = task_of(PROGRAMS["dot"])
    program = program_of(task.source)
    from accelcore_llmlift.lifter import lift_program

    claims = lift_program(program).invariants
    proof = Prover(FAR, lambda *question: answer).prove(program, summary, claims, model_for(program, summary))
    assert not proof.complete


def test_no_time_is_no_proof():
    task, summary = task_of(PROGRAMS["softmax"])
    assert Z3Verifier().check(task, summary, timeout=0.0).proof is Proof.UNKNOWN


def test_false_is_not_provable():
    """From the axioms of every kind of reduction at once."""
    bank = Bank()
    from accelcore_llmlift.verify.meaning import Meaning, Scope, Tensor

    meaning = Meaning(bank)
    n = bank.index("n")
    x = Tensor((n,), lambda where: bank.read("x", where, "Int", -128, 127), "i8")
    scope = Scope({"n": n, "x": x})
    wide = lambda k: cast(get(array("x", "i8", 1), k), "int")  # noqa: E731  # used below
    assumptions = [bank.lt(bank.num(2), n)]
    for kind in ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin"):
        body = (lambda k: binary("lt", const(0), wide(k))) if kind in ("any", "all") else wide
        for extent in (size("n"), size("n") - 1, size("n") + 1):
            value = meaning.scalar(reduce(kind, extent, body), scope, {})
            assumptions.append(bank.eq(bank.var(f"{kind}{extent}", value.sort), value))
    for effort in ("lean", "full"):
        answer = ask_z3(script(bank, assumptions, bank.false, effort), 20.0)
        assert answer.refutation == "sat", answer


# H6, emitted code that is not what was proved, is the judge's: here, that the source of a proof is the one given.


def test_the_proof_is_of_the_source_that_is_given():
    task, summary = task_of(PROGRAMS["scale"])
    changed = replace(task.source, text=task.source.text.replace("+ 1.0", "+ 2.0"))
    verdict = check(replace(task, source=changed), summary)
    assert verdict.proof is Proof.REFUTED
