"""Builds the documentation site: python tools/docs.py [--to FOLDER]

docs/ is copied to FOLDER/docs (build/docs), beside it go the pages that are made from the code itself (commands,
functions, hooks, errors, what is installed), and mkdocs builds FOLDER/site from both, where a warning is an error.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = "examples|bench|plugins|tests|tools|core"
TARGETS = ("avx", "rvv", "nki", "gemmini")
PACKAGES = {"llmlift": "lifting.md", "autocomp": "search.md", "dask": "dask.md"}
"""Plugins whose README is a page of the site, the targets with what they offer; the packages by the page's name."""
MODULES = (
    "loops", "loops.target", "loops.listing", "loops.execute", "loops.lanes", "simulation", "ir", "cgen", "testing",
    "session", "knowledge", "bench", "codec",
)  # fmt: skip


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--to", type=Path, default=ROOT / "build", metavar="FOLDER")
    folder = parser.parse_args().to.resolve()
    write_pages(folder / "docs")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", str(folder / "mkdocs.yml")]
    subprocess.run(build, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    print(f"the site is in {folder / 'site' / 'index.html'}")


def write_pages(pages: Path) -> None:
    """All pages of the site, by hand and made."""
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(ROOT / "docs", pages)
    (pages / "reference").mkdir()
    (pages / "packages").mkdir()
    made = {
        **{f"targets/{name}.md": _readme_page(name) + offered(name) for name in TARGETS},
        **{f"packages/{page}": _readme_page(name) for name, page in PACKAGES.items()},
        "reference/modules.md": modules(),
        "index.md": (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "]("),
        "decisions.md": decisions(),
        "reference/commands.md": commands(),
        "reference/python.md": functions(),
        "reference/hooks.md": hooks(),
        "reference/values.md": values(),
        "reference/errors.md": errors(),
        "reference/targets.md": installed(),
    }
    for name, text in made.items():
        (pages / name).write_text(text, encoding="utf-8")
    for page in pages.rglob("*.md"):  # files of the repository are no pages: their names stay, the links go
        page.write_text(_without_repository_links(page.read_text(encoding="utf-8")), encoding="utf-8")


def _without_repository_links(text: str) -> str:
    text = re.sub(rf"\[([^\]]+)\]\((?:\.\./)*((?:{FOLDERS})/[^)]*)\)", r"\1 (`\2`)", text)
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)*((?:LICENSE|CHANGELOG|CONTRIBUTING)[^)]*)\)", r"\1 (`\2`)", text)


def _readme_page(plugin: str) -> str:
    """A plugin's README, with its links seen from a folder of the site."""
    text = (ROOT / "plugins" / plugin / "README.md").read_text(encoding="utf-8")
    return text.replace("](../../docs/", "](../").replace("](../../README.md", "](../index.md")


def offered(owner: str) -> str:
    """Options and machine of a target and its evaluators."""
    from accelcore.registry import registry

    lines = ["", "", "## Options", ""]
    for kind in ("targets", "evaluators"):
        for offer in registry().offers(kind):
            if offer.plugin == owner:
                lines += [f"**{offer.item.name}** ({kind.removesuffix('s')}): {offer.item.about}", ""]
                lines += _options(offer.item)
    return "\n".join(lines)


def modules() -> str:
    """The public modules that plugins and programs build on."""
    import importlib

    lines = ["# Public modules", "", "What plugins build on, beside [values](values.md) and [hooks](hooks.md).", ""]
    for name in MODULES:
        module = importlib.import_module(f"accelcore.{name}")
        lines += [f"## accelcore.{name}", "", "```text", inspect.getdoc(module) or "", "```", ""]
        for item_name in sorted(_public(module)):
            lines += _item(item_name, getattr(module, item_name))
    return "\n".join(lines)


def _public(module: Any) -> list[str]:
    """What a module says it offers, else what it defines."""
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
    return [name for name in getattr(module, "__all__", own) if not name.startswith("_")]


def _item(name: str, item: Any) -> Iterator[str]:
    """A class with its methods, or a function, as the code has it."""
    if inspect.isclass(item):
        yield from (f"### class {name}", "", _text(item), "", *_members(item))
    elif inspect.isfunction(item):
        yield from (f"### {name}", "", "```python", _signature(name, item), "```", "", _text(item), "")


def decisions() -> str:
    """All decisions on one page."""
    parts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    return "# Decisions\n\n" + "\n\n".join(re.sub(r"^#", "##", part, flags=re.MULTILINE) for part in parts)


def commands() -> str:
    """`--help` of every command, as the command prints it."""
    lines = ["# Commands and options", "", "Printed by the commands themselves.", ""]
    for name in ["", *_command_names()]:
        given = [name] if name else []
        shown = subprocess.run(
            [sys.executable, "-m", "accelcore.cli", *given, "--help"],
            capture_output=True, text=True, check=True, env={"COLUMNS": "100", "PATH": "", "NO_COLOR": "1"},
        ).stdout  # fmt: skip
        lines += [f"## accelcore {name}".rstrip(), "", "```text", shown.rstrip(), "```", ""]
    return "\n".join(lines)


