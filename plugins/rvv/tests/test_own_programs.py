"""Whole programs as people write them (tests/programs): each checks itself and says PASSED.

Together they use overloaded and explicit intrinsics, all policies, groups from an eighth to eight registers, segment,
strided, indexed and fault-only-first accesses, slides, gathers, compress, masks, fixed point, every rounding, half
precision, and vector state through inline assembly.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore import run
from accelcore_rvv import emulator
from accelcore_rvv.assembly import runnable

pytestmark = pytest.mark.usefixtures("emulator")
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.c"))
LENGTHS = (128, 256, 512, 1024)


@pytest.mark.parametrize("at", range(len(PROGRAMS)), ids=[p.stem for p in PROGRAMS])
def test_a_program_runs_unmodified(at: int) -> None:
    found = run(PROGRAMS[at], target=f"rvv:vlen={LENGTHS[at % 4]}").json()
    if "zvbb" in PROGRAMS[at].read_text() and "zvbb" not in emulator.architectures()[-1]:
        assert found["status"] == "compile_error" and "which is what the emulator here runs" in found["log"]
        return
    assert found["status"] == "ok" and found["exit"] == 0, found
    assert found["stdout"].endswith("PASSED\n") and found["cost"]["value"] > 0


def test_a_program_may_have_several_files(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "twice.h").write_text('#include "../types.h"\nnumber twice(number);\n')
    (tmp_path / "types.h").write_text("typedef long number;\n")
    (tmp_path / "main.c").write_text(
        '#include "include/twice.h"\n#include <stdio.h>\n'
        'int main(int n, char **v) { printf("%ld %s\\n", twice(21), v[n - 1]); }\n'
    )
    (tmp_path / "twice.S").write_text(
        ".globl twice\n.type twice, @function\ntwice:\n    slli a0, a0, 1 // doubled\n    ret\n.size twice, .-twice\n"
    )
    found = run(tmp_path / "main.c", [str(tmp_path / "twice.S"), "last"], target="rvv").json()
    assert found["stdout"] == "42 last\n", found
    assert "twice: " in found["feedback"]


def test_conversions_with_a_mode_of_their_own_are_preceded_by_one_that_is_not_counted() -> None:
    text = "start: vfcvt.rtz.x.f.v v8, v8\n\tvfcvt.x.f.v v8, v8\n\tnop; vfncvt.rod.f.f.w v8, v12\n"
    lines = runnable(text).splitlines()
    assert [line.split()[0] for line in lines if "zero, ft0" not in line] == [
        "vfcvt.rtz.x.f.v",
        "vfcvt.x.f.v",
        "vfncvt.rod.f.f.w",
    ]
    assert sum("zero, ft0" in line for line in lines) == 2
