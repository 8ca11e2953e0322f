"""Reading what a shared object defines, from its bytes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from accelcore.judge.symbols import deceptive, defined

TEXT = "int ac_k(void) { return 0; }\nstatic int clock(void) { return 1; }\nint helper(void) { return clock(); }\n"


@pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")
def test_only_what_others_can_see(tmp_path):
    (tmp_path / "k.c").write_text(TEXT)
    subprocess.run(["gcc", "-shared", "-fPIC", "k.c", "-o", "k.so"], cwd=tmp_path, check=True)
    assert {"ac_k", "helper"} <= defined(tmp_path / "k.so")
    assert deceptive(tmp_path / "k.so") == []
    (tmp_path / "k.c").write_text(TEXT.replace("static ", ""))
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "k.c", "-o", "k.so"], cwd=tmp_path, check=True)
    assert deceptive(tmp_path / "k.so") == ["clock"]


@pytest.mark.parametrize("data", [b"", b"not an object", b"\x7fELF\x02\x01" + b"\xff" * 200, b"\x7fELF\x02\x01"])
def test_damaged_files_define_nothing(tmp_path, data):
    (tmp_path / "k.so").write_bytes(data)
    assert defined(tmp_path / "k.so") == frozenset()
