"""Emitted code says what the summary says: NumPy and C are run, PyTorch and JAX compiled (and run where installed)."""

from __future__ import annotations

import ctypes
import importlib.util
import pathlib
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelcore.errors import UnsupportedLowering
from accelcore.ir import expr as E
from accelcore.ir.emit import c, jax, numpy, taco, torch
from accelcore.ir.evaluate import evaluate
from accelcore.values import Param, Role, Source, Summary, Task, abi_arguments

_spec = importlib.util.spec_from_file_location("ir_strategies", pathlib.Path(__file__).with_name("strategies.py"))
S = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(S)

M, N, P = E.size("m"), E.size("n"), E.size("p")
X, Y, V = E.array("x", "f32", 2), E.array("y", "f32", 2), E.array("v", "f32", 1)
KINDS = {
    "f32": np.float32,
    "f64": np.float64,
    "i64": np.int64,
    "u8": np.uint8,
    "i32": np.int32,
    "i8": np.int8,
    "bool": np.uint8,
}
XV = (Param("x", "f32", (M, N)), Param("v", "f32", (N,)))


def real(e):
    return E.cast(e, "real")


def task(e, params=S.PARAMS, name="f"):
    dtype = {"int": "i64", "real": "f64"}.get(e.dtype, e.dtype)
    shape, element = [], e
    while element.op == "comp":
        shape.append(element.args[0])
        element = element.args[1]
    return Task(name, (*params, Param("out", dtype, tuple(shape), Role.OUT)), Summary((("out", e),)))


def call_c(text, of, inputs, sizes, folder):
    """Compile and call; returns the result."""
    (folder / "k.c").write_text(text)
    library = folder / f"k{len(list(folder.iterdir()))}.so"
    flags = ["-O0", "-Wall", "-Wno-tautological-compare", "-Werror", "-shared", "-fPIC"]
    command = ["gcc", *flags, "-o", str(library), str(folder / "k.c"), "-lm"]
    subprocess.run(command, check=True)
    function = getattr(ctypes.CDLL(str(library)), f"ac_{of.name}")
    shape = [evaluate(x, {}, sizes) for x in of.param("out").shape] or [1]
    buffers = {"out": np.zeros(shape, KINDS[of.param("out").dtype])}
    arguments = []
    for a in abi_arguments(of):
        if a.kind == "pointer":
            if a.name not in buffers:
                buffers[a.name] = np.array(inputs[a.name], KINDS[a.dtype], order="C")
            arguments.append(buffers[a.name].ctypes.data_as(ctypes.c_void_p))
        elif a.name in sizes:
            arguments.append(ctypes.c_int64(sizes[a.name]))
        else:
            arguments.append({"f32": ctypes.c_float, "i32": ctypes.c_int32}[a.dtype](inputs[a.name]))
    assert function(*arguments) == 0
    return buffers["out"] if of.param("out").shape else buffers["out"][0]


def call_python(text, of, inputs, sizes):
    scope = {}
    exec(compile(text, "emitted", "exec"), scope)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # branches that are not selected may divide by zero
        return scope[of.name](
            *(sizes[p.name] if p.role is Role.SIZE else inputs[p.name] for p in of.params if p.role is not Role.OUT)
        )


