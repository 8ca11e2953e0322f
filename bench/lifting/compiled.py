"""Lift, then lower: programs of the suite to AVX, each kernel judged on this machine (build, compare, time)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from accelcore.errors import AccelcoreError
from accelcore.pipeline.benches import judged_once
from accelcore.pipeline.catalog import choose_evaluator, choose_target
from accelcore.values import Proof, Source, Status
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_llmlift.verify import Z3Verifier

SIZE = 64
"""Every size parameter: what is asked here is whether the kernels are right, not how fast they are."""


def judged(source: Source) -> tuple[bool, str]:
    """Whether the derived kernel of a proved summary passes the judge, and what the judge said."""
    try:
        task = PythonTranslator().task(source, {})
        summary = lift_program(program_of(source)).summary
        verdict = Z3Verifier().check(task, summary, timeout=30.0)
        if verdict.proof is not Proof.PROVED:
            return False, f"{verdict.proof}: {verdict.reason}"
        sizes = (tuple((name, SIZE) for name, _ in task.sizes[0]),)
        requires = tuple(dict.fromkeys((*task.requires, *verdict.requires)))
        task = replace(task, reference=summary, requires=requires, sizes=sizes)
        evaluator = choose_evaluator("avx")
        if evaluator is None or evaluator.missing():
            return False, "no evaluator for avx here"
        evaluation = judged_once(evaluator, task, choose_target("avx").lower(task), strict=False)
    except AccelcoreError as error:
        return False, error.what
    return evaluation.status is Status.OK, str(evaluation.status)


def table(sources: Iterable[Source], most: int) -> int:
    """Print one line for each program; the number of those that were judged right."""
    count = tried = 0
    for source in sources:
        if tried == most:
            break
        good, said = judged(source)
        tried, count = tried + 1, count + good
        print(f"{source.entry:28} {said}", flush=True)
    print(f"{count} of {tried} lowered to AVX and judged right on this machine")
    return count
