"""What README and pages promise exists: commands, options, make targets, functions, distributions, files, links."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_PATTERNS = ("*.md", "core/README.md", "docs/**/*.md", "plugins/*/README.md", "examples/*/README.md")
PAGES = sorted(page for pattern in _PATTERNS for page in ROOT.glob(pattern))


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def help_of(command: str) -> str:
    asked = [sys.executable, "-m", "accelcore.cli", *([command] if command else []), "--help"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@cache
def commands() -> frozenset[str]:
    return frozenset(re.findall(r"^  ([a-z]+) {2,}", help_of(""), re.MULTILINE))


def lines(page: Path) -> list[list[str]]:
    """Command lines of accelcore in the code of a page, split into words; prose that only mentions it is none."""
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"^(?:    |\$ )(accelcore .*)$", text, re.MULTILINE) + re.findall(r"`(accelcore [^`\n]+)`", text)
    return [shlex.split(line.partition("  #")[0], posix=False) for line in code]


@pytest.mark.parametrize("page", PAGES, ids=where)
def test_every_command_and_option_of_a_page_exists(page: Path) -> None:
    wrong = []
    for _, verb, *words in (line for line in lines(page) if len(line) > 1):
        if verb.startswith("-"):
            wrong += [] if verb in help_of("") else [verb]
        elif verb not in commands():
            wrong.append(verb)
        else:
            options = {word.partition("=")[0].strip("[]") for word in words if word.startswith(("--", "[--"))}
            wrong += [f"{verb} {option}" for option in options if option not in help_of(verb)]
    assert wrong == []


def test_the_readme_has_every_command() -> None:
    told = set(re.findall(r"`(?:accelcore )?([a-z]+)[ `]", README.split("## Commands")[1].split("##")[0]))
    assert commands() <= told


@pytest.mark.parametrize("page", PAGES, ids=where)
def test_every_make_target_of_a_page_exists(page: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) | {"check", "PYTHON"}
    text = page.read_text(encoding="utf-8")
    told = re.findall(r"`(?:CI=1 )?make ([a-z-]+)", text) + re.findall(r"^    make ([a-z-]+)", text, re.MULTILINE)
    assert [name for name in told if name not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=where)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [link for link in links if link and not link.startswith(("http", "mailto"))]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_has_every_distribution() -> None:
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    names = {tomllib.loads((ROOT / m / "pyproject.toml").read_text())["project"]["name"] for m in members}
    assert names == set(re.findall(r"^\| `(accelcore[a-z-]*)` \|", README, re.MULTILINE))


def test_the_program_of_the_readme_runs(tmp_path: Path) -> None:
    """With the target that every machine with a compiler has, where this CPU has none of the vector instructions."""
    from accelcore.registry import registry

    (block,) = re.findall(r"^```python\n(import accelcore\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
    if registry().target("avx").missing():
        block = block.replace('"avx"', '"c"')
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "use.py").write_text(block)
    done = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    verdict, grade, speedup = done.stdout.split()
    assert (verdict, grade) == ("0", "derived") and float(speedup) > 0


def test_what_the_readme_shows_is_what_the_example_says() -> None:
    shown = README.split("```python")[1].split("```")[1]
    done = subprocess.run(
        [sys.executable, "-m", "accelcore.cli", "lift", "examples/softmax.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in done.stdout.splitlines()[1:3]:
        assert line.strip() in shown
    assert "summary PROVED by z3 (real)" in shown and "11 obligations" in done.stdout
