"""The source tree as the architecture tests see it: modules, and which of their imports run when they are imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Import:
    """One import: of `target`, in `module` at `line`; eager when importing the module runs it."""

    module: str
    target: str
    line: int
    eager: bool


@cache
def modules() -> dict[str, Path]:
    """Module name -> file, over core and every plugin of the workspace."""
    found = {}
    for src in [ROOT / "core" / "src", *sorted(ROOT.glob("plugins/[a-z]*/src"))]:
        for path in sorted(src.rglob("*.py")):
            parts = path.relative_to(src).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text())


def imports(module: str) -> Iterator[Import]:
    """Imports of a module, those for type checking left out."""
    yield from _imports(module, tree(module).body, eager=True)


def _imports(module: str, body: list[ast.stmt], *, eager: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno, eager)
        elif isinstance(node, ast.ImportFrom):
            yield from _from(module, node, eager)
        inside = eager and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for field in ("body", "orelse", "finalbody"):
            children = getattr(node, field, None)
            if isinstance(children, list):
                yield from _imports(module, children, eager=inside)
        for handler in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
            yield from _imports(module, handler.body, eager=inside)


def _from(module: str, node: ast.ImportFrom, eager: bool) -> Iterator[Import]:
    base = node.module or ""
    if node.level:
        package = module.split(".") if modules()[module].name == "__init__.py" else module.split(".")[:-1]
        kept = package[: len(package) - node.level + 1]
        base = ".".join([*kept, base] if base else kept)
    for alias in node.names:
        full = f"{base}.{alias.name}"
        yield Import(module, full if full in modules() else base, node.lineno, eager)


def within(module: str, *packages: str) -> bool:
    """Whether the module is one of the packages or inside one of them."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)
