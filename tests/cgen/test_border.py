"""The checked entry: preconditions over sizes and elements, the workspace inside."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from accelcore.cgen import toolchain
from accelcore.cgen.border import checked_source
from accelcore.ir.expr import array, binary, cast, comp, const, get, index, reduce, size
from accelcore.values import Limits, Param, Role, Summary, Task

N = size("n")
B = array("b", "i32", 1)


def task() -> Task:
    """y[i] = 100 / b[i], where n >= 1 and no b[i] is 0."""
    quotient = comp(N, lambda i: cast(const(100) // cast(get(B, i), "int"), "i32", "trunc", "exact"))
    requires = (
        binary("le", index(1), N),
        reduce("all", N, lambda i: binary("ne", get(B, i), const(0, "i32"))),
    )
    params = (Param("b", "i32", (N,)), Param("y", "i32", (N,), Role.OUT))
    return Task("hundred", params, Summary((("y", quotient),)), requires)


KERNEL = """
int64_t ac_hundred_workspace(int64_t n) { return 8 * n; }
int ac_hundred(const int32_t *b, int32_t *y, int64_t n, void *w) {
    int64_t *scratch = w;
    for (int64_t i = 0; i < n; ++i) scratch[i] = 100 / b[i];
    for (int64_t i = 0; i < n; ++i) y[i] = (int32_t)scratch[i];
    return 0;
}
"""


def call(path: Path, b: list[int]) -> tuple[int, list[int]]:
    """Return value and result of the checked entry."""
    values, y = np.array(b, np.int32), np.full(len(b), -1, np.int32)
    entry = ctypes.CDLL(str(path)).ac_hundred_checked
    pointers = (ctypes.c_void_p(values.ctypes.data), ctypes.c_void_p(y.ctypes.data))
    return int(entry(*pointers, ctypes.c_int64(len(b)))), y.tolist()


def test_preconditions_are_tested_before_the_kernel_runs() -> None:
    text = checked_source(task(), workspace=True) + KERNEL
    built = toolchain.compile_shared(toolchain.compiler(), text, ("-O1",), Limits(seconds=60))
    assert built.path is not None, built.log
    assert call(built.path, [7, -3, 100]) == (0, [14, -34 + 1, 1])  # the kernel itself truncates
    assert call(built.path, [7, 0, 100]) == (2, [-1, -1, -1])
    assert call(built.path, []) == (2, [])


def test_without_preconditions_the_kernel_is_called_directly() -> None:
    free = Task("hundred", task().params, task().reference)
    text = checked_source(free, workspace=False)
    assert "requires" not in text and "return ac_hundred(b, y, n);" in text
