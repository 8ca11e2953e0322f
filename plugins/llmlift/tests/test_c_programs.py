"""Programs in C and C++ as people write them: what the front end and the rules make of each, and that it is proved.

A case is `=== name language`, a source, `---`, and the expected lines: one for each result, or `refused LINE:COLUMN:
what`.  Run with ACCELCORE_UPDATE=1 to rewrite the expected lines, and read the difference.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from accelcore.errors import UnsupportedSource
from accelcore.values import Proof, Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import CTranslator
from accelcore_llmlift.verify import Z3Verifier

FILES = sorted((Path(__file__).parent / "cases_c").glob("programs_*.txt"))
UNPROVED = {
    "matmul_walk", "image_hist", "dct_like", "taco_like", "conv2d_nchw", "conv2d_valid", "ranges_for_idx",
    "softmax_rows",
}  # fmt: skip
"""Lifted, but not (or not in the time of a test) proved."""
EVERY = 9
"""One of so many programs is proved in each run of the tests, all of them in a full one."""


@dataclass(frozen=True)
class Case:
    name: str
    language: str
    text: str
    expected: str

    @property
    def source(self) -> Source:
        return Source(self.text, self.language, entry(self), self.name)


def entry(case: Case) -> str:
    """The function that has the name of the case, else the last one."""
    from accelcore_llmlift.c.expressions import Reader
    from accelcore_llmlift.c.functions import _collect, _tree

    names = [n for n in _collect(_tree(Source(case.text, case.language, "")), Reader("")) if n != "main"]
    return case.name if case.name in names else names[-1]


def read(path: Path) -> list[Case]:
    found = []
    for block in path.read_text().split("=== ")[1:]:
        head, rest = block.split("\n", 1)
        text, expected = rest.split("---\n")
        name, language = head.split()
        found.append(Case(name, language, text, expected.strip("\n")))
    return found


def answer(case: Case) -> str:
    try:
        post = lift_program(program_of(case.source)).summary.post
    except UnsupportedSource as refusal:
        assert refusal.hint, "a refusal says what to do"
        return f"refused {refusal.where.removeprefix(case.name + ':')}: {refusal.what}"
    return "\n".join(f"{name} = {value!r}" for name, value in post)


CASES = [case for path in FILES for case in read(path)]
LIFTED = [c for c in CASES if not c.expected.startswith("refused") and c.name not in UNPROVED]
SAMPLE = [c for c in CASES[::EVERY] if c in LIFTED]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_program_gives_what_stands_beside_it(path: Path) -> None:
    cases = read(path)
    if os.environ.get("ACCELCORE_UPDATE"):
        blocks = [f"=== {c.name} {c.language}\n{c.text}---\n{answer(c)}\n" for c in cases]
        path.write_text("\n".join(blocks))
        cases = read(path)
    wrong = [f"{c.name}:\n{answer(c)}\ninstead of\n{c.expected}" for c in cases if answer(c) != c.expected]
    assert cases and not wrong, "\n\n".join(wrong)


def prove(case: Case) -> None:
    task = CTranslator().task(case.source, {})
    verdict = Z3Verifier().check(task, lift_program(program_of(case.source)).summary, timeout=60.0)
    assert verdict.proof is Proof.PROVED, verdict.reason


@pytest.mark.parametrize("case", SAMPLE, ids=lambda c: c.name)
def test_a_sample_is_proved(case: Case) -> None:
    prove(case)


@pytest.mark.full
@pytest.mark.parametrize("case", LIFTED, ids=lambda c: c.name)
def test_every_lifted_program_is_proved(case: Case) -> None:
    prove(case)
