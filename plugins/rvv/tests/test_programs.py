"""`accelcore run --target rvv`: programs of other people, unmodified."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelcore import run

pytestmark = pytest.mark.usefixtures("emulator")

SAXPY = """
#include <riscv_vector.h>
#include <stdio.h>
#include <stdlib.h>
#include "sizes.h"

static void saxpy(size_t n, float a, const float *x, float *y) {
    for (size_t vl; n > 0; n -= vl, x += vl, y += vl) {
        vl = __riscv_vsetvl_e32m8(n);
        vfloat32m8_t v = __riscv_vle32_v_f32m8(y, vl);
        __riscv_vse32_v_f32m8(y, __riscv_vfmacc_vf_f32m8(v, a, __riscv_vle32_v_f32m8(x, vl), vl), vl);
    }
}

int main(int argc, char **argv) {
    static float x[SIZE], y[SIZE];
    for (int i = 0; i < SIZE; ++i) x[i] = (float)i;
    saxpy(SIZE, 2, x, y);
    printf("%g %zu\\n", y[SIZE - 1], __riscv_vlenb());
    return argc > 1 ? atoi(argv[1]) : 0;
}
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "sizes.h").write_text("enum { SIZE = 1000 };\n")
    (tmp_path / "saxpy.c").write_text(SAXPY)
    return tmp_path / "saxpy.c"


def test_output_exit_and_counts(program: Path) -> None:
    found = run(program, ["3"], target="rvv:vlen=512").json()
    assert found["status"] == "ok" and found["exit"] == 3 and found["stdout"] == "1998 64\n"
    assert found["cost"]["unit"] == "cycles" and found["cost"]["fidelity"] == "modelled"
    assert found["metrics"]["instructions"] > found["metrics"]["vector_instructions"] > 0
    assert "main" in found["feedback"] and "not compared with silicon" in found["feedback"]


def test_two_runs_cost_the_same(program: Path) -> None:
    one, other = (run(program, target="rvv").json() for _ in range(2))
    assert one["cost"] == other["cost"] and one["metrics"]["instructions"] == other["metrics"]["instructions"]


def test_what_does_not_compile_says_so(tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text("int main(void) { return nothing; }\n")
    found = run(tmp_path / "wrong.c", target="rvv").json()
    assert found["status"] == "compile_error" and "nothing" in found["log"]


def test_a_crash_is_one(tmp_path: Path) -> None:
    (tmp_path / "crash.c").write_text("int main(void) { *(volatile int *)0 = 1; return 0; }\n")
    found = run(tmp_path / "crash.c", target="rvv", seconds=20).json()
    assert found["status"] == "crashed" and found["cost"] is None
