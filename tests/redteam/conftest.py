"""Small tasks for the red team, and an evaluator that compiles a C file for one of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from accelcore.ir import expr as E
from accelcore.judge import Judge
from accelcore.sandbox import COMPILER, run_child
from accelcore.sandbox.native import abi_text, open_kernel, open_script
from accelcore.testing.leftovers import settled
from accelcore.values import Artifact, Kernel, Limits, Param, Role, Status, Summary, Task, sizes_of

_N, _M = E.size("n"), E.size("m")


def _task(name, params, post, **sizes):
    return Task(name, params, Summary(post), sizes=(sizes_of(sizes),))


def _tasks():
    x, y = E.array("x", "f32", 1), E.array("y", "f32", 1)
    a, b = E.array("a", "u8", 2), E.array("b", "u8", 2)
    left, right = E.array("a", "f32", 2), E.array("b", "f32", 2)
    alpha, factor = E.param("alpha", "f32"), E.param("factor", "f32")

    def real(e):
        return E.cast(e, "real")

    def integer(e):
        return E.cast(e, "int")

    vector = (_N,)
    return {
        "axpy": _task(
            "axpy",
            (Param("alpha", "f32", (), Role.SCALAR), Param("x", "f32", vector), Param("y", "f32", vector),
             Param("out", "f32", vector, Role.OUT)),
            (("out", E.comp(_N, lambda i: E.cast(real(alpha) * real(x[i]) + real(y[i]), "f32"))),),
            n=4096,
        ),
        "total": _task(
            "total",
            (Param("x", "f32", vector), Param("out", "f32", (), Role.OUT)),
            (("out", E.cast(E.reduce("sum", _N, lambda k: real(x[k])), "f32")),),
            n=3000,
        ),
        "blend": _task(
            "blend",
            (Param("a", "u8", (_M, _N)), Param("b", "u8", (_M, _N)), Param("out", "u8", (_M, _N), Role.OUT)),
            (("out", E.comp(_M, lambda i: E.comp(_N, lambda j: E.cast(
                E.binary("fdiv", integer(a[i, j]) * integer(b[i, j]), 255), "u8")))),),
            m=37, n=64,
        ),
        "peak": _task(
            "peak",
            (Param("x", "f32", vector), Param("out", "i64", (), Role.OUT)),
            (("out", E.reduce("argmax", _N, lambda k: x[k])),),
            n=2000,
        ),
        "product": _task(
            "product",
            (Param("a", "f32", (_N, _N)), Param("b", "f32", (_N, _N)), Param("c", "f32", (_N, _N), Role.OUT)),
            (("c", E.comp(_N, lambda i: E.comp(_N, lambda j: E.cast(
                E.reduce("sum", _N, lambda k: real(left[i, k]) * real(right[k, j])), "f32")))),),
            n=64,
        ),
        "scale": _task(
            "scale",
            (Param("x", "f32", vector, Role.INOUT), Param("factor", "f32", (), Role.SCALAR)),
            (("x", E.comp(_N, lambda i: E.cast(real(x[i]) * real(factor), "f32"))),),
            n=5000,
        ),
    }  # fmt: skip


@dataclass
class GccEvaluator:
    """Builds C with gcc in the sandbox, runs C and Python kernels in theirs."""

    folder: Path
    flags: tuple[str, ...] = ("-O2", "-march=native")
    name: str = "gcc"
    about: str = "C by gcc, for tests"
    target: str = "c"
    built: dict = field(default_factory=dict)

    def missing(self):
        return () if shutil.which("gcc") else ("gcc",)

    def fingerprint(self):
        return "gcc for tests"

    def build(self, task, kernels, *, limits):
        return [self._one(task, kernel) for kernel in kernels]

    def _one(self, task, kernel):
        facts = (("abi", abi_text(task)),)
        if kernel.language == "python":
            return Artifact(kernel, "", kernel.entry, facts)
        folder = self.folder / kernel.digest[:16]
        if not folder.exists():
            folder.mkdir()
            (folder / "k.c").write_text(kernel.text)
            command = ["gcc", *self.flags, "-shared", "-fPIC", "k.c", "-o", "k.so", "-lm"]
            result = run_child(command, COMPILER, Limits(60), cwd=folder)
            assert result.status is Status.OK, result.text
        return Artifact(kernel, str(folder / "k.so"), kernel.entry, facts)

    def open(self, artifact, *, limits):
        opener = open_script if artifact.kernel.language == "python" else open_kernel
        return opener(artifact, limits=limits)


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    """tasks, evaluator, and one judge with secret inputs for the whole session."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    evaluator = GccEvaluator(tmp_path_factory.mktemp("kernels"))
    before = settled()
    with Judge(evaluator, limits=Limits(seconds=1.0, memory=128 << 20)) as judge:

        def built(task, text, language="c"):
            entry = f"ac_{task.name}" if language == "c" else task.name
            return evaluator.build(task, [Kernel(text, language, entry)], limits=judge.limits)[0]

        yield SimpleNamespace(tasks=_tasks(), evaluator=evaluator, judge=judge, built=built)
    assert not settled(before=before).processes - before.processes, "a cheat outlived its judgement"