def _command_names() -> list[str]:
    from accelcore.cli.app import build

    return [command.name for command in build().registered_commands if command.name]


def functions() -> str:
    """The public functions with their signatures and docstrings."""
    import accelcore

    lines = ["# Python", "", "```python", "import accelcore", "```", ""]
    for name in accelcore.__all__:
        item = getattr(accelcore, name)
        if inspect.isfunction(item):
            lines += [f"## accelcore.{name}", "", "```python", _signature(name, item), "```", "", _text(item), ""]
    lines += ["## Keyword arguments of runs", "", _table(_fields("accelcore.pipeline.settings", "Settings")), ""]
    return "\n".join(lines)


def _signature(name: str, function: Any) -> str:
    text = f"{name}{inspect.signature(function)}"
    return text if len(text) < 100 else text.replace("(", "(\n    ", 1).replace(", ", ",\n    ")


def _text(item: Any) -> str:
    """A docstring as Markdown: its own line breaks, code words kept."""
    return (inspect.getdoc(item) or "").replace("<", "&lt;")


def _fields(module: str, name: str) -> Iterator[tuple[str, str, str]]:
    """(field, default, what its line in the docstring says) of a dataclass."""
    import importlib

    cls = getattr(importlib.import_module(module), name)
    about = inspect.getdoc(cls) or ""
    for field in dataclasses.fields(cls):
        found = re.search(rf"(?:^|  ){field.name}: (.*?)(?=\n\w|\n\n|  \w+: |\Z)", about, re.DOTALL | re.MULTILINE)
        default = "" if field.default is dataclasses.MISSING else repr(field.default)
        yield f"`{field.name}`", f"`{default}`" if default else "", " ".join(found[1].split()) if found else ""


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    escaped = ([cell.replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in rows)
    return "\n".join(["| name | default | |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in escaped)])


def hooks() -> str:
    """Every hook, and the protocol of what it returns."""
    from accelcore import hookspecs, protocols

    lines = ["# Hooks", "", _text(hookspecs), ""]
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("accelcore_"):
            lines += [f"## {name}", "", f"`{inspect.signature(hook).return_annotation}`", "", _text(hook), ""]
    lines += ["# Protocols", ""]
    for name, cls in inspect.getmembers(protocols, inspect.isclass):
        if cls.__module__ == protocols.__name__:
            lines += [f"## {name}", "", _text(cls), "", *_members(cls)]
    return "\n".join(lines)


def _members(cls: type) -> Iterator[str]:
    for name, item in vars(cls).items():
        target = item.fget if isinstance(item, property) else item
        if not name.startswith("_") and inspect.isfunction(target):
            yield f"* `{name}{inspect.signature(target)}`: {' '.join(_text(target).split())}"
    yield ""


def values() -> str:
    """The frozen values that everything exchanges."""
    from accelcore import values as module

    lines = ["# Values and statuses", "", _text(module), ""]
    for name, cls in inspect.getmembers(module, inspect.isclass):
        if cls.__module__ != module.__name__:
            continue
        lines += [f"## {name}", "", _text(cls), ""]
        if issubclass(cls, Enum):
            lines += [*(f"* `{member.value}`" for member in cls), ""]
        elif dataclasses.is_dataclass(cls):
            lines += [_table(_fields(module.__name__, name)), ""]
    return "\n".join(lines)


def errors() -> str:
    """Every error with its exit status."""
    from accelcore import errors as module

    lines = ["# Errors", "", _text(module), "", "| error | exit status | when |", "|---|---|---|"]
    for name, cls in inspect.getmembers(module, inspect.isclass):
        if cls.__module__ == module.__name__:
            lines.append(f"| `{name}` | {cls.exit_code} | {' '.join(_text(cls).split())} |")
    return "\n".join([*lines, ""])


def installed() -> str:
    """Targets and strategies of this repository with their options."""
    from accelcore.registry import registry

    lines = ["# Targets and strategies", ""]
    for kind in ("targets", "evaluators", "strategies"):
        for offer in sorted(registry().offers(kind), key=lambda o: o.item.name):
            lines += [f"## {offer.item.name} ({kind}, {offer.owner})", "", offer.item.about, "", *_options(offer.item)]
    return "\n".join(lines)


def _options(item: Any) -> list[str]:
    """A table of the options of a target, evaluator or strategy; nothing where it has none."""
    from accelcore.options import options_of

    found = [f"| `{o.name}` | `{o.default}` | {o.help.replace('|', '/')} |" for o in options_of(item)]
    return ["| option | default | |", "|---|---|---|", *found, ""] if found else []


if __name__ == "__main__":
    main()
