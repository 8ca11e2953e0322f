"""Sets the version of every distribution, and the ranges in which they take each other: python tools/version.py 0.2.0

Without an argument it prints the version.  All distributions are released together; until 1.0 a range ends before the
next minor version, from then on before the next major one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "core" / "src" / "accelcore" / "__init__.py"
OWN = re.compile(r'^(version|__version__) = "[^"]*"', re.MULTILINE)
TAKES = re.compile(r'"(accelcore[a-z-]*)>=[^"]*"')
NUMBER = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def files() -> Iterator[Path]:
    """Every file that names the version."""
    yield MODULE
    yield ROOT / "core" / "pyproject.toml"
    yield from sorted(ROOT.glob("plugins/*/pyproject.toml"))
    yield from sorted(ROOT.glob("examples/*/pyproject.toml"))


def current() -> str:
    """The version now."""
    found = re.search(r'^__version__ = "([^"]*)"', MODULE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{MODULE} has a version"
    return found[1]


def range_of(version: str) -> str:
    """The versions that are compatible with one: `>=0.2,<0.3`, `>=2.1,<3`."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{f'0.{minor + 1}' if major == 0 else major + 1}"


def renewed(path: Path, version: str) -> str:
    """The text of a file at a version.  Packages of others (the template, examples) keep their own."""
    text = path.read_text(encoding="utf-8")
    if "_template" not in path.parts and "examples" not in path.parts:
        text = OWN.sub(rf'\1 = "{version}"', text)
    return TAKES.sub(rf'"\1{range_of(version)}"', text)


def main(arguments: list[str]) -> int:
    """See the module."""
    if not arguments:
        print(current())
        return 0
    if not NUMBER.fullmatch(arguments[0]):
        print(f"{arguments[0]} is no version such as 0.2.0 or 0.2.0rc1", file=sys.stderr)
        return 2
    for path in files():
        text = renewed(path, arguments[0])
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
