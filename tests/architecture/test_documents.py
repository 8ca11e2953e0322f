"""The picture of the architecture is that of the code, and the site builds without a warning."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [page for page in DOCS.rglob("*.md") if page.parent.name != "decisions"]


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_is_that_of_the_code() -> None:
    drawn = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == tool("architecture").picture(), "python tools/architecture.py draws it again"


def test_every_page_is_in_the_navigation() -> None:
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    missing = [page.name for page in PAGES if f" {page.relative_to(DOCS)}" not in listed]
    assert missing == []


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="no mkdocs: pip install mkdocs-material")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "docs.py"), "--to", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = {p.relative_to(tmp_path / "site").as_posix() for p in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "architecture.html", "reference/commands.html", "reference/hooks.html"} <= made
    commands = (tmp_path / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    assert "accelcore compile" in commands and "--max-seconds" in commands
