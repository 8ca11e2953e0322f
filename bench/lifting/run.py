"""Lift and verify every program in `programs/`: verdict, number model, milliseconds, proposer.

    python bench/lifting/run.py [SUITE[:FUNCTION]...] [--show] [--fresh] [--mutants] [--compile [N]]

--fresh also runs the emitted NumPy of every proved summary against the source, on inputs that the proof never saw;
--mutants prints how many wrong summaries are refuted, by kind; --compile takes N programs through `accelcore compile
--target avx`, one evaluation each, and counts those that the judge accepted.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from accelcore.errors import AccelcoreError
from accelcore.values import Proof, Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import PythonTranslator
from accelcore_llmlift.verify import Z3Verifier

sys.path.insert(0, str(Path(__file__).parent))  # the other files of this benchmark
import compiled
import mutation
from fresh import compared

PROGRAMS = Path(__file__).parent / "programs"


def sources(wanted: list[str]) -> Iterator[Source]:
    """Every function of every suite that is wanted."""
    for path in sorted(PROGRAMS.glob("*.py")):
        text = path.read_text()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if not wanted or path.stem in wanted or f"{path.stem}:{node.name}" in wanted:
                    yield Source(text, "python", node.name, str(path))


def measure(source: Source, *, fresh: bool = False) -> tuple[str, str, float, float, str, str]:
    """(verdict, number model, milliseconds of lifting, of proving, reason, summary); fresh: NumPy in the reason."""
    started = time.perf_counter()
    try:
        task = PythonTranslator().task(source, {})
        summary = lift_program(program_of(source)).summary
    except AccelcoreError as error:
        return "refused", "", 1e3 * (time.perf_counter() - started), 0.0, str(error).replace("\n", " "), ""
    lifted = time.perf_counter()
    verdict = Z3Verifier().check(task, summary, timeout=10.0)
    reason = verdict.reason
    if fresh and verdict.proof is Proof.PROVED:
        proved = replace(task, requires=tuple(dict.fromkeys((*task.requires, *verdict.requires))))
        reason = f"{compared(proved, summary)} {reason}".strip()
    text = "; ".join(f"{name} = {value!r}" for name, value in summary.post)
    return (
        str(verdict.proof), verdict.number_model, 1e3 * (lifted - started), 1e3 * (time.perf_counter() - lifted),
        reason, text,
    )  # fmt: skip


def main() -> int:
    """Print the table; 0 when at least 97 % are proved."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--show", action="store_true", help="print summaries too")
    parser.add_argument("--fresh", action="store_true", help="run the emitted NumPy against the source")
    parser.add_argument("--mutants", action="store_true", help="the table of wrong summaries instead")
    parser.add_argument("--compile", type=int, nargs="?", const=1000, metavar="N", help="compile N programs instead")
    options = parser.parse_args()
    if options.mutants:
        return 1 if mutation.table(sources(options.suites)) else 0
    if options.compile is not None:
        return 0 if compiled.table(sources(options.suites), options.compile) else 1
    counts: Counter[str] = Counter()
    lifting, proving = [], []
    print(f"{'program':34} {'verdict':9} {'model':6} {'lift ms':>8} {'prove ms':>9} proposer")
    for source in sources(options.suites):
        verdict, model, lift_ms, prove_ms, reason, summary = measure(source, fresh=options.fresh)
        counts[verdict] += 1
        lifting.append(lift_ms)
        proving.append(prove_ms)
        name = f"{Path(source.path or '').stem}:{source.entry}"
        proposer = "rules" if summary else "-"
        print(f"{name:34} {verdict:9} {model:6} {lift_ms:8.1f} {prove_ms:9.1f} {proposer:8} {reason}")
        if options.show and summary:
            print(f"    {summary}")
    total = sum(counts.values())
    print(f"{total} programs: " + ", ".join(f"{n} {v}" for v, n in counts.most_common()))
    print(
        f"lifting {sum(lifting) / 1e3:.2f} s (median {statistics.median(lifting):.1f} ms), "
        f"proving {sum(proving) / 1e3:.2f} s (median {statistics.median(proving):.1f} ms)"
    )
    return 0 if counts["proved"] >= 0.97 * total else 1


if __name__ == "__main__":
    sys.exit(main())
