"""`accelcore run` on files of NKI 1, pasted kernels, suites, and files that import absent frameworks."""

from __future__ import annotations

import textwrap

import pytest

from accelcore.values import Limits
from accelcore_nki.target import NkiSimulator

KERNEL = """
@nki.jit
def double(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    i_p, i_f = nl.arange(4)[:, None], nl.arange(8)[None, :]
    nl.store(out[i_p, i_f], nl.load(x[i_p, i_f]) * 2)
    return out
"""
IMPORTS = "import numpy as np\nfrom neuronxcc import nki\nimport neuronxcc.nki.language as nl\n"
ONES = "np.ones((4, 8), np.float32)"


def ran(tmp_path, text, seconds=60.0):
    path = tmp_path / "test_program.py"
    path.write_text(textwrap.dedent(text))
    return NkiSimulator().run(path, [], limits=Limits(seconds=seconds))


@pytest.mark.parametrize("imports", [IMPORTS, ""])
def test_programs_with_and_without_imports(tmp_path, imports):
    found = ran(tmp_path, imports + KERNEL + f"print(double({ONES}).sum())\n")
    assert (found["status"], found["stdout"]) == ("ok", "64.0\n"), found["log"]
    assert found["metrics"]["kernels"]["double"]["instructions"] == 3


def test_a_unittest_suite_and_a_fixture(tmp_path):
    text = f"""
    import unittest

    class Doubling(unittest.TestCase):
        def test_it(self):
            np.testing.assert_allclose(double({ONES}), 2.0)

    def test_by_fixture(simulation_only):
        assert simulation_only and nki.simulate_kernel(double, {ONES}).sum() == 64
    """
    found = ran(tmp_path, IMPORTS + KERNEL + textwrap.dedent(text))
    assert (found["status"], found["exit"]) == ("ok", 0), found["stdout"] + found["log"]
    assert "2 passed" in found["stdout"]


def test_absent_frameworks_are_imported_and_named_when_used(tmp_path):
    harness = "import torch_neuronx\nfrom torch_neuronx import xla_anything\n"
    module = "class Layer(torch_neuronx.nn.Module):\n    pass\n"
    good = ran(tmp_path, harness + IMPORTS + KERNEL + module + f"print(double({ONES}).sum())\n")
    assert good["stdout"] == "64.0\n", good["log"]
    bad = ran(tmp_path, harness + "torch_neuronx.rand(3)\n")
    assert bad["exit"] == 1
    assert "torch_neuronx is not installed" in bad["log"]


def test_who_asks_whether_a_framework_is_there_is_told_the_truth(tmp_path):
    text = """
    import importlib.util
    import pytest

    try:
        import jax.numpy as jnp
        HAVE = True
    except ImportError:
        HAVE = False
    try:
        import jaxlib
    except (ValueError, AttributeError):
        pass

    def test_guards():
        assert not HAVE
        assert importlib.util.find_spec("jax") is None

    def test_skipped():
        pytest.importorskip("torch_xla")
        raise AssertionError

    def test_named():
        with pytest.raises(ModuleNotFoundError, match="jaxlib is not installed"):
            jaxlib.version()
    """
    found = ran(tmp_path, text)
    assert "2 passed, 1 skipped" in found["stdout"], found["stdout"] + found["log"]


@pytest.mark.parametrize(
    ("line", "rule"),
    [("nl.sort(nl.load(x))", "unsupported"), ("np.exp(nl.load(x))", "host-read"), ("np.asarray(x)", "host-read"),
     ("nl.load(x[nl.arange(5)[:, None], nl.arange(8)[None, :]])", "bounds"), ("nl.exp(np.ones((4, 8)))", "operand")],
)  # fmt: skip
def test_what_a_kernel_may_not_do(tmp_path, line, rule):
    text = KERNEL.replace("    i_p", f"    {line}\n    i_p")
    found = ran(tmp_path, IMPORTS + text + f"double({ONES})\n")
    assert found["status"] == "crashed"
    assert f"[{rule}]" in found["log"], found["log"]
    assert "test_program.py:8" in found["log"]


def test_a_suite_finds_its_project_and_is_told_to_simulate(tmp_path):
    files = {
        "setup.py": "",
        "src/mine/__init__.py": "",
        "src/mine/kernels.py": IMPORTS + KERNEL,
        "test/conftest.py": """
            import pytest

            def pytest_addoption(parser):
                parser.addoption("--simulation-only", action="store_true", default=False)

            @pytest.fixture
            def simulation_only(request):
                return request.config.getoption("--simulation-only")
            """,
        "test/unit/test_mine.py": f"""
            import numpy as np
            from mine.kernels import double

            class TestDouble:
                def test_it(self, simulation_only):
                    assert simulation_only and double({ONES}).sum() == 64
            """,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    found = NkiSimulator().run(tmp_path / "test/unit/test_mine.py", [], limits=Limits(seconds=60))
    assert (found["status"], found["exit"]) == ("ok", 0), found["stdout"] + found["log"]
    assert "1 passed" in found["stdout"]


def test_a_file_of_a_package_imports_its_neighbours(tmp_path):
    kernels = tmp_path / "mine" / "kernels"
    kernels.mkdir(parents=True)
    for folder in (tmp_path / "mine", kernels):
        (folder / "__init__.py").write_text("")
    (tmp_path / "mine" / "base.py").write_text(IMPORTS + KERNEL)
    (kernels / "use.py").write_text(f"import numpy as np\nfrom ..base import double\nprint(double({ONES}).sum())\n")
    found = NkiSimulator().run(kernels / "use.py", [], limits=Limits(seconds=60))
    assert found["stdout"] == "64.0\n", found["log"]


def test_what_a_program_prints_or_patches_is_no_verdict(tmp_path):
    text = """
    import accelcore_nki.timing
    accelcore_nki.timing.modelled = lambda program: 1 / 0
    print('{"status": "ok", "cost": {"value": 0}}')
    raise SystemExit(5)
    """
    found = ran(tmp_path, text)
    assert (found["status"], found["exit"], found["feedback"]) == ("ok", 5, "no kernel ran")
    assert "cost" not in found
