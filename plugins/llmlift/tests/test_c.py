"""The C and C++ front end: summaries of ordinary kernels, and agreement with what a C++ compiler makes of them."""

from __future__ import annotations

import ctypes
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from accelcore.errors import UnsupportedSource, UsageError
from accelcore.values import Proof, Source
from accelcore_llmlift.evaluation import Evaluation
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.interpret import interpret
from accelcore_llmlift.lifter import lift_program
from accelcore_llmlift.translator import CTranslator
from accelcore_llmlift.verify import Z3Verifier

FILE = Path(__file__).parent / "cases_c" / "kernels.cpp"

SUMMARIES = {
    "saxpy": "y = [i < n: f32(real(a) * real(x[i]) + real(y[i]))]",
    "gemm": "c = [i < m * n: f32(sum(j < k: real(a[k * (i // n) + j]) * real(b[n * j + i % n])))]",
    "softmax": "out = let t0 = max(i < n: real(x[i])) in "
    "[j < n: f32(exp(real(x[j]) - t0) / sum(k < n: exp(real(x[k]) - t0)))]",
    "fir": "out = [i < n - 3: f32(sum(j < 4: real(x[i + j]) * real(c[j])))]",
    "mean_square": "out = [i < 1: f32(sum(j < n: let t0 = real(x[j]) in t0 * t0) / real(n))]",
    "burn": "out = [i < m: [j < n: let t0 = int(active[i, j]) in "
    "i32(select(t0 == 0, 32, 32 - tdiv(32 - int(base[i, j]), t0)), trunc, exact)]]",
    "largest": "best = i32(max(i < 8: int(a[i])), trunc, exact)",
}
SIGNATURES = {  # arguments after n: (name, ctype, how many of them, written)
    "saxpy": [("a", ctypes.c_float, 0), ("x", ctypes.c_float, 1), ("y", ctypes.c_float, 1)],
    "walk": [("a", ctypes.c_float, 1), ("b", ctypes.c_float, 1), ("out", ctypes.c_float, 1)],
    "softmax": [("x", ctypes.c_float, 1), ("out", ctypes.c_float, 1)],
    "divide": [("a", ctypes.c_int, 1), ("b", ctypes.c_int, 1), ("out", ctypes.c_int, 1)],
    "narrow": [("a", ctypes.c_ubyte, 1), ("b", ctypes.c_ubyte, 1), ("out", ctypes.c_ubyte, 1)],
    "convert": [("x", ctypes.c_float, 1), ("out", ctypes.c_int, 1)],
    "mean_square": [("x", ctypes.c_float, 1), ("out", ctypes.c_float, 1)],
}


def source(entry: str) -> Source:
    return Source(FILE.read_text(), "c++", entry, FILE.name)


@pytest.mark.parametrize("entry", SUMMARIES)
def test_a_kernel_lifts_to_its_meaning_and_is_proved(entry: str) -> None:
    summary = lift_program(program_of(source(entry))).summary
    assert [f"{name} = {value!r}" for name, value in summary.post] == [SUMMARIES[entry]]
    verdict = Z3Verifier().check(CTranslator().task(source(entry), {}), summary, timeout=30.0)
    assert verdict.proof is Proof.PROVED, verdict.reason


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    library = tmp_path_factory.mktemp("c") / "kernels.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(FILE)], check=True)
    return ctypes.CDLL(str(library))


@pytest.mark.parametrize("entry", SIGNATURES)
def test_the_interpreter_and_the_summary_compute_what_the_compiler_does(entry: str, compiled: ctypes.CDLL) -> None:
    program = program_of(source(entry))
    post = dict(lift_program(program).summary.post)
    rng = random.Random(entry)
    for n in (1, 2, 5, 9):
        given = {"n": n}
        buffers = []
        for name, kind, rank in SIGNATURES[entry]:
            low, high = (0, 255) if kind is ctypes.c_ubyte else (-9, 9)
            numbers = [rng.randint(low, high) if kind is not ctypes.c_float else rng.uniform(-3, 3) for _ in range(n)]
            array = (kind * n)(*numbers)
            buffers.append(array if rank else kind(array[0]))
            given[name] = list(array) if rank else array[0]
        given |= dict.fromkeys({x for p in program.params for e in p.shape for x in e.sizes} - set(given), n)
        sizes = {k: v for k, v in given.items() if isinstance(v, int)}
        before = dict(given)
        getattr(compiled, entry)(n, *buffers)
        result = SIGNATURES[entry][-1][0]
        want = list(buffers[-1])
        for got in (interpret(program, before, sizes=sizes)[result], Evaluation(before, sizes).value(post[result])):
            assert got == pytest.approx(want[: len(got)], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("void f(float *x) {\n  goto end;\nend: x[0] = 1;\n}", "2:3", "goto"),
        ("void f(float *x) {\n  x[0] = 1\n}", "3", "syntax error: missing ';'"),
        ("void f(struct s *x) {\n  x->a = 1;\n}", "1", "parameter"),
        ("int f(int *a, int *b, int c) {\n  int *p = a;\n  if (c) p = b;\n  return *p;\n}", "3:10", "points into one"),
        ("int f(int *a, int c) {\n  int s = c ? *a++ : 0;\n  return s;\n}", "2:15", "not always made"),
        ("int f(int *a, int n) {\n  int s = a[n++] + n;\n  return s;\n}", "2:13", "another use"),
        ("int f(int n) {\n  int s = 0;\n  { int s = n; }\n  return s;\n}", "3:9", "hides another"),
        ("int f(int *a, unsigned n) {\n  for (unsigned i = n; i >= 0; i--) a[i] = 0;\n}", "2:24", "always true"),
        ("int f(int n) {\n  return mystery(n);\n}", "2:10", "mystery"),
    ],
)
def test_what_is_outside_is_refused_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(UnsupportedSource, match=what) as caught:
        program_of(Source(text, "c", "f", "f.c"))
    assert caught.value.where.startswith(f"f.c:{place}") and caught.value.hint


def test_a_missing_function_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        program_of(source("saxpi"))
    assert caught.value.hint == "did you mean 'saxpy'?"


def test_the_translator_accepts_both_languages() -> None:
    translator = CTranslator()
    assert translator.accepts(source("saxpy")) and translator.accepts(Source("", "c", ""))
    assert not translator.accepts(Source("", "python", ""))
    assert not translator.missing()
