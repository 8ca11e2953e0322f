"""Prototypes of C kernels, and which of a task's arguments goes where."""

from __future__ import annotations

import pytest

from accelcore.cgen.prototypes import Parameter, Prototype, bound, fits, prototype
from accelcore.errors import UsageError
from accelcore.ir.expr import array, cast, comp, get, param, reduce, size
from accelcore.values import Kernel, Param, Role, Summary, Task

M, N = size("m"), size("n")


def scaled() -> Task:
    """out[i, j] = a * x[i, j] * w[j]."""
    x, w, a = array("x", "f32", 2), array("w", "f32", 1), param("a", "f32")
    post = comp(M, lambda i: comp(N, lambda j: a * get(x, i, j) * get(w, j)))
    params = (
        Param("x", "f32", (M, N)), Param("w", "f32", (N,)), Param("a", "f32", (), Role.SCALAR),
        Param("out", "f32", (M, N), Role.OUT),
    )  # fmt: skip
    return Task("scaled", params, Summary((("out", post),), (), "real"))


def total() -> Task:
    """s = the sum of x, which are i32."""
    post = reduce("sum", N, lambda k: cast(get(array("x", "i32", 1), k), "int"))
    params = (Param("x", "i32", (N,)), Param("s", "i64", (), Role.OUT))
    return Task("total", params, Summary((("s", cast(post, "i64", "nearest", "wrap")),), (), "int"))


def binding(task: Task, head: str, given: dict[str, str] | None = None) -> dict[str, str]:
    """The binding of a function with this head, as a dictionary."""
    return dict(bound(task, Kernel(f"{head} {{ }}", "c", "f"), given or {}).binding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float x", Parameter("x", "float")),
        ("const float *restrict x", Parameter("x", "float *", constant=True)),
        ("float const * const x", Parameter("x", "float *", constant=True)),
        ("const int8_t x[static 8]", Parameter("x", "int8_t *", constant=True)),
        ("float *const x", Parameter("x", "float *")),
        ("unsigned char **x", Parameter("x", "uint8_t **")),
        ("unsigned n", Parameter("n", "uint32_t")),
        ("long long n", Parameter("n", "int64_t")),
    ],
)
def test_parameters_are_read(text: str, expected: Parameter) -> None:
    head = prototype(f"void f({text}) {{ }}", "f")
    assert head == Prototype("f", "void", (expected,))


@pytest.mark.parametrize(
    "text", ["void f(float x);", "", "void f(int (*g)(int)) { }", "void f(float) { }", "// void f(float x) { }"]
)
def test_what_is_no_readable_definition(text: str) -> None:
    assert prototype(text, "f") is None


def test_comments_macros_and_other_functions_do_not_disturb() -> None:
    text = (
        "#define f(x) {\n// void f(int a) {\nint g(void) { return 1; }\nstatic inline float\nf(/* the */ float x)\n{ }"
    )
    assert prototype(text, "f") == Prototype("f", "float", (Parameter("x", "float"),), static=True)
    assert prototype(text, "g") == Prototype("g", "int32_t", ())


@pytest.mark.parametrize(
    "before",
    ['extern "C" ', '__attribute__((target("avx2"), aligned(64))) ', "struct s { int a; };\n#pragma once\nstatic\n"],
)
def test_what_stands_before_a_head_does_not_disturb(before: str) -> None:
    head = prototype(f"{before}float\nf(float x)\n{{ }}", "f")
    assert head is not None and (head.returns, head.static) == ("float", "static" in before)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("void f(float *dst, const float *src, const float *gain, float by, size_t rows, size_t cols)",
         {"dst": "out", "src": "x", "gain": "w", "by": "a", "rows": "m", "cols": "n"}),
        ("void f(int N, int M, const float *W, const float *X, float *out, float alpha)",
         {"N": "n", "M": "m", "W": "w", "X": "x", "out": "out", "alpha": "a"}),
        ("int f(float *x, float *w, float a, float *out, int64_t m, int64_t n)", {}),
        ("void f(float *x, float *w, float a, float *out, int64_t m, int64_t n)",
         {"x": "x", "w": "w", "a": "a", "out": "out", "m": "m", "n": "n"}),
    ],
)  # fmt: skip
def test_arguments_go_by_name_then_by_kind(head: str, expected: dict[str, str]) -> None:
    assert binding(scaled(), head) == expected


def test_a_returned_result_and_what_is_said() -> None:
    assert binding(total(), "long f(int count, const int *v)") == {"count": "n", "v": "x", "s": "return"}
    head = "void f(const float *a, const float *b, float k, float *c, int r, int q)"
    given = binding(scaled(), head, {"r": "n", "a": "w", "q": "m + 0"})
    assert given == {"a": "w", "b": "x", "k": "a", "c": "out", "r": "n", "q": "m + 0"}


@pytest.mark.parametrize(
    ("task", "head", "given", "message"),
    [
        (scaled(), "void f(const double *x, float *out)", {}, "'x' of f"),
        (scaled(), "void f(const float *x, float *out)", {"y": "x"}, "no parameter 'y'; it has: x, out"),
        (scaled(), "void f(const float *x, int m)", {}, "no parameter for the result 'out'"),
        (total(), "int f(const int *x, int n)", {}, "no parameter for the result 's'"),
    ],
)
def test_what_nothing_fits_is_refused(task: Task, head: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        binding(task, head, given)
    assert not fits(task, f"{head} {{ }}", "f") or given


def test_kernels_with_the_tasks_interface_stay_as_they_are() -> None:
    own = Kernel("int ac_total(const int *v, long *sum, long n) { }", "c", "ac_total")
    assert bound(total(), own, {}) is own
    unreadable = Kernel("no C", "c", "f")
    assert bound(total(), unreadable, {}) is unreadable
    assert bound(total(), unreadable, {"v": "x"}).binding == (("v", "x"),)
