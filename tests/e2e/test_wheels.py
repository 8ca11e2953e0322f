"""What users install: wheels of each distribution, and one plugin alone from them, used by library calls."""

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


def installed_alone(package: str, wheels: Path, folder: Path) -> tuple[Path, dict[str, str]]:
    """The Python of a fresh environment with one package from the wheels, and a clean environment to run it in."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--find-links", str(wheels)]
    done = subprocess.run([*pip, package], capture_output=True, text=True, env=clean, check=False)
    assert done.returncode == 0, done.stderr
    return python, clean


def told(python: Path, program: str, *arguments: str, env: dict[str, str]) -> dict[str, object]:
    """The JSON of the last line that a program prints."""
    import json

    folder = python.parents[2]
    (folder / "use.py").write_text(program)
    done = subprocess.run(
        [str(python), "use.py", *arguments], capture_output=True, text=True, cwd=folder, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert str(folder) in said.pop("home")
    return said


def test_the_avx_plugin_installed_alone_compiles_an_example_by_library_calls(wheels: Path, tmp_path: Path) -> None:
    from accelcore.registry import registry

    target = "avx" if not registry().target("avx").missing() else "c"
    python, clean = installed_alone("accelcore-avx", wheels, tmp_path)
    example = str(ROOT / "examples" / "softmax.py")
    said = told(python, PROGRAM.format(target=target), example, "out", env=clean)
    assert said == {"verdict": "proved", "grade": "derived", "right": True}


NKI = """
import json, sys
from importlib.metadata import distributions
import accelcore

lifted = accelcore.lift(sys.argv[1])
made = accelcore.compile(sys.argv[1], "nki", out="out", sizes={"m": 128, "n": 64}, max_evaluations=2, cache=False)
ran = accelcore.run(sys.argv[2], target="nki")
checked = accelcore.check("out/kernel.py", "out/task.json", "nki")
print(json.dumps({
    "verdict": lifted.json()["functions"][0]["verdict"],
    "grade": made.json()["grade"],
    "again": checked.json()["status"],
    "program": [ran.json()["status"], ran.json()["stdout"].strip()],
    "distributions": sorted(d.name for d in distributions() if d.name.startswith("accelcore")),
    "home": accelcore.__file__,
}))
"""

COPY = """
import nki
import nki.isa as nisa
import nki.language as nl
import numpy as np


@nki.jit
def copied(x):
    tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=tile, src=x)
    nisa.dma_copy(dst=out, src=tile)
    return out


x = np.arange(12, dtype=np.float32).reshape(3, 4)
print((copied(x) == x).all())
"""


def test_the_nki_plugin_installed_alone_lifts_searches_and_runs_programs(wheels: Path, tmp_path: Path) -> None:
    python, clean = installed_alone("accelcore-nki", wheels, tmp_path)
    (tmp_path / "tile.py").write_text(COPY)
    said = told(python, NKI, str(ROOT / "examples" / "softmax.py"), str(tmp_path / "tile.py"), env=clean)
    assert said == {
        "verdict": "proved",
        "grade": "derived",
        "again": "ok",
        "program": ["ok", "True"],
        "distributions": ["accelcore", "accelcore-autocomp", "accelcore-llmlift", "accelcore-nki"],
    }
