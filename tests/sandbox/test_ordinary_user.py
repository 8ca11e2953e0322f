"""Run as root, the sandbox must also be right for an ordinary user; this repeats a part of the suite as nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import accelcore

NOBODY = 65534
CHECK = """
import sys
from accelcore.sandbox import COMPILER, PYTHON, Level, run_child
from accelcore.sandbox.attacks import try_all
from accelcore.values import Limits, Status
made = run_child(["sh", "-c", "echo text > made; id -u"], COMPILER, Limits(10), cwd=sys.argv[1])
assert made.status is Status.OK, made
assert open(sys.argv[1] + "/made").read() == "text\\n"
assert made.level is Level.STRONG or "--any" in sys.argv, made.sandbox
assert run_child(["sleep", "100"], COMPILER, Limits(0.2)).status is Status.TIMEOUT
open_ones = [name for name, stopped, _ in try_all() if not stopped]
assert not open_ones or made.level is Level.WEAK, open_ones
print("fine", made.level)
"""


def _interpreter():
    """A Python that everybody may start, new enough for this library."""
    for path in (sys.executable, shutil.which("python3", path=os.defpath)):
        if path and _open_to_all(Path(path).resolve()):
            asked = "import sys; sys.exit(sys.version_info < (3, 11))"
            if subprocess.run([path, "-c", asked]).returncode == 0:
                return path
    return None


def _open_to_all(path):
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents))


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: the other tests ran as an ordinary user")
def test_as_nobody(tmp_path_factory):
    python = _interpreter()
    source, packages = Path(accelcore.__file__).parents[1], Path(__import__("pluggy").__file__).parents[1]
    if python is None or not all(_open_to_all(p) for p in (source, packages)):
        pytest.skip("no interpreter, or not this checkout, can be reached by an ordinary user")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="accelcore-nobody-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        environment = {
            "PATH": os.defpath, "TMPDIR": folder, "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": f"{source}:{packages}",
        }  # fmt: skip
        done = subprocess.run(
            [python, "-c", CHECK, folder], user=NOBODY, group=NOBODY, extra_groups=[], cwd=folder, env=environment,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("fine")
