"""Certificates re-check, and every way of tampering with one is refused with its reason."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accelcore import codec
from accelcore.ir.expr import binary, index, size
from accelcore.values import Proof, Source
from accelcore_llmlift.verify import Z3Verifier, certificate
from accelcore_llmlift.verify.solver import cvc5_script, z3_script

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from verify_programs import PROGRAMS, task_of


def certified(name: str) -> str:
    task, summary = task_of(PROGRAMS[name])
    verdict = Z3Verifier().check(task, summary, timeout=30)
    assert verdict.proof is Proof.PROVED, verdict.reason
    return verdict.certificate


@pytest.fixture(scope="module")
def text() -> str:
    return certified("guarded")


@pytest.mark.parametrize("name", ["dot", "softmax", "overlay", "keep", "flat", "variance", "flat_padded"])
def test_certificates_recheck_with_both_solvers(name):
    verdict = Z3Verifier().recheck(certified(name), timeout=60)
    assert verdict.proof is Proof.PROVED, verdict.reason
    notes = [note for _, note, _ in verdict.obligations]
    assert notes
    if cvc5_script("(check-sat)", 1.0) is not None:
        assert all(note.startswith("unsat, cvc5") for note in notes)
        assert sum(note == "unsat, cvc5 unsat" for note in notes) >= 0.7 * len(notes)


def test_a_recheck_names_the_preconditions(text):
    verdict = Z3Verifier().recheck(text)
    assert verdict.proof is Proof.PROVED
    assert len(verdict.requires) == 2  # both results fit their dtype


def test_what_the_source_states_is_named_too():
    task, summary = task_of(PROGRAMS["softmax"])
    verdict = Z3Verifier().check(task, summary, timeout=30)
    again = Z3Verifier().recheck(verdict.certificate)
    assert task.requires
    assert again.requires == verdict.requires
    assert set(task.requires) <= set(again.requires)
    assert json.loads(verdict.certificate)["requires_text"] == [str(e) for e in verdict.requires]


def tampered(text: str, change: Callable[[dict[str, Any]], None], *, sign: bool = True) -> str:
    """The certificate after a change; with its hashes made right again, as a forger would."""
    body = json.loads(text)
    change(body)
    if sign:
        body["digests"] = certificate.digests(body)
    return json.dumps(body)


def refusal(text: str) -> str:
    verdict = Z3Verifier().recheck(text)
    assert verdict.proof is Proof.UNKNOWN
    assert verdict.reason.startswith("certificate refused: ")
    assert not verdict.certificate
    return verdict.reason


def step(body: dict[str, Any]) -> dict[str, Any]:
    return next(o for o in body["obligations"] if o["label"].endswith("step"))


def test_a_deleted_obligation(text):
    reason = refusal(tampered(text, lambda b: b["obligations"].remove(step(b))))
    assert "'loop1 step' is missing" in reason


def test_all_obligations_deleted(text):
    assert "is missing" in refusal(tampered(text, lambda b: b["obligations"].clear()))


def test_a_weakened_obligation(text):
    def weaken(body):
        entry = step(body)
        head, _ = entry["script"].split("(define-fun goal")
        entry["script"] = head + "(define-fun goal () Bool true)\n(check-sat)\n(assert (not goal))\n(check-sat)\n"

    assert "'loop1 step' is not the one" in refusal(tampered(text, weaken))


def test_an_assumption_added_to_an_obligation(text):
    def assume(body):
        entry = step(body)
        entry["script"] = entry["script"].replace("(define-fun goal", "(assert false)\n(define-fun goal")

    assert "is not the one" in refusal(tampered(text, assume))


def test_an_expected_answer_changed(text):
    assert "is not the one" in refusal(tampered(text, lambda b: step(b).update(expected=["sat", "sat"])))


def test_swapped_obligations(text):
    assert "in another order" in refusal(tampered(text, lambda b: b["obligations"].reverse()))


def test_a_script_under_another_label(text):
    def swap(body):
        first, last = body["obligations"][0], step(body)
        first["script"], last["script"] = last["script"], first["script"]

    assert "is not the one" in refusal(tampered(text, swap))


def test_an_added_obligation(text):
    extra = {"label": "more", "effort": "lean", "expected": ["sat", "unsat"], "script": "", "sha256": ""}
    assert "'more' does not belong" in refusal(tampered(text, lambda b: b["obligations"].append(extra)))


def test_another_source(text):
    def change(body):
        body["source"]["text"] = body["source"]["text"].replace("c += 1", "c += 2")

    refusal(tampered(text, change))


def test_another_summary(text):
    _, summary = task_of(PROGRAMS["guarded"])
    (s, first), (c, second) = summary.post
    wrong = replace(summary, post=((s, second), (c, first)))
    refusal(tampered(text, lambda b: b.update(summary=codec.encode(wrong))))


def test_a_precondition_left_out_or_added(text):
    assert "preconditions" in refusal(tampered(text, lambda b: b["requires"].pop()))
    more = codec.encode(binary("le", index(1), size("n")))
    assert "preconditions" in refusal(tampered(text, lambda b: b["requires"].append(more)))


def test_a_contradiction_among_the_preconditions(text):
    never = codec.encode(binary("lt", size("n"), index(0)))
    refusal(tampered(text, lambda b: b["given"].append(never)))


def test_another_number_model(text):
    assert "number model" in refusal(tampered(text, lambda b: b.update(number_model="i64")))


def test_claims_that_do_not_hold(text):
    def change(body):
        body["claims"]["loop1"]["s"] = body["claims"]["loop1"]["c"]

    assert "loop1" in refusal(tampered(text, change))


@pytest.mark.parametrize("part", ["source", "summary", "claims", "requires", "number_model", "obligations"])
def test_a_part_without_its_hash(text, part):
    def change(body):
        body[part] = "x" if isinstance(body[part], str) else {} if isinstance(body[part], dict) else [1]

    assert "hash" in refusal(tampered(text, change, sign=False))


@pytest.mark.parametrize("garbage", ["", "{}", "[]", "not json", '{"format": "accelcore-certificate", "version": 99}'])
def test_what_is_no_certificate(garbage):
    assert refusal(garbage)


def test_a_certificate_of_another_source_than_the_one_given(text):
    task, _ = task_of(PROGRAMS["dot"])
    verdict = certificate.recheck(text, source=task.source)
    assert verdict.proof is Proof.UNKNOWN
    assert "another source" in verdict.reason


def test_a_certificate_of_the_source_given(text):
    task, _ = task_of(PROGRAMS["guarded"])
    assert certificate.recheck(text, source=task.source).proof is Proof.PROVED
    changed = Source(task.source.text + "\n", "python", "guarded")
    assert certificate.recheck(text, source=changed).proof is Proof.UNKNOWN


def test_a_recheck_without_time_is_refused(text):
    assert Z3Verifier().recheck(text, timeout=0.0).proof is Proof.UNKNOWN


def test_the_scripts_stand_alone(text):
    """What is listed is plain SMT-LIB: any solver answers sat, then unsat."""
    for entry in json.loads(text)["obligations"]:
        assert z3_script(entry["script"], 10.0) == ["sat", "unsat"], entry["label"]
