"""The tutorials as a reader follows them: their files are written, their commands are run, their output is compared.

A fence with a title is a file.  In a `console` fence a line that begins with `$ ` is a command, the lines below it are
what it prints on standard output, where `...` stands for any text.  Commands run in the order of the page, in a folder.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(not any(map(shutil.which, ("gcc", "clang", "cc"))), reason="no C compiler")


def environment(folder: Path) -> dict[str, str]:
    """Of a reader: a cache of their own, and no leftovers of this test run in the environments that they make."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV"))}
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **quiet, "ACCELCORE_CACHE": str(folder / ".cache")}


@dataclass(frozen=True)
class Command:
    """A command line and what it prints."""

    line: str
    expected: str

    def run(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """As the reader's shell would; `python` and `accelcore` are those of this interpreter."""
        program, *arguments = shlex.split(self.line)
        start = {"accelcore": [sys.executable, "-m", "accelcore.cli"], "python": [sys.executable]}.get(program)
        command = [*start, *arguments] if start else ["sh", "-c", self.line]
        return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)

    def matches(self, printed: str) -> bool:
        """Line ends at the end of the output do not count."""
        parts = [re.escape(part) for part in self.expected.strip("\n").split("...")]
        return re.fullmatch(".*".join(parts), printed.strip("\n"), re.DOTALL) is not None


def steps(page: Path) -> Iterator[Command | tuple[str, str]]:
    """Files (name, text) and commands, in the order of the page."""
    for language, title, body in FENCE.findall(page.read_text(encoding="utf-8")):
        if title:
            yield title, body
        elif language == "console":
            for block in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, _, expected = block.partition("\n")
                yield Command(line, expected)


def test_there_are_tutorials() -> None:
    assert PAGES
    assert all(any(isinstance(step, Command) for step in steps(page)) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_reader_can_follow(page: Path, tmp_path: Path) -> None:
    (tmp_path / "accelcore").symlink_to(ROOT)  # the checkout, where a page needs one
    for step in steps(page):
        if not isinstance(step, Command):
            (tmp_path / step[0]).write_text(step[1], encoding="utf-8")
            continue
        done = step.run(tmp_path)
        said = f"$ {step.line}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0 or step.line.startswith("accelcore "), said  # whose exit status says a verdict too
        assert step.matches(done.stdout), f"{said}\nexpected\n{step.expected}"


def test_a_wrong_line_is_noticed() -> None:
    command = Command("accelcore lift f.py", "a ... b\nc\n")
    assert command.matches("a 17 b\nc")
    assert not command.matches("a 17 b\nd")


def test_the_example_is_what_the_tutorial_builds() -> None:
    """Its files are those of the page, the rest comes from the template; all of it is short."""
    example, template = ROOT / "examples" / "accelcore-abacus", ROOT / "plugins" / "_template"
    built = dict(step for step in steps(ROOT / "docs/tutorials/publishing.md") if not isinstance(step, Command))
    for name, text in built.items():
        assert (example.parent / name).read_text(encoding="utf-8") == text, name
    suites = (template / "tests" / "test_mychip.py").read_text().replace("mychip", "abacus").replace("MyChip", "Abacus")
    assert (example / "tests" / "test_abacus.py").read_text() == suites
    sources = [path for path in example.rglob("*.py") if "__pycache__" not in path.parts]
    assert sum(len(path.read_text().splitlines()) for path in sources) <= 150
