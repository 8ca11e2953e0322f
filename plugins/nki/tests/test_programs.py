"""`accelcore run`: whole programs under the simulator, good and bad."""

from __future__ import annotations

import json
import sys
import textwrap

import pytest

from accelcore.errors import UnsupportedLowering, UsageError
from accelcore.testing import small_tasks
from accelcore.values import Limits
from accelcore_nki.target import NkiSimulator, NkiTarget

DOUBLE = """
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl

@nki.jit
def double(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=x)
    nisa.tensor_scalar(tile, tile, nl.multiply, 2.0)
    nisa.dma_copy(dst=out, src=tile)
    return out
"""


def ran(tmp_path, text, *args, seconds=30.0, name="program.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(text))
    return NkiSimulator().run(path, args, limits=Limits(seconds=seconds))


def test_a_program_runs_unchanged_and_is_timed(tmp_path):
    text = DOUBLE + "import sys\nprint(double(np.ones((4, 8), np.float32)).sum(), sys.argv[1:])\n"
    found = ran(tmp_path, text, "a", "b")
    assert (found["status"], found["exit"]) == ("ok", 0), found["log"]
    assert found["stdout"] == "64.0 ['a', 'b']\n"
    assert found["cost"]["fidelity"] == "modelled"
    assert found["cost"]["value"] > 0
    assert "double: modelled" in found["feedback"]
    assert found["metrics"]["kernels"]["double"]["instructions"] == 3


def test_the_timeline_of_the_last_run_goes_to_a_file(tmp_path):
    path, trace = tmp_path / "program.py", tmp_path / "trace.json"
    path.write_text(DOUBLE + "double(np.ones((4, 8), np.float32))\n")
    found = NkiSimulator(trace=str(trace)).run(path, [], limits=Limits(seconds=60))
    assert found["status"] == "ok", found["log"]
    events = json.loads(trace.read_text())["traceEvents"]
    assert [e["name"] for e in events if e["ph"] == "X"] == ["dma_copy", "tensor_scalar", "dma_copy"]


def test_redteam_a_link_in_place_of_the_timeline_is_not_followed(tmp_path):
    secret, trace, path = tmp_path / "secret", tmp_path / "trace.json", tmp_path / "program.py"
    secret.write_text("secret")
    path.write_text(f"import os, sys\nos.symlink({str(secret)!r}, 'trace.json')\n")
    NkiSimulator(trace=str(trace)).run(path, [], limits=Limits(seconds=60))
    assert not trace.exists()


def test_a_kernel_pasted_without_imports(tmp_path):
    body = DOUBLE.split("import nki.language as nl\n")[1]
    found = ran(tmp_path, body + "print(double(np.ones((4, 8), np.float32)).sum())\n")
    assert (found["status"], found["stdout"]) == ("ok", "64.0\n"), found["log"]


def test_a_test_suite_runs_and_its_failure_shows(tmp_path):
    text = DOUBLE + "def test_it():\n    assert double(np.ones((4, 8), np.float32)).sum() == {}\n"
    good = ran(tmp_path, text.format(64), name="test_good.py")
    bad = ran(tmp_path, text.format(65), name="test_bad.py")
    assert (good["status"], good["exit"]) == ("ok", 0), good["log"] + good["stdout"]
    assert (bad["status"], bad["exit"]) == ("ok", 1)
    assert "1 failed" in bad["stdout"]


def test_a_broken_rule_is_no_good_ending(tmp_path):
    text = DOUBLE.replace("tile = nl.ndarray(x.shape", "tile = nl.ndarray((200, 8)")
    found = ran(tmp_path, text + "double(np.ones((200, 8), np.float32))\n")
    assert found["status"] == "crashed"
    assert "[partitions]" in found["log"]
    assert "program.py:10" in found["log"]


def test_an_endless_kernel_runs_into_its_limit(tmp_path):
    text = DOUBLE.replace("    return out", "    while True:\n        pass")
    found = ran(tmp_path, text + "double(np.ones((4, 8), np.float32))\n", seconds=3.0)
    assert found["status"] == "timeout"


def test_a_program_without_kernels_has_no_cost(tmp_path):
    found = ran(tmp_path, "print('verdict: ok'); raise SystemExit(3)")
    assert (found["status"], found["exit"], found["feedback"]) == ("ok", 3, "no kernel ran")
    assert "cost" not in found


def test_numpy_on_device_tensors_is_refused(tmp_path):
    text = DOUBLE.replace("    nisa.tensor_scalar(tile, tile, nl.multiply, 2.0)", "    tile = np.multiply(tile, 2)")
    found = ran(tmp_path, text + "double(np.ones((4, 8), np.float32))\n")
    assert found["status"] == "crashed"
    assert "[host-read]" in found["log"]


def test_the_target_says_what_it_does_not_do():
    target, evaluator = NkiTarget(), NkiSimulator()
    task = next(small.task for small in small_tasks() if small.name == "argmax")
    with pytest.raises(UnsupportedLowering, match="i64"):
        target.lower(task)
    assert target.missing() == evaluator.missing() == []
    assert target.machine().peaks[0][1] == pytest.approx(78.6e12, rel=0.01)
    assert NkiSimulator("trn1").fingerprint() != evaluator.fingerprint()
    with pytest.raises(UsageError):
        NkiTarget("trn9")


def test_hooks_are_cheap():
    import subprocess

    code = (
        "import sys, accelcore_nki as n; n.accelcore_targets(); n.accelcore_evaluators(); print('numpy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "False\n"
