"""The public surface: names and signatures that others build on, compared with a checked-in snapshot.

A deliberate change is recorded with ACCELCORE_UPDATE=1, and told in CHANGELOG.md.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import os
import re
from pathlib import Path

SNAPSHOT = Path(__file__).with_name("surface.txt")
_LOOPS = [f".loops{part}" for part in ("", ".target", ".listing", ".execute", ".lanes")]
PUBLIC = ["", ".errors", ".values", ".protocols", ".hookspecs", ".ir", *_LOOPS, ".cgen", ".simulation", ".testing"]


def describe(name: str, item: object) -> list[str]:
    """A class with its fields and public methods, a function with its signature, or a constant by its type."""
    if inspect.isclass(item):
        if issubclass(item, enum.Enum):
            return [f"{name} = {' '.join(str(m.value) for m in item)}"]
        lines = [f"class {name}"]
        if dataclasses.is_dataclass(item):
            lines += [f"  {f.name}: {f.type}" for f in dataclasses.fields(item)]
        methods = [(n, m) for n, m in vars(item).items() if inspect.isfunction(m) and not n.startswith("_")]
        return lines + [f"  def {n}{inspect.signature(m)}" for n, m in sorted(methods)]
    if callable(item):
        return [f"def {name}{inspect.signature(item)}"]
    return [f"{name}: {type(item).__name__}"]


def surface() -> str:
    lines: list[str] = []
    for suffix in PUBLIC:
        module = importlib.import_module(f"accelcore{suffix}")
        lines.append(f"# {module.__name__}")
        own = [n for n, v in vars(module).items() if getattr(v, "__module__", "").startswith(module.__name__)]
        for name in sorted(getattr(module, "__all__", own)):
            if not name.startswith("_"):
                item = getattr(module, name)
                lines += [f"module {name}"] if inspect.ismodule(item) else describe(name, item)
    return re.sub(r" at 0x[0-9a-f]+", "", "\n".join(lines)) + "\n"  # defaults that are objects have addresses


def test_the_public_surface_is_the_recorded_one() -> None:
    now = surface()
    if os.environ.get("ACCELCORE_UPDATE"):
        SNAPSHOT.write_text(now)
    assert now == SNAPSHOT.read_text(), "record a deliberate change with ACCELCORE_UPDATE=1 and tell it in CHANGELOG.md"
