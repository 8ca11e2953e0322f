"""What users install: wheels of each distribution, and accelcore-avx alone from them, used by library calls."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
import accelcore

lifted = accelcore.lift(sys.argv[1])
made = accelcore.compile(
    sys.argv[1], "{target}", out=sys.argv[2], sizes={{"m": 64, "n": 96}}, max_evaluations=3, cache=False
)
kernel = accelcore.load(sys.argv[2])
import numpy as np

x = np.random.default_rng(0).normal(size=(5, 7)).astype("f4")
want = np.exp(x - x.max(1, keepdims=True))
want /= want.sum(1, keepdims=True)
print(json.dumps({{
    "verdict": lifted.json()["functions"][0]["verdict"],
    "grade": made.json()["grade"],
    "right": bool(np.allclose(kernel(x), want, rtol=1e-5)),
    "home": accelcore.__file__,
}}))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All wheels, built from a copy so that no build folder appears in the checkout."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, str(ROOT / "tools" / "dist.py"), "--wheels", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


def test_every_distribution_has_a_wheel_with_types_and_license_facts(wheels: Path) -> None:
    names = {path.name.split("-")[0] for path in wheels.glob("*.whl")}
    assert {"accelcore", "accelcore_llmlift", "accelcore_autocomp", "accelcore_avx"} <= names
    for path in wheels.glob("*.whl"):
        inside = zipfile.ZipFile(path).namelist()
        assert any(name.endswith("py.typed") for name in inside), path.name
        assert not any("/tests/" in name or name.startswith("tests/") for name in inside), path.name


def test_the_avx_plugin_installed_alone_compiles_an_example_by_library_calls(wheels: Path, tmp_path: Path) -> None:
    from accelcore.registry import registry

    target = "avx" if not registry().target("avx").missing() else "c"
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--find-links", str(wheels)]
    done = subprocess.run([*pip, "accelcore-avx"], capture_output=True, text=True, env=clean, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "use.py").write_text(PROGRAM.format(target=target))
    command = [str(python), "use.py", str(ROOT / "examples" / "softmax.py"), "out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=clean, check=False)
    assert done.returncode == 0, done.stderr
    import json

    said = json.loads(done.stdout.splitlines()[-1])
    assert str(tmp_path) in said.pop("home")
    assert said == {"verdict": "proved", "grade": "derived", "right": True}
