"""A release: one version everywhere, ranges that fit it, fragments that become a section of the CHANGELOG."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import accelcore

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
README = ROOT / "changes.d" / "README.md"
TARGETS = ("avx", "gemmini", "nki", "rvv")


def project(folder: str) -> dict[str, object]:
    return dict(tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"])


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("version", ROOT / "tools" / "version.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_distributions_have_one_version() -> None:
    assert {project(member)["version"] for member in MEMBERS} == {accelcore.__version__}


@pytest.mark.parametrize("folder", [*MEMBERS[1:], "plugins/_template", "examples/accelcore-abacus"])
def test_every_plugin_takes_this_version_and_not_the_next_minor_one(folder: str, tool: ModuleType) -> None:
    own = [r for r in map(Requirement, project(folder)["dependencies"]) if r.name.startswith("accelcore")]
    assert own
    for requirement in own:
        assert str(requirement.specifier) == str(Requirement(f"x{tool.range_of(accelcore.__version__)}").specifier)
        assert requirement.specifier.contains(accelcore.__version__)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_installed_alone_lifts_and_searches(name: str) -> None:
    needed = {Requirement(r).name for r in project(f"plugins/{name}")["dependencies"]}
    assert {"accelcore", "accelcore-llmlift", "accelcore-autocomp"} <= needed


def test_a_new_version_reaches_every_file(tool: ModuleType) -> None:
    for path in tool.files():
        text = tool.renewed(path, "0.7.3")
        own = re.findall(r'^(?:version|__version__) = "([^"]*)"', text, re.MULTILINE)
        assert own == ["0.1.0" if {"_template", "examples"} & set(path.parts) else "0.7.3"], path
        for found in re.findall(r'"accelcore[a-z-]*(>=[^"]*)"', text):
            assert found == ">=0.7,<0.8"
    assert tool.range_of("2.1.0") == ">=2.1,<3"
    assert tool.current() == accelcore.__version__


def test_what_is_no_version_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["next"]) == 2
    assert "is no version" in capsys.readouterr().err
    assert tool.main([]) == 0
    assert capsys.readouterr().out.strip() == accelcore.__version__


def test_fragments_become_a_section(tmp_path: Path) -> None:
    pytest.importorskip("towncrier", reason="no towncrier: pip install towncrier")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "changes.d").mkdir()
    (tmp_path / "changes.d" / "+wheels.added.md").write_text("Wheels are round.\n")
    (tmp_path / "changes.d" / "+corner.fixed.md").write_text("A corner is gone.\n")
    command = [sys.executable, "-m", "towncrier", "build", "--version", "9.9.0", "--date", "2030-01-01", "--yes"]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "CHANGELOG.md").read_text()
    assert "## 9.9.0 (2030-01-01)\n\n### New\n\n- Wheels are round." in text
    assert "### Mended\n\n- A corner is gone." in text
    assert text.index("## 9.9.0") < text.index("## 0.1.0")
    assert not list((tmp_path / "changes.d").glob("+*"))


@pytest.mark.parametrize("path", sorted(set((ROOT / "changes.d").iterdir()) - {README}), ids=lambda p: p.name)
def test_every_fragment_is_of_a_known_kind_and_says_something(path: Path) -> None:
    kinds = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["towncrier"]["fragment"]
    assert re.fullmatch(rf"\+[a-z0-9-]+\.({'|'.join(kinds)})\.md", path.name)
    assert len(path.read_text().strip()) > 20
