"""Random loop programs with summaries known by construction: right ones are proved, wrong ones never."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

from accelcore.values import Proof, Role, Source, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.verify import Z3Verifier
from accelcore_llmlift.verify.refute import counterexample

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside this file; test folders are no packages
from random_programs import FAMILIES, Generator
from verify_mutants import mutants

SEED = int(os.environ.get("ACCELCORE_RANDOM_SEED", "20"))


def prepared(case) -> tuple[Task, Summary]:
    source = Source(case.text, "python", case.entry)
    program = program_of(source)
    names = [p.name for p in program.params if p.role in (Role.OUT, Role.INOUT)]
    post = tuple((name, e) for name, (_, e) in zip(names, case.summary.post, strict=True))
    task = Task(case.entry, program.params, source, program.requires, source=source)
    return task, Summary(post, (), case.summary.number_model)


def run(count: int, seed: int, corrupted: int) -> tuple[int, list[str]]:
    """(how many right summaries were proved, texts of programs with a wrong summary that was proved)."""
    generator, proved, wrong = Generator(seed), 0, []
    for number in range(count):
        case = generator.case(number)
        task, summary = prepared(case)
        verdict = Z3Verifier().check(task, summary, timeout=20)
        assert verdict.proof is not Proof.REFUTED, case.text
        proved += verdict.proof is Proof.PROVED
        some = list(mutants(summary))
        random.Random(number).shuffle(some)
        for _, mutant in some[:corrupted]:
            other = Z3Verifier().check(task, mutant, timeout=20)
            if other.proof is not Proof.PROVED:
                continue
            program = program_of(task.source)
            given = tuple(e for e in other.requires if e not in program.requires)
            end = time.monotonic() + 20
            if counterexample(program, mutant, given, thorough=True, deadline=end, seed=number + 7) is not None:
                wrong.append(f"{case.text}\n{mutant.post}")
    return proved, wrong


def test_right_ones_are_proved_and_wrong_ones_never():
    count = 6 * len(FAMILIES)
    proved, wrong = run(count, SEED, 2)
    assert not wrong
    assert proved >= 0.97 * count


@pytest.mark.full
def test_two_thousand():
    proved, wrong = run(2000, SEED + 1, 1)
    assert not wrong
    assert proved >= 0.95 * 2000
