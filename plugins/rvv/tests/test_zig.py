"""The ziglang wheel alone as the cross compiler: in an environment of its own, so that other tests do not meet it.

The environment (438 MB) and the C library that zig compiles for RISC-V are kept in the user's cache folder; in a fresh
one this takes about a minute.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from accelcore.cgen.toolchain import build_folder

INSTALL_SECONDS = 300
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from rvv_tasks import RIGHT, hand, matmul, scaled
from accelcore.pipeline.benches import judged_once
from accelcore.values import Limits
from accelcore_rvv.evaluator import RvvEvaluator
from accelcore_rvv.target import RvvTarget
from accelcore_rvv.toolchain import crosses

assert [one.compiler.family for one in crosses()] == ["zig"], crosses()
generated = RvvTarget().kernel(matmul(), ("tile(i, 3, j)",))
for task, kernel in ((scaled(), hand(RIGHT)), (matmul(), generated), (scaled(), hand("return 0;"))):
    found = judged_once(RvvEvaluator(), task, kernel, limits=Limits(seconds=60))
    print(found.status, found.cost is not None, found.log[:300])
"""


def _install(python: Path) -> None:
    """The wheel (100 MB); skips where no registry gives it, which is told in CI since it is not in tests/skips.txt."""
    command = [python, "-m", "pip", "install", "--quiet", "--timeout", "60", "--retries", "3", "ziglang>=0.13"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package registry did not give the ziglang wheel within {INSTALL_SECONDS} s")
    if done.returncode:
        pytest.skip(f"pip could not install ziglang: {done.stderr.strip()[-300:]}")


@pytest.fixture(scope="module")
def environment() -> Path:
    """Python of an environment that has the wheel beside everything that this one has."""
    folder = build_folder().parent / "zig-environment"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    _install(python)
    ours = sysconfig.get_path("purelib")
    (inside,) = (folder / "lib").glob("python3*/site-packages")
    (inside / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return python


@pytest.mark.usefixtures("emulator")
def test_the_wheel_alone_compiles_what_the_judge_accepts(environment: Path, tmp_path: Path) -> None:
    for pattern in ("qemu-riscv64*", "gcc", "as", "ld", "llvm-mca*", "llvm-objdump*"):  # and no clang
        for found in Path("/usr/bin").glob(pattern):
            (tmp_path / found.name).symlink_to(found)
    variables = {**os.environ, "PATH": str(tmp_path)}
    command = [environment, "-c", SCRIPT, str(Path(__file__).parent)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines == [["ok", "True"], ["ok", "True"], ["wrong", "False"]], done.stdout + done.stderr
