"""Small tasks of these tests."""

from __future__ import annotations

from accelcore.ir.expr import Expr, array, cast, comp, get, reduce, size
from accelcore.values import Kernel, Param, Role, Summary, Task, sizes_of

M, N, K = size("m"), size("n"), size("k")


def _real(e: Expr) -> Expr:
    return cast(e, "real")


def scaled() -> Task:
    """y[i] = 2 x[i]."""
    x = array("x", "f32", 1)
    post = comp(N, lambda i: cast(_real(get(x, i)) + _real(get(x, i)), "f32"))
    params = (Param("x", "f32", (N,)), Param("y", "f32", (N,), Role.OUT))
    return Task("scaled", params, Summary((("y", post),), (), "real"), sizes=(sizes_of({"n": 40}),))


def matmul() -> Task:
    """c = a b."""
    a, b = array("a", "f32", 2), array("b", "f32", 2)

    def at(i: Expr, j: Expr) -> Expr:
        return cast(reduce("sum", K, lambda p: _real(get(a, i, p)) * _real(get(b, p, j))), "f32")

    params = (Param("a", "f32", (M, K)), Param("b", "f32", (K, N)), Param("c", "f32", (M, N), Role.OUT))
    post = comp(M, lambda i: comp(N, lambda j: at(i, j)))
    extents = sizes_of({"m": 42, "n": 128, "k": 16})
    return Task("matmul", params, Summary((("c", post),), (), "real"), sizes=(extents,))


def hand(body: str, above: str = "") -> Kernel:
    """A kernel of `scaled` by hand."""
    head = "#include <stdint.h>\n#include <stddef.h>\n#include <riscv_vector.h>\n"
    text = f"{head}{above}\nint ac_scaled(const float *x, float *y, int64_t n) {{\n{body}\n}}\n"
    return Kernel(text, "c", "ac_scaled")


RIGHT = """
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, y += vl) {
        vl = __riscv_vsetvl_e32m4((size_t)n);
        vfloat32m4_t v = __riscv_vle32_v_f32m4(x, vl);
        __riscv_vse32_v_f32m4(y, __riscv_vfadd_vv_f32m4(v, v, vl), vl);
    }
    return 0;
"""
