"""Goldens: every construct as source and, beside it, what the front end and the rules make of it.

A case is `=== name`, a source, `---`, and the expected lines: preconditions, then one line for each result, or
`refused LINE:COLUMN: what`.  Run with ACCELCORE_UPDATE=1 to rewrite the expected lines, and read the difference.
"""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from accelcore.errors import UnsupportedSource
from accelcore.values import Source
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program

FILES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    expected: str


def read(path: Path) -> list[Case]:
    found = []
    for block in path.read_text().split("=== ")[1:]:
        name, rest = block.split("\n", 1)
        source, expected = rest.split("---\n")
        found.append(Case(name.strip(), source.strip("\n") + "\n", expected.strip("\n")))
    return found


def answer(case: Case) -> str:
    entry = [n.name for n in ast.parse(case.source).body if isinstance(n, ast.FunctionDef)][-1]
    try:
        program = program_of(Source(case.source, "python", entry, "case.py"))
        lifted = lift_program(program)
    except UnsupportedSource as refusal:
        assert refusal.hint, "a refusal says what to do"
        return f"refused {refusal.where.removeprefix('case.py:')}: {refusal.what}"
    shapes = [f"{p.name}: {p.role} {p.dtype}{list(p.shape) if p.shape else ''}" for p in program.params]
    lines = ["(" + ", ".join(shapes) + ")"]
    lines += [f"requires {condition!r}" for condition in program.requires]
    lines += [f"{name} = {value!r}" for name, value in lifted.summary.post]
    return "\n".join(lines)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_case_gives_what_stands_beside_it(path: Path) -> None:
    cases = read(path)
    if os.environ.get("ACCELCORE_UPDATE"):
        blocks = [f"=== {c.name}\n{c.source}---\n{answer(c)}\n" for c in cases]
        path.write_text("\n".join(blocks))
        cases = read(path)
    assert cases
    wrong = [f"{c.name}:\n{answer(c)}\ninstead of\n{c.expected}" for c in cases if answer(c) != c.expected]
    assert not wrong, "\n\n".join(wrong)
