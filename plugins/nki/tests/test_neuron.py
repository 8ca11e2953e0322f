"""The evaluator for a device, against a fake package that follows the documented entry points."""

from __future__ import annotations

import sys
import textwrap

import numpy as np
import pytest

import accelcore_nki
from accelcore.errors import RunFailure, UsageError
from accelcore.testing import small_tasks
from accelcore.values import Evaluation, Kernel, Limits
from accelcore_nki.neuron import Neuron, state_of_package

FAKE = """
    import functools

    class _Latency:
        def get_latency_percentile(self, percentile):
            assert percentile in (0, 1, 10, 25, 50, 90, 99, 100)
            return 12.5

    class _Result:
        nc_latency = _Latency()

    class _Timed:
        benchmark_result = None

        def __init__(self, kernel):
            self.kernel = kernel

        def __call__(self, *arrays):
            self.kernel(*arrays)
            self.benchmark_result = _Result()

    def baremetal(kernel=None, **options):
        return kernel if kernel is not None else baremetal

    def benchmark(kernel=None, *, warmup=10, iters=100):
        return functools.partial(benchmark, warmup=warmup, iters=iters) if kernel is None else _Timed(kernel)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Puts a fake `nki` first on the path, of this process and of children."""

    def put(text=FAKE, *, language=True):
        folder = tmp_path / "nki"
        folder.mkdir()
        (folder / "__init__.py").write_text(textwrap.dedent(text))
        if language:
            (folder / "language.py").write_text("")
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


def called(text, seconds=30.0):
    """(results, cost) of a kernel for the small row sum: rows [m, n] in, sums [m] out."""
    task = next(t.task for t in small_tasks() if t.task.name == "row_sum")
    (artifact,) = Neuron(trusted=True).build(task, [Kernel(textwrap.dedent(text), "python", "f")], limits=Limits())
    sizes = dict(task.sizes[0])
    rows = np.random.default_rng(0).standard_normal((sizes["m"], sizes["n"])).astype(np.float32)
    names = {p.role.value: p.name for p in task.params}
    buffers = {names["in"]: rows, names["out"]: np.zeros(sizes["m"], np.float32)}
    with Neuron(trusted=True).open(artifact, limits=Limits(seconds=seconds)) as runner:
        (cost,) = runner.call([buffers], sizes)
    return rows, buffers[names["out"]], cost


def test_values_and_latency_come_back(package):
    package()
    rows, sums, cost = called("def f(x, *sizes):\n    return x.sum(1)\n")
    np.testing.assert_allclose(sums, rows.sum(1), rtol=1e-6)
    assert (cost.value, cost.unit) == (pytest.approx(12.5e-6), "s")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("def f(x, *sizes):\n    raise ValueError('no such engine')\n", "crashed", "no such engine"),
        ("def f(x, *sizes):\n    return x\n", "wrong", "returns"),
        ("def f(x, *sizes):\n    import os\n    os._exit(0)\n", "crashed", "no answer"),
        ("def f(x, *sizes):\n    while True:\n        pass\n", "timeout", "no answer in"),
    ],
)
def test_failures_are_statuses(package, text, status, said):
    package()
    with pytest.raises(RunFailure, match=said) as caught:
        called(text, seconds=4.0)
    assert caught.value.status == status


def test_without_the_package_the_process_says_so():
    with pytest.raises(RunFailure, match="nki") as caught:
        called("def f(x, *sizes):\n    return x.sum(1)\n")
    assert caught.value.status == "crashed"


def test_what_is_missing_is_named(package):
    assert "not installed" in state_of_package()
    assert any("no device" in line for line in Neuron().missing())
    package("", language=False)
    assert "placeholder" in state_of_package()
    assert any("placeholder" in line for line in Neuron().missing())


def test_the_real_package_is_no_placeholder(package):
    package()
    assert state_of_package() == ""


def test_kernels_run_outside_the_sandbox_only_when_told_to():
    task = next(iter(small_tasks())).task
    kernels = [Kernel(text, "python", "f") for text in ("def f(:", "def f(): 0")]
    built = Neuron().build(task, kernels, limits=Limits())
    assert isinstance(built[0], Evaluation)
    with pytest.raises(UsageError, match="without the sandbox"):
        Neuron().open(built[1], limits=Limits())


def test_it_is_listed_and_labelled():
    (found,) = (e for e in accelcore_nki.accelcore_evaluators() if e.name == "neuron")
    assert "never run on hardware" in found.about
    assert "neuron nki" in found.fingerprint()
