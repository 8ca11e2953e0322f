"""`make test`: ruff, mypy --strict, then pytest.  One failing part does not hide the others.

Skipped tests are listed.  With CI set they must equal tests/skips.txt, so that nothing is skipped unnoticed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
OTHERS = ["plugins/_template", "examples/accelcore-abacus"]
"""Packages outside the workspace: what others copy has to be as clean."""
PACKAGES = [str(next((ROOT / one / "src").glob("accelcore*")).relative_to(ROOT)) for one in (*MEMBERS, *OTHERS)]


def run(title: str, *command: str) -> bool:
    """Whether the command succeeded."""
    print(f"== {title}", flush=True)
    environment = {**os.environ, "MYPY_CACHE_DIR": ".mypy_cache"}
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, check=False).returncode == 0


def skips_are_known(report: Path) -> bool:
    """Print what was skipped; with CI set, whether it is exactly what tests/skips.txt lists."""
    cases = ElementTree.parse(report).iter("testcase")
    skipped = sorted({f"{c.get('classname')}::{c.get('name')}" for c in cases if c.find("skipped") is not None})
    listed = [line for line in (ROOT / "tests" / "skips.txt").read_text().splitlines() if not line.startswith("#")]
    for name in skipped:
        print("skipped:", name)
    if os.environ.get("CI") and skipped != sorted(filter(None, listed)):
        print("these differ from tests/skips.txt, the list of what CI may skip:", *set(skipped) ^ set(listed))
        return False
    return True


def main(arguments: list[str]) -> int:
    """0 when everything passed."""
    passed = [run("ruff", "ruff", "check", ".", *OTHERS), run("mypy", "mypy", *PACKAGES)]
    if "--lint" not in arguments:
        # Timings are ratios taken interleaved, so two workers may share the machine; a device lease keeps them apart.
        workers = os.environ.get("ACCELCORE_TEST_WORKERS", str(min(os.cpu_count() or 1, 4)))
        report = ROOT / ".pytest_cache" / "report.xml"
        marks = "not full and not local_model"
        passed.append(run("pytest", "pytest", "-q", "-n", workers, "-m", marks, f"--junitxml={report}", *arguments))
        passed.append(skips_are_known(report))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
