"""Function-like macros and macros that name types, expanded in the text before it is parsed.

Lines stay where they are, so that refusals name the right line.  Macros for constants stay names: their value is read
as an expression where it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFINITION = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(\(([^)\n]*)\))?((?:[^\n\\]|\\\n|\\.)*)$", re.MULTILINE)
NUMERIC = re.compile(r"[\s\w.()+\-*/%<>]*")
ROUNDS = 16
"""Nesting depth of macros; one that contains itself stops here."""


@dataclass(frozen=True)
class Macro:
    """parameters is None for a macro without parentheses."""

    name: str
    parameters: tuple[str, ...] | None
    body: str


def expanded(source: str) -> str:
    """The source with its macros expanded, line by line."""
    macros = [m for d in DEFINITION.finditer(source) if (m := _macro(d)) is not None]
    if not macros:
        return source
    out = DEFINITION.sub(lambda d: "\n" * d.group(0).count("\n") if _macro(d) else d.group(0), source)
    for _ in range(ROUNDS):
        before = out
        for macro in macros:
            out = _apply(macro, out)
        if out == before:
            break
    return out


def _macro(found: re.Match[str]) -> Macro | None:
    name, listed, inner, body = found.groups()
    body = re.sub(r"/\*.*?\*/|//.*", "", body.replace("\\\n", " ")).strip()
    if listed is None:
        constant = not body or (NUMERIC.fullmatch(body) and (re.search(r"\d", body) or body.isupper()))
        return None if constant else Macro(name, None, body)
    return Macro(name, tuple(p.strip() for p in inner.split(",") if p.strip()), body)


def _apply(macro: Macro, text: str) -> str:
    if macro.parameters is None:
        return re.sub(rf"\b{macro.name}\b", lambda _: macro.body, text)
    out, at = [], 0
    for found in re.finditer(rf"\b{macro.name}\s*\(", text):
        if found.start() < at:
            continue
        arguments, end = _arguments(text, found.end())
        if len(arguments) != len(macro.parameters):
            continue
        out += [text[at : found.start()], _filled(macro, arguments)]
        at = end
    return "".join([*out, text[at:]])


def _filled(macro: Macro, arguments: list[str]) -> str:
    values = dict(zip(macro.parameters or (), arguments, strict=True))
    return re.sub(r"\w+", lambda w: values.get(w.group(0), w.group(0)), macro.body)


def _arguments(text: str, at: int) -> tuple[list[str], int]:
    """Arguments from just behind the opening parenthesis, and the position behind the closing one."""
    depth, start, found = 1, at, []
    while at < len(text) and depth:
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if (text[at] == "," and depth == 1) or not depth:
            found.append(text[start:at].strip())
            start = at + 1
        at += 1
    return ([] if found == [""] else found), at
