"""Exports: kernels of the array are checked on the simulator, those of the host natively, others not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accelcore import lift
from accelcore.export.folder import write_folder
from accelcore.pipeline.exporting import folder_contents
from accelcore.values import Kernel, Run, Task, sizes_of
from accelcore_gemmini.lowering.derive import HOST
from accelcore_gemmini.target import GemminiTarget

LOOPS = Path(__file__).parent / "loops" / "products.py"
SPEC = "gemmini:config=int8-16,lat=10"


@pytest.fixture(scope="module")
def task() -> Task:
    found = lift(f"{LOOPS}:product").functions[0].task
    assert found is not None
    return replace(found, sizes=(sizes_of({"m": 20, "n": 33, "p": 40}),))


def exported(task: Task, kernel: Kernel, out: Path) -> Path:
    run = Run("run", "", "done", config={"target": SPEC})
    return write_folder(out, folder_contents(task, kernel, run=run, machine=None))


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """`make check` with this environment's accelcore."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", "check"], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


def test_a_kernel_of_the_array_is_checked_on_the_simulator(task: Task, tmp_path: Path) -> None:
    kernel = GemminiTarget(lat=10).lower(task)
    folder = exported(task, kernel, tmp_path / "out")
    assert f"--target {SPEC}" in (folder / "Makefile").read_text()
    assert not {"check.c", "vectors.bin", "wrapper.py"} & {file.name for file in folder.iterdir()}
    done = checked(folder)
    assert done.returncode == 0 and "0 of 660 elements differ" in done.stdout, done
    wrong = kernel.text.replace("ACC_SCALE_IDENTITY", "2.0f")
    assert wrong != kernel.text
    (folder / "kernel.c").write_text(wrong)
    assert checked(folder).returncode != 0


def test_a_kernel_that_cannot_be_checked_offers_no_check(task: Task, tmp_path: Path) -> None:
    """One without a `main` of its own, as models write it."""
    text = GemminiTarget().lower(task).text.partition("#if defined(BAREMETAL)")[0]
    folder = exported(task, Kernel(text, "c", f"ac_{task.name}"), tmp_path / "out")
    assert not {"Makefile", "check.c", "wrapper.py"} & {file.name for file in folder.iterdir()}
    assert "There is no harness: only the evaluator" in (folder / "README.txt").read_text()


def test_a_kernel_of_the_host_is_checked_natively(tmp_path: Path) -> None:
    source = tmp_path / "loops.py"
    source.write_text('def f(x: "f32[n]") -> "f32[n]":\n    return [v * v * v for v in x]\n')
    found = lift(f"{source}:f").functions[0].task
    assert found is not None
    kernel = GemminiTarget().lower(found)
    assert HOST in kernel.build
    done = checked(exported(found, kernel, tmp_path / "out"))
    assert done.returncode == 0 and ", 0 wrong" in done.stdout, done
