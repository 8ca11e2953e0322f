"""Draws the parts of accelcore and what imports what: python tools/architecture.py writes docs/architecture.svg

A part is a package or module directly below `accelcore`, or a plugin.  It stands one row above the highest part that it
imports when it is imported itself; lines that follow from others are left out (the transitive reduction).  A test in
tests/architecture compares the file with the code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "architecture.svg"
CONTRACT = ("errors", "values", "protocols", "hookspecs", "registry")
WIDTH, BOX, HIGH, STEP, TOP = 1080, 92, 30, 84, 24

Graph = Mapping[str, frozenset[str]]


def main() -> None:
    """Write the picture."""
    OUT.write_text(picture(), encoding="utf-8")


def picture() -> str:
    """The SVG text."""
    graph = parts()
    rows = _rows(graph)
    places = {name: place for at, row in enumerate(rows) for name, place in _placed(row, len(rows) - 1 - at)}
    high = TOP + STEP * (len(rows) - 1) + HIGH + 20
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}"',
        'font-family="sans-serif" font-size="13">',
        "<title>Parts of accelcore; a line leads down to what a part imports</title>",
        f'<rect width="{WIDTH}" height="{high}" fill="#ffffff"/>',
    ]
    for name in sorted(graph):
        for other in sorted(_needed(graph, name)):
            (x, y), (u, v) = places[name], places[other]
            line = f"M{x} {y + HIGH}C{x} {y + HIGH + 30} {u} {v - 30} {u} {v}"
            lines.append(f'<path d="{line}" fill="none" stroke="#9aa5b0"/>')
    lines += [_box(name, place) for name, place in sorted(places.items())]
    return "\n".join([*lines, "</svg>", ""])


def _box(name: str, place: tuple[int, int]) -> str:
    x, y = place
    label = escape(name.removeprefix("accelcore-"))
    colour = "#dcefe2" if name.startswith("accelcore-") else "#e3ecf7" if name == "contract" else "#f5f7f9"
    return (
        f'<rect x="{x - BOX // 2}" y="{y}" width="{BOX}" height="{HIGH}" rx="4" fill="{colour}" stroke="#5c6670"/>'
        f'<text x="{x}" y="{y + 20}" text-anchor="middle" fill="#1b1f24">{label}</text>'
    )


def _placed(row: list[str], depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
    gap = WIDTH / len(row)
    for at, name in enumerate(row):
        yield name, (round(gap * (at + 0.5)), TOP + STEP * depth)


def _rows(graph: Graph) -> list[list[str]]:
    """Parts by their height above what imports nothing; in each row ordered by where their imports stand."""

    @cache
    def height(name: str) -> int:
        return 1 + max((height(other) for other in graph[name]), default=-1)

    rows: list[list[str]] = [[] for _ in range(1 + max(map(height, graph)))]
    for name in sorted(graph):
        rows[height(name)].append(name)
    places: dict[str, float] = {}
    for row in rows:
        row.sort(key=lambda name: (_middle(graph[name], places), name))
        places |= {name: (at + 0.5) / len(row) for at, name in enumerate(row)}
    return rows


def _middle(names: frozenset[str], places: Mapping[str, float]) -> float:
    return sum(places[n] for n in names) / len(names) if names else 0.5


def _needed(graph: Graph, name: str) -> set[str]:
    """What a part imports, without what follows from its other imports."""

    @cache
    def below(part: str) -> frozenset[str]:
        return frozenset(graph[part]).union(*(below(other) for other in graph[part]))

    return {o for o in graph[name] if not any(o in below(other) for other in graph[name] if other != o)}


def parts() -> Graph:
    """For each part the parts that it imports when it is imported."""
    found: dict[str, set[str]] = {}
    plugins = ((path, path.parent.name) for path in sorted(ROOT.glob("plugins/[a-z]*/src")))
    for src, owner in [(ROOT / "core" / "src", ""), *plugins]:
        for path in sorted(src.rglob("*.py")):
            name = _part(path.relative_to(src).parts, owner)
            if name is None:
                continue
            targets = (_core_part(t) for t in _imported(ast.parse(path.read_text(encoding="utf-8")).body, path))
            found.setdefault(name, set()).update(t for t in targets if t and t != name)
    return {name: frozenset(t for t in targets if t in found) for name, targets in found.items()}


def _part(path: tuple[str, ...], owner: str) -> str | None:
    if owner:
        return f"accelcore-{owner}"
    name = path[1].removesuffix(".py")
    return None if name in ("__init__", "__main__") else "contract" if name in CONTRACT else name


def _core_part(target: str) -> str | None:
    pieces = target.split(".")
    if pieces[0] != "accelcore":
        return None
    return "contract" if len(pieces) == 1 or pieces[1] in (*CONTRACT, "hookimpl", "API") else pieces[1]


def _imported(body: list[ast.stmt], path: Path) -> Iterator[str]:
    """Targets of the imports that run when the module is imported; those for type checking do not."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{a.name}" if node.module == "accelcore" else node.module for a in node.names)
        for field in ("body", "orelse", "handlers"):
            yield from _imported(getattr(node, field, None) or [], path)


if __name__ == "__main__":
    main()
