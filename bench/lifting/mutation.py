"""Wrong summaries of every program of the suite: how many are refuted, by kind of mistake."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from accelcore.errors import AccelcoreError
from accelcore.values import Proof, Source, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_llmlift.verify import Z3Verifier
from accelcore_llmlift.verify.refute import counterexample

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "plugins" / "llmlift" / "tests" / "verify"))  # the mutations of the tests
from verify_mutants import mutants  # noqa: E402  after its folder is on the path

PER_PROGRAM = 12
SECONDS = 10.0


def table(sources: Iterable[Source]) -> int:
    """Print refuted, equal and unknown mutants by kind; the number of wrong summaries that were accepted."""
    counts: Counter[tuple[str, str]] = Counter()
    for source in sources:
        try:
            task = PythonTranslator().task(source, {})
            summary = lift_program(program_of(source)).summary
        except AccelcoreError:
            continue
        chosen = list(mutants(summary))
        for kind, mutant in chosen[:: max(1, len(chosen) // PER_PROGRAM)]:
            counts[kind, _verdict(task, mutant)] += 1
    verdicts = ("refuted", "equal", "unknown", "ACCEPTED")
    print(f"{'mutation':18} {'tried':>6} " + " ".join(f"{v:>9}" for v in verdicts))
    for kind in sorted({k for k, _ in counts}):
        row = [counts[kind, v] for v in verdicts]
        print(f"{kind:18} {sum(row):6} " + " ".join(f"{n:9}" for n in row))
    total = [sum(n for (_, w), n in counts.items() if w == v) for v in verdicts]
    print(f"{'all':18} {sum(total):6} " + " ".join(f"{n:9}" for n in total))
    return total[-1]


def _verdict(task: Task, mutant: Summary) -> str:
    """A mutant that is proved must be the same function: an independent search looks for a difference."""
    verdict = Z3Verifier().check(task, mutant, timeout=SECONDS)
    if verdict.proof is not Proof.PROVED:
        return "refuted" if verdict.proof is Proof.REFUTED else "unknown"
    import time

    assert task.source is not None
    program = program_of(task.source)
    given = tuple(e for e in verdict.requires if e not in program.requires)
    end = time.monotonic() + SECONDS
    found = counterexample(program, mutant, given, thorough=True, deadline=end, seed=77)
    return "equal" if found is None else "ACCEPTED"