def same(got, want):
    want = np.asarray(want, float)
    if np.abs(want, where=np.isfinite(want), out=np.zeros(want.shape)).max(initial=0.0) < 2.0**62:
        np.testing.assert_array_equal(np.asarray(got, float), want)


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@needs_gcc
@settings(max_examples=40)
@given(e=S.tensors(depth=4), data=st.data())
def test_c_of_random_expressions(tmp_path_factory, e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    of = task(e)
    same(call_c(c.emit(of), of, inputs, sizes, tmp_path_factory.mktemp("c")), evaluate(e, inputs, sizes))


@given(e=S.tensors(depth=4), data=st.data())
def test_numpy_of_random_expressions(e, data):
    sizes = data.draw(S.SIZES)
    inputs = data.draw(S.inputs(sizes))
    of = task(e)
    try:
        text = numpy.emit(of)
    except UnsupportedLowering as refusal:
        assert "whole-array" in refusal.what
        return
    same(call_python(text, of, inputs, sizes), evaluate(e, inputs, sizes))


@given(e=S.tensors(depth=4))
def test_torch_and_jax_text_compiles(e):
    for language in (torch, jax):
        try:
            compile(language.emit(task(e)), "emitted", "exec")
        except UnsupportedLowering as refusal:
            assert "whole-array" in refusal.what


def softmax():
    def shifted(i, k):
        return E.call("exp", real(X[i, k]) - E.reduce("max", N, lambda q: real(X[i, q])))

    def row(i):
        return E.comp(N, lambda j: E.cast(shifted(i, j) / E.reduce("sum", N, lambda k: shifted(i, k)), "f32"))

    return E.comp(M, row)


def test_softmax_in_numpy():
    assert numpy.emit(task(softmax(), XV[:1], "softmax")) == (
        "import numpy as np\n\n\n"
        "def softmax(x):\n"
        "    m = x.shape[0]\n"
        "    n = x.shape[1]\n"
        "    t = np.max(x.astype(np.float64), axis=1)\n"
        "    e = np.exp(x.astype(np.float64) - t[:, None])\n"
        "    t1 = np.sum(e, axis=1, dtype=np.float64)\n"
        "    out = (e / t1[:, None]).astype(np.float32)\n"
        "    return out\n"
    )


def test_reals_may_be_computed_in_the_dtype_that_is_stored():
    assert numpy.emit(task(softmax(), XV[:1], "softmax"), real="f32").splitlines()[5:] == [
        "    n = x.shape[1]",
        "    t = np.max(x, axis=1)",
        "    e = np.exp(x - t[:, None])",
        "    t1 = np.sum(e, axis=1, dtype=np.float32)",
        "    out = e / t1[:, None]",
        "    return out",
    ]


def matmul():
    return E.comp(
        M, lambda i: E.comp(N, lambda j: E.cast(E.reduce("sum", P, lambda k: real(X[i, k]) * real(Y[k, j])), "f32"))
    )


MATMUL = (Param("x", "f32", (M, P)), Param("y", "f32", (P, N)))


def test_a_matrix_product_is_written_as_one():
    assert "x.astype(np.float64) @ y.astype(np.float64)" in numpy.emit(task(matmul(), MATMUL))
    assert "x.to(torch.float64) @ y.to(torch.float64)" in torch.emit(task(matmul(), MATMUL))
    assert taco.emit(task(matmul(), MATMUL)) == "out(i,j) = x(i,k) * y(k,j)\n"


CASES = {
    "softmax": (softmax(), XV),
    "stencil": (E.comp(N - 2, lambda i: E.cast((real(V[i]) + real(V[i + 1]) + real(V[i + 2])) / 3.0, "f32")), XV),
    "triangular": (E.comp(N, lambda i: E.reduce("sum", i + 1, lambda k: real(V[k]))), XV),
    "recurrence": (E.comp(M, lambda i: E.fold(N, [0.0], lambda a, k: [a[0] * 0.5 + real(X[i, k])])), XV),
    "running": (E.comp(N, lambda i: E.scan("sum", N, lambda k: real(V[k]), 1.0)[i]), XV),
    "erf": (E.comp(N, lambda i: E.call("erf", real(V[i]))), XV),
    "argmax": (E.comp(M, lambda i: E.reduce("argmax", N, lambda k: real(X[i, k]))), XV),
    "reversed": (E.comp(N, lambda i: V[N - 1 - i]), XV),
    "strided": (E.comp(E.binary("fdiv", N, 2), lambda i: V[i * 2]), XV),
    "guarded": (E.comp(N, lambda i: E.select(E.index(0) < i, real(V[i - 1]), 0.0)), XV),
    "transposed": (E.comp(N, lambda j: E.comp(M, lambda i: X[i, j] + V[j])), XV),
    "constant": (E.comp(N, lambda i: E.const(1.0)), XV),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_in_every_language(name, tmp_path):
    e, params = CASES[name]
    of = task(e, params)
    rng = np.random.default_rng(0)
    inputs = {"x": rng.standard_normal((3, 6)).astype(np.float32), "v": rng.standard_normal(6).astype(np.float32)}
    sizes = {"m": 3, "n": 6}
    want = evaluate(e, inputs, sizes)
    np.testing.assert_allclose(call_python(numpy.emit(of), of, inputs, sizes), want, rtol=1e-12)
    for language, module in ((torch, "torch"), (jax, "jax")):
        text = language.emit(of)
        compile(text, "emitted", "exec")
        if importlib.util.find_spec(module) is not None:
            given_ = inputs
            if module == "torch":
                import torch as th

                given_ = {k: th.from_numpy(v) for k, v in inputs.items()}
            np.testing.assert_allclose(np.asarray(call_python(text, of, given_, sizes)), want, rtol=1e-6)
    if shutil.which("gcc"):
        np.testing.assert_allclose(call_c(c.emit(of), of, inputs, sizes, tmp_path), want, rtol=1e-12)


@needs_gcc
def test_c_reads_entry_values_of_what_it_writes(tmp_path):
    e = E.comp(N, lambda i: V[N - 1 - i])
    of = Task(
        "f", (Param("v", "f32", (N,), Role.INOUT), Param("out", "f32", (N,), Role.OUT)), Summary((("v", e), ("out", e)))
    )
    got = call_c(c.emit(of), of, {"v": [1, 2, 3]}, {"n": 3}, tmp_path)
    assert got.tolist() == [3, 2, 1]


@pytest.mark.parametrize(
    ("language", "e", "message"),
    [
        (numpy, E.comp(N, lambda i: E.call("f", real(V[i]))), "function f"),
        (c, E.comp(N, lambda i: E.call("f", real(V[i]))), "uninterpreted"),
        (c, E.comp(N, lambda i: E.cast(real(V[i]), "bf16")), "bf16"),
        (taco, softmax(), "no notation"),
        (taco, E.comp(N - 1, lambda i: V[i + 1]), "whole dimension"),
        (taco, E.comp(N, lambda i: E.cast(real(V[i]), "u8", "trunc")), "changes values"),
        (taco, E.reduce("sum", M, lambda i: real(V[0])), "whole dimension"),
        (taco, E.comp(N, lambda i: real(V[i]) / E.reduce("sum", N, lambda k: real(V[k]))), "denominator"),
    ],
)
def test_refusals_say_why(language, e, message):
    with pytest.raises(UnsupportedLowering, match=message):
        language.emit(task(e, XV))


@pytest.mark.parametrize("language", [numpy, torch, jax, c, taco])
def test_tasks_without_a_summary_are_refused(language):
    with pytest.raises(UnsupportedLowering, match="not lifted"):
        language.emit(Task("f", XV, Source("", "python", "f")))


@pytest.mark.parametrize(
    ("e", "line"),
    [
        (E.comp(M, lambda i: E.comp(N, lambda j: real(X[i, j]) * 2.0 - real(V[j]))), "out(i,j) = x(i,j) * 2.0 - v(j)"),
        (E.comp(M, lambda i: E.reduce("sum", N, lambda k: real(X[i, k]) * real(V[k]), 0.0)), "out(i) = x(i,j) * v(j)"),
        (E.reduce("sum", N, lambda k: real(V[k]) * (real(V[k]) + 1.0)), "out = v(i) * (v(i) + 1.0)"),
    ],
)
def test_index_notation(e, line):
    assert taco.emit(task(e, XV)) == f"{line}\n"
