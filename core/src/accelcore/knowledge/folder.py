"""Folders of knowledge: one file a kind, each kind replaceable by the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelcore.errors import MissingTool, UsageError
from accelcore.knowledge.sections import Section, sections
from accelcore.values import Move

LARGEST = 8 << 20
"""Bytes of a file that are still read; a manual as text is smaller."""

IDEA = "idea"
"""Name of the moves of a menu.  They are words: no target's rewrite has this name."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "architecture": ("architecture.md",),
    "isa": ("isa.md", "isa_docs.md"),
    "menu": ("menu.yaml", "optimization_menu.yaml"),
    "translate": ("translate.yaml", "translation_menu.yaml"),
    "rules": ("rules.yaml",),
    "examples": ("examples", "code_examples.md"),
}
"""What each kind of knowledge may be called: our name first, then what existing folders use."""


@dataclass(frozen=True)
class Rules:
    """What a model must keep: always, when it plans, when it writes code."""

    general: tuple[str, ...] = ()
    planning: tuple[str, ...] = ()
    coding: tuple[str, ...] = ()


@dataclass(frozen=True)
class Example:
    """A piece of good code, or a page about one."""

    name: str
    text: str


@dataclass(frozen=True)
class Knowledge:
    """What is known about one target.  menu, translate: optimizations, and steps of a translation, in words."""

    architecture: str = ""
    isa: tuple[Section, ...] = ()
    menu: tuple[Move, ...] = ()
    translate: tuple[Move, ...] = ()
    rules: Rules = field(default_factory=Rules)
    examples: tuple[Example, ...] = ()


def read(*folders: Path | None) -> Knowledge:
    """The knowledge in some folders; of each kind the last folder that has it counts.  What no folder has is empty.

    Raises UsageError for a folder without any knowledge and for a file that cannot be read, with its place.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        found.update(_files(folder) if folder else {})

    def text(kind: str) -> str:
        return _text(found[kind]) if kind in found else ""

    def moves(kind: str) -> tuple[Move, ...]:
        return tuple(_moves(found[kind])) if kind in found else ()

    return Knowledge(
        architecture=text("architecture").strip(),
        isa=sections(text("isa")),
        menu=moves("menu"),
        translate=moves("translate"),
        rules=_rules(found["rules"]) if "rules" in found else Rules(),
        examples=tuple(_examples(found["examples"])) if "examples" in found else (),
    )


def _files(folder: Path) -> dict[str, Path]:
    """The file of each kind that is there."""
    if not folder.is_dir():
        raise UsageError("this is no folder", where=str(folder), hint="docs/knowledge.md says what it holds")
    found: dict[str, Path] = {}
    for kind, names in _NAMES.items():
        there = [folder / name for name in names if (folder / name).exists()]
        if len(there) > 1:
            raise UsageError(f"{there[0].name} and {there[1].name} say the same thing; keep one", where=str(folder))
        if there:
            found[kind] = there[0]
    if not found:
        kinds = ", ".join(names[0] for names in _NAMES.values())
        raise UsageError("there is no knowledge in this folder", where=str(folder), hint=f"it may hold {kinds}")
    return found


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"it is larger than {LARGEST >> 20} MiB", where=str(path))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"it cannot be read: {error}", where=str(path)) from None


def _yaml(path: Path) -> Any:
    text = _text(path)
    try:
        import yaml
    except ImportError:
        hint = "pip install PyYAML"
        raise MissingTool("reading YAML needs the package PyYAML", where=str(path), hint=hint) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"it is no YAML: {' '.join(str(error).split())}", where=str(path)) from None


def _moves(path: Path) -> Iterator[Move]:
    """A list of texts or of {name, text}; a mapping from headings to such lists is one list."""
    for item in _items(path, _yaml(path)):
        if isinstance(item, str):
            yield _move("", item)
        elif isinstance(item, dict) and item.keys() <= {"name", "text"} and _all_text(item.values()):
            yield _move(item.get("name", ""), item.get("text", ""))
        else:
            raise UsageError(f"{_short(item)} is neither a text nor {{name, text}}", where=str(path))


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _move(name: str, text: str) -> Move:
    name, text = " ".join(name.split()), " ".join(text.split())
    return Move(IDEA, f"{name}: {text}" if name and text else name or text)


def _items(path: Path, data: Any) -> Sequence[Any]:
    groups = list(data.values()) if isinstance(data, dict) else [data]
    groups = [group for group in groups if group is not None]
    if not all(isinstance(group, list) for group in groups):
        raise UsageError("it must be a list, or lists under headings", where=str(path))
    return [item for group in groups for item in group]


def _rules(path: Path) -> Rules:
    data = _yaml(path)
    given = data if isinstance(data, dict) else {"general": data}
    for name in given:
        if name not in ("general", "planning", "coding"):
            raise UsageError(f"there are no rules {name!r}; there are general, planning, coding", where=str(path))
    return Rules(**{str(name): tuple(_rule(path, rule) for rule in _items(path, rows)) for name, rows in given.items()})


def _rule(path: Path, rule: object) -> str:
    if not isinstance(rule, str):
        raise UsageError(f"the rule {_short(rule)} is no text; put it in quotes", where=str(path))
    return " ".join(rule.split())


def _examples(path: Path) -> Iterator[Example]:
    """The files of a folder, or the sections of one document."""
    if path.is_dir():
        for file in sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")):
            yield Example(file.name, _text(file).strip())
        return
    for section in sections(_text(path)):
        if section.title:
            yield Example(section.title, section.text)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
