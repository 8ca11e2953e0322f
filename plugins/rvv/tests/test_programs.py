"""`accelcore run --target rvv`: programs of other people, unmodified."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from accelcore import run
from accelcore.errors import UsageError
from accelcore_rvv import toolchain

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


COUNTS = """
#include <riscv_vector.h>
#include <stdio.h>
int main(void) {
    static signed char text[4096];
    size_t n = fread(text, 1, sizeof text, stdin), lines = 0;
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e8m8(n - i);
        lines += __riscv_vcpop(__riscv_vmseq(__riscv_vle8_v_i8m8(text + i, vl), 10, vl), vl);
    }
    printf("%zu of %zu\\n", lines, n);
}
"""


def test_a_program_reads_its_standard_input(tmp_path: Path) -> None:
    (tmp_path / "lines.c").write_text(COUNTS)
    (tmp_path / "text").write_text("one\ntwo\n")
    assert run(tmp_path / "lines.c", target="rvv").json()["stdout"] == "0 of 0\n"
    assert run(tmp_path / "lines.c", target="rvv", stdin=b"a\nb\nc\n").json()["stdout"] == "3 of 6\n"
    words = [sys.executable, "-m", "accelcore.cli", "run", "--target", "rvv", str(tmp_path / "lines.c")]
    with (tmp_path / "text").open() as text:
        done = subprocess.run(words, stdin=text, capture_output=True, text=True, check=False)
    assert "2 of 8" in done.stdout, done


CLASSES = """
#include <riscv_vector.h>
template <int By> struct Shift {
    void operator()(unsigned *p, unsigned long n) const {
        for (unsigned long vl; n; n -= vl, p += vl) {
            vl = __riscv_vsetvl_e32m4(n);
            __riscv_vse32(p, __riscv_vsll(__riscv_vle32_v_u32m4(p, vl), By, vl), vl);
        }
    }
};
int main() {
    unsigned some[100];
    for (int i = 0; i < 100; ++i) some[i] = i;
    Shift<3>{}(some, 100);
    return some[99] == 792 ? 0 : 1;
}
"""
LIBRARY = """
#include <cstdio>
#include <stdexcept>
#include <vector>
int main() {
    std::vector<int> some(3, 14);
    try { some.at(3) = 0; } catch (const std::out_of_range &) { std::printf("%d\\n", some[0] * 3); }
}
"""


def test_a_program_may_be_in_cpp(tmp_path: Path) -> None:
    (tmp_path / "classes.cc").write_text(CLASSES)
    found = run(tmp_path / "classes.cc", target="rvv").json()
    assert found["status"] == "ok" and found["exit"] == 0 and found["cost"]["value"] > 0, found
    (tmp_path / "library.cpp").write_text(LIBRARY)
    found = run(tmp_path / "library.cpp", target="rvv").json()
    if toolchain.cross(library=True).library:
        assert found["stdout"] == "42\n", found
    else:
        assert found["status"] == "compile_error" and "g++-riscv64-linux-gnu" in found["log"]


def test_flags_of_the_user_reach_the_compiler_and_headers_of_other_folders_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("src", "include"):
        (tmp_path / folder).mkdir()
    (tmp_path / "include" / "shape.h").write_text('#include "more.h"\n')
    (tmp_path / "include" / "more.h").write_text("enum { SIDES = 4 };\n")
    source = tmp_path / "src" / "main.c"
    source.write_text("#include <shape.h>\nint main(void) { return SIDES + MORE; }\n")
    monkeypatch.chdir(tmp_path)
    found = run(source, target="rvv").json()
    assert found["status"] == "compile_error" and "rvv:flags=-I" in found["log"]
    for flags in ("-Iinclude -DMORE=3", "-I include -D MORE=3"):
        assert run(source, target=f"rvv:flags={flags}").json()["exit"] == 7
    (tmp_path / "include" / "more.h").write_text("enum { SIDES = 5 };\n")
    assert run(source, target="rvv:flags=-Iinclude -DMORE=3").json()["exit"] == 8
    for flags in ("-Inothing", "-D'"):
        with pytest.raises(UsageError):
            run(source, target=f"rvv:flags={flags}")


def test_names_of_intrinsics_before_version_1_are_explained(tmp_path: Path) -> None:
    (tmp_path / "old.c").write_text("#include <riscv_vector.h>\nint main(void) { return vsetvl_e32m1(4); }\n")
    found = run(tmp_path / "old.c", target="rvv").json()
    assert found["status"] == "compile_error" and "begin with __riscv_" in found["log"]


def test_what_older_compilers_took_with_a_warning_runs(tmp_path: Path) -> None:
    (tmp_path / "lax.c").write_text('main() { puts("old"); return 0; }\n')
    assert run(tmp_path / "lax.c", target="rvv").json()["stdout"] == "old\n"


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    for name, data, said in (
        ("notes.txt", b"nothing to run", "not a program"),
        ("host", Path("/bin/sh").read_bytes(), "not a program for 64-bit RISC-V"),
        ("short", b"\x7fELF\x02\x01", "not a program"),
        ("part.o", b"\x7fELF\x02\x01" + bytes(12) + b"\xf3" + bytes(45), "an object file"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UsageError, match=said):
            run(tmp_path / name, target="rvv")


def test_a_sum_that_relies_on_the_tail_is_found_out(tmp_path: Path) -> None:
    """Lanes beyond the vector length are not kept by an operation that is agnostic of them."""
    (tmp_path / "tail.c").write_text(TAIL)
    assert run(tmp_path / "tail.c", target="rvv").json()["exit"] == 1
    assert run(tmp_path / "tail.c", target="rvv:flags=-DKEPT").json()["exit"] == 0


TAIL = """
#include <riscv_vector.h>
int main(void) {
    int x[37], most = (int)__riscv_vsetvlmax_e32m1();
    for (int i = 0; i < 37; ++i) x[i] = 1;
    vint32m1_t sum = __riscv_vmv_v_x_i32m1(0, most);
    for (size_t i = 0, vl; i < 37; i += vl) {
        vl = __riscv_vsetvl_e32m1(37 - i);
        vint32m1_t some = __riscv_vle32_v_i32m1(x + i, vl);
#ifdef KEPT
        sum = __riscv_vadd_tu(sum, sum, some, vl);
#else
        sum = __riscv_vadd(sum, some, vl);
#endif
    }
    return __riscv_vmv_x(__riscv_vredsum(sum, __riscv_vmv_v_x_i32m1(0, 1), most)) != 37;
}
"""
