"""The export of a C kernel works alone: harness, wrapper, header; a wrong kernel fails its harness."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accelcore.export import load
from accelcore.export.content import kernel_files
from accelcore.export.expressions import numpy_condition
from accelcore.export.folder import write_folder
from accelcore.export.interface import Interface, header
from accelcore.ir.expr import array, binary, const, reduce, size
from accelcore.testing.tasks import blend, conv1d, dot, elementwise, row_sum
from accelcore.values import Kernel, Task

np = pytest.importorskip("numpy")
needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")

SAXPY = """
#include <stdint.h>
int ac_elementwise(float a, const float *x, float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = a * x[i] + x[i] * x[i];
    return 0;
}
"""
ROWS = """
#include <stdint.h>
int64_t ac_row_sum_workspace(int64_t m, int64_t n) { return 8 * m; }
int ac_row_sum(const float *x, float *y, int64_t m, int64_t n, void *workspace) {
    double *sums = workspace;
    for (int64_t i = 0; i < m; i++) {
        sums[i] = 0;
        for (int64_t j = 0; j < n; j++) sums[i] += x[i * n + j];
        y[i] = (float)sums[i];
    }
    return 0;
}
"""
DOT = """
#include <stdint.h>
int ac_dot(const float *x, const float *y, float *r, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += (double)x[i] * y[i];
    *r = (float)s;
    return 0;
}
"""
BLEND = """
#include <stdint.h>
int ac_blend(const uint8_t *a, const uint8_t *b, uint8_t w, uint8_t *r, int64_t n) {
    for (int64_t i = 0; i < n; i++) r[i] = (uint8_t)((a[i] * w + b[i] * (255 - w)) / 255);
    return 0;
}
"""
CONV = """
#include <stdint.h>
int ac_conv1d(const float *x, const float *f, float *y, int64_t n, int64_t w) {
    if (n < 1 || w < 1) return 1;
    for (int64_t i = 0; i < n; i++) {
        double s = 0;
        for (int64_t k = 0; k < w; k++) s += (double)x[i + k] * f[k];
        y[i] = (float)s;
    }
    return 0;
}
"""
KERNELS = {"elementwise": SAXPY, "row_sum": ROWS, "dot": DOT, "blend": BLEND, "conv1d": CONV}
TASKS = {t.name: t for t in (elementwise(), row_sum(), dot(), blend(), conv1d())}


def exported(name: str, out: Path, text: str | None = None) -> Path:
    kernel = Kernel(text or KERNELS[name], "c", f"ac_{name}")
    return write_folder(out, {**kernel_files(TASKS[name].task, kernel), "task.json": "{}"})


@needs_cc
@pytest.mark.parametrize("name", sorted(KERNELS))
def test_make_check_passes_alone(name: str, tmp_path: Path) -> None:
    out = exported(name, tmp_path / "out")
    done = subprocess.run(["make", "check"], cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong" in done.stdout
    assert int(done.stdout.split(" results compared")[0].split()[-1]) > 10


@needs_cc
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("elementwise", "x[i] * x[i]", "x[i] * x[0]"),
        ("row_sum", "j < n", "j < n - (n > 16)"),
        ("dot", "*r =", "*r = 1 +"),
        ("blend", "255 - w", "256 - w"),
        ("conv1d", "return 0", "y[n - 1] = 0; return 0"),
        ("elementwise", "return 0", "return 1"),
    ],
)
def test_make_check_fails_for_a_wrong_kernel(name: str, old: str, new: str, tmp_path: Path) -> None:
    out = exported(name, tmp_path / "out", KERNELS[name].replace(old, new))
    done = subprocess.run(["make", "check"], cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert " 0 wrong" not in done.stdout


@needs_cc
def test_load_computes(tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.float32)
    np.testing.assert_allclose(load(exported("elementwise", tmp_path / "e"))(2.0, x), 2 * x + x * x)
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_allclose(load(exported("row_sum", tmp_path / "r"))(rows), rows.sum(axis=1))
    assert load(exported("dot", tmp_path / "d"))(x, x) == (x * x).sum()
    out = np.empty(8, np.float32)
    result = load(exported("conv1d", tmp_path / "c"))(x, np.ones(5, np.float32), y=out)
    assert result is out
    np.testing.assert_allclose(out, np.correlate(x, np.ones(5), "valid"))


@needs_cc
def test_wrong_calls_say_what_must_be(tmp_path: Path) -> None:
    kernel = load(exported("row_sum", tmp_path / "r"))
    x = np.ones((3, 4), np.float32)
    cases = [
        ((x.astype(np.float64),), TypeError, r"float32, not float64"),
        ((x.T,), ValueError, "contiguous"),
        ((x[0],), ValueError, r"shape \(m, n\)"),
        (([1.0],), TypeError, "numpy array"),
        ((), TypeError, "needs x"),
        ((x, x), TypeError, "takes 1 arguments"),
        ((np.ones((0, 4), np.float32),), ValueError, r"requires 1 <= m"),
    ]
    for arguments, kind, words in cases:
        with pytest.raises(kind, match=words):
            kernel(*arguments)
    with pytest.raises(TypeError, match="no argument 'z'"):
        kernel(x, z=1)
    with pytest.raises(ValueError, match="size m is 3 by axis 0 of x, but 4 by axis 0 of y"):
        kernel(x, y=np.empty(4, np.float32))
    other = load(exported("dot", tmp_path / "d"))
    with pytest.raises(ValueError, match="size n is 3 by axis 0 of x, but 4 by axis 0 of y"):
        other(np.ones(3, np.float32), np.ones(4, np.float32))


@needs_cc
def test_the_wrapper_works_without_accelcore(tmp_path: Path) -> None:
    out = exported("dot", tmp_path / "out")
    script = (
        "import sys, numpy as np; sys.path.insert(0, sys.argv[1]); import wrapper\n"
        "x = np.ones(10, np.float32); print(float(wrapper.load()(x, x)), 'accelcore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script, str(out)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["10.0", "False"], done.stderr


@needs_cc
def test_a_broken_kernel_says_what_the_compiler_said(tmp_path: Path) -> None:
    out = exported("dot", tmp_path / "out", "int ac_dot( {")
    with pytest.raises(RuntimeError, match="error"):
        load(out)


def test_the_header_names_everything() -> None:
    text = header(Interface(row_sum().task, Kernel(ROWS, "c", "ac_row_sum")))
    assert "int ac_row_sum(const float *x, float *y, int64_t m, int64_t n, void *workspace);" in text
    assert "int64_t ac_row_sum_workspace(int64_t m, int64_t n);" in text
    assert "1 <= n" in text


def test_conditions_on_elements_are_checked_by_numpy() -> None:
    b, n = array("b", "i32", 1), size("n")
    nonzero = reduce("all", n, lambda i: binary("ne", b[i], const(0, "i32")))
    text = numpy_condition(nonzero)
    assert text is not None

    def reduced(operation, extent, depth, body):
        variable = np.arange(extent).reshape((-1,) + (1,) * depth)
        return operation(np.broadcast_to(body(variable), (extent,) + (1,) * depth), axis=0)

    for values, holds in (([1, 2, 3], True), ([1, 0, 3], False)):
        scope = {"np": np, "reduced": reduced, "b": np.array(values, np.int32), "n": 3}
        assert bool(eval(text, scope)) is holds


def nonzero_blend() -> Task:
    """The blend of two images, for callers who promise that no element of `a` is 0."""
    task = TASKS["blend"].task
    a, n = array("a", "u8", 1), size("n")
    return replace(task, requires=(reduce("all", n, lambda i: binary("ne", a[i], const(0, "u8"))),))


@needs_cc
def test_what_elements_must_be_is_tested_in_c(tmp_path: Path) -> None:
    files = kernel_files(nonzero_blend(), Kernel(BLEND, "c", "ac_blend"))
    kernel = load(write_folder(tmp_path / "out", {**files, "task.json": "{}"}))
    a, b = np.array([255, 7], np.uint8), np.array([1, 2], np.uint8)
    assert kernel(a, b, 255).tolist() == [255, 7]
    with pytest.raises(ValueError, match=r"blend requires .*a\[.*0"):
        kernel(np.array([255, 0], np.uint8), b, 255)


@needs_cc
@pytest.mark.parametrize(("value", "status"), [(1, 0), (0, 2)])
def test_the_checked_entry_answers_c_callers(value: int, status: int, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "out", kernel_files(nonzero_blend(), Kernel(BLEND, "c", "ac_blend")))
    (folder / "main.c").write_text(
        f'#include "kernel.h"\nint main(void) {{ uint8_t a = {value}, b = 9, r; '
        "return ac_blend_checked(&a, &b, 10, &r, 1); }\n"
    )
    subprocess.run(["cc", "main.c", "kernel.c", "checked.c", "-o", "main"], cwd=folder, check=True)
    assert subprocess.run([str(folder / "main")], check=False).returncode == status


@needs_cc
def test_without_a_checked_entry_the_wrapper_tests(tmp_path: Path) -> None:
    own = BLEND.replace("ac_blend", "my_blend")
    files = kernel_files(nonzero_blend(), Kernel(own, "c", "my_blend"))
    assert "checked.c" not in files
    kernel = load(write_folder(tmp_path / "out", {**files, "task.json": "{}"}))
    with pytest.raises(ValueError, match="blend requires"):
        kernel(np.zeros(2, np.uint8), np.ones(2, np.uint8), 255)


def test_a_kernel_in_another_language_is_exported_with_its_text() -> None:
    found = kernel_files(dot().task, Kernel("mvin x", "asm", "ac_dot"))
    assert found["kernel.txt"] == "mvin x"
    assert "wrapper.py" not in found


def test_a_python_kernel_checks_itself(tmp_path: Path) -> None:
    text = "def dot(x, y, n=None):\n    return (x.astype('f8') * y).sum().astype('f4')\n"
    for body, code in ((text, 0), (text.replace("* y", "+ y"), 1)):
        out = write_folder(
            tmp_path / "out", {**kernel_files(dot().task, Kernel(body, "python", "dot")), "task.json": ""}
        )
        done = subprocess.run([sys.executable, "wrapper.py"], cwd=out, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    from accelcore.errors import UsageError

    with pytest.raises(UsageError, match="no export folder"):
        load(tmp_path)
