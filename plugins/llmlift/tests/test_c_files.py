"""Goldens of whole C and C++ files: the summary of every function in them, and that it is proved.

`cases_c/FILE.txt` has one line for each result.  Run with ACCELCORE_UPDATE=1 to rewrite it, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from accelcore.values import Proof, Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import CTranslator
from accelcore_llmlift.verify import Z3Verifier

FOLDER = Path(__file__).parent / "cases_c"
FILES = ["pointers.c", "vectors.cpp"]


def sources(name: str) -> list[Source]:
    text = (FOLDER / name).read_text()
    language = "c" if name.endswith(".c") else "c++"
    entries = re.findall(r"^(?!static|#)[\w<>: ]+ (\w+)\(.*\{$", text, re.MULTILINE)
    return [Source(text, language, entry, name) for entry in entries]


def summary(source: Source) -> list[str]:
    return [f"{source.entry}: {n} = {e!r}" for n, e in lift_program(program_of(source)).summary.post]


@pytest.mark.parametrize("name", FILES)
def test_every_function_has_the_summary_that_stands_beside_it(name: str) -> None:
    found = [line for source in sources(name) for line in summary(source)]
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("ACCELCORE_UPDATE"):
        golden.write_text("\n".join(found) + "\n")
    assert len(found) > 10
    assert found == golden.read_text().splitlines()


@pytest.mark.parametrize("source", [s for n in FILES for s in sources(n)], ids=lambda s: s.entry)
def test_every_function_is_proved(source: Source) -> None:
    task = CTranslator().task(source, {})
    verdict = Z3Verifier().check(task, lift_program(program_of(source)).summary, timeout=30.0)
    assert verdict.proof is Proof.PROVED, verdict.reason
