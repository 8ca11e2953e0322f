"""The catalogue of cheats says for each target which test tries what; none may be lost."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROWS = tomllib.loads((HERE / "catalogue.toml").read_text())
TARGETS = ("c", "python", "nki", "gemmini", "rvv")
SUFFIXES = {"c": ".c", "python": ".py"}
IDS = [f"{letter}{n}" for letter, most in zip("ABCDEFGH", (13, 7, 6, 9, 8, 4, 7, 6), strict=True)
       for n in range(1, most + 1)]  # fmt: skip
PROOFS = "plugins/llmlift/tests/verify/test_integrity.py"
FOLDERS = {target: f"plugins/{target}/tests" for target in TARGETS if target not in SUFFIXES} | {
    "c": "tests/redteam", "python": "tests/redteam", "proof": PROOFS,
}  # fmt: skip
MISSING = [folder for folder in FOLDERS.values() if not (ROOT / folder).exists()]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not a whole checkout: {MISSING}")


@pytest.fixture(scope="module")
def collected() -> dict[str, list[str]]:
    """Names of the red team's tests by folder, each once also in a full run, whose names carry a number."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m"]
    red = ["redteam", *sorted({f for f in FOLDERS.values() if f != PROOFS})]
    once = {name: value for name, value in os.environ.items() if name != "ACCELCORE_FULL"}
    lines = []
    for more in (red, ["not full", PROOFS]):
        done = subprocess.run([*command, *more], cwd=ROOT, env=once, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        lines += [line for line in done.stdout.splitlines() if "::" in line]
    return {folder: [line for line in lines if line.startswith(folder)] for folder in FOLDERS.values()}


def tried(target: str, name: str, collected: dict[str, list[str]]) -> bool:
    """Whether a collected test has that name, or judges that kernel."""
    nodes = collected[FOLDERS[target]]
    if target in SUFFIXES and not name.startswith("test_"):
        if not (HERE / "kernels" / f"{name}{SUFFIXES[target]}").exists():
            return False
        return any(f"[{name}" in node for node in nodes)
    return any(name in node.partition("::")[2] for node in nodes)


@pytest.mark.parametrize("row", IDS)
def test_every_row_is_tried_or_says_why_not(row, collected):
    given = ROWS[row]
    assert given["what"]
    for target in ("proof",) if row[0] == "H" else TARGETS:
        names = given[target]
        if isinstance(names, str):
            assert len(names) > 10, "a reason"
            continue
        assert names
        lost = [name for name in names if not tried(target, name, collected)]
        assert not lost, f"{row}, {target}: no test {lost}"


def test_there_are_no_other_rows_and_no_kernel_is_forgotten():
    assert sorted(ROWS) == sorted(IDS)
    named = {(t, n) for row in ROWS.values() for t in SUFFIXES if isinstance(row.get(t), list) for n in row[t]}
    kernels = [(t, p.stem) for t, suffix in SUFFIXES.items() for p in (HERE / "kernels").glob(f"*{suffix}")]
    forgotten = [k for k in kernels if k not in named and not k[1].startswith("honest_")]
    assert not forgotten
