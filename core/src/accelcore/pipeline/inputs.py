"""From what a user names (`FILE[:FUNC]`, `task.json`, a kernel file) to sources and tasks."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from accelcore.cgen.prototypes import bound, fits, prototype
from accelcore.errors import AccelcoreError, UnsupportedSource, UsageError
from accelcore.pipeline.progress import Event, Note
from accelcore.values import Kernel, Source, Task

if TYPE_CHECKING:
    from accelcore.protocols import Translator

LANGUAGES = {
    ".py": "python",
    ".c": "c",
    ".h": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".cxx": "c++",
    ".hpp": "c++",
}
"""Source languages by the ending of the file."""


@dataclass(frozen=True)
class Place:
    """A file and, where one was named, the function in it."""

    path: Path
    function: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.function}" if self.function else str(self.path)


def place(text: str | Path) -> Place:
    """`FILE` or `FILE:FUNC`; UsageError when there is no such file."""
    whole = Path(text)
    if whole.is_file():
        return Place(whole)
    file, colon, function = str(text).rpartition(":")
    if colon and Path(file).is_file():
        if not function.isidentifier():
            raise UsageError(f"{function!r} is no function name", where=str(text), hint="write FILE:FUNCTION")
        return Place(Path(file), function)
    missing = file if colon else str(text)
    if Path(missing).is_dir():
        raise UsageError("is a folder, not a file", where=missing)
    raise UsageError("there is no such file", where=missing, hint="paths are relative to the current folder")


def sources(where: Place) -> tuple[Source, ...]:
    """One source for each function of the file, or only the one that was named.

    Raises UsageError for a file that cannot be read, is no program, or lacks the function (naming those it has).
    """
    language = _language(where.path)
    text = read_text(where.path)
    found = functions(text, language, str(where.path))
    if where.function is None:
        chosen = tuple(name for name in found if not name.startswith("_"))
        if not chosen:
            raise UsageError("there is no function in it", where=str(where.path))
    elif where.function in found:
        chosen = (where.function,)
    else:
        there = ", ".join(found) or "none"
        raise UsageError(f"there is no function {where.function!r}; it has: {there}", where=str(where.path))
    return tuple(Source(text, language, name, str(where.path)) for name in chosen)


def one_source(where: Place) -> Source:
    """The only function of a file, or the one that was named; UsageError when it is not clear which."""
    found = sources(where)
    if len(found) > 1:
        names = ", ".join(s.entry for s in found)
        hint = f"write {where.path}:{found[0].entry}"
        raise UsageError(f"has several functions ({names}); say which", where=str(where.path), hint=hint)
    return found[0]


def read_text(path: Path) -> str:
    """The text of a file; UsageError when it cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UsageError("is not UTF-8 text", where=str(path)) from None


def _language(path: Path) -> str:
    if path.suffix in LANGUAGES:
        return LANGUAGES[path.suffix]
    known = ", ".join(LANGUAGES)
    raise UsageError(f"the ending {path.suffix!r} names no source language; known: {known}", where=str(path))


def functions(text: str, language: str, path: str = "") -> tuple[str, ...]:
    """Names of the functions that a program defines at its top level, in order."""
    if language == "python":
        return _python_functions(text, path)
    return _c_functions(text)


def _python_functions(text: str, path: str) -> tuple[str, ...]:
    try:
        module = ast.parse(text, filename=path or "<source>")
    except SyntaxError as error:
        line = (error.text or "").strip()
        where = f"{path or '<source>'}:{error.lineno}:{error.offset}"
        raise UsageError(f"syntax error: {error.msg}", where=where, hint=f"the line reads: {line}") from None
    except ValueError as error:  # a null byte in the text
        raise UsageError(f"is no Python: {error}", where=path) from None
    return tuple(n.name for n in module.body if isinstance(n, ast.FunctionDef))


_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|^[ \t]*#[^\n]*", re.S | re.M)
_DEFINITION = re.compile(r"([A-Za-z_]\w*)\s*\([^;{}]*\)\s*(?:const\s*|noexcept\s*)*$")
_CONTROL = frozenset({"if", "for", "while", "switch", "return", "sizeof"})


def _c_functions(text: str) -> tuple[str, ...]:
    """Names before a parameter list and a body at brace depth 0, inside `extern "C" {` and namespaces too."""
    plain = _COMMENT.sub(" ", text)
    found: list[str] = []
    transparent: list[bool] = []
    start = 0
    for match in re.finditer(r"[{};]", plain):
        head = plain[start : match.start()].strip()
        start = match.end()
        if match.group() == "{":
            if all(transparent) and (definition := _DEFINITION.search(head)):
                if definition.group(1) not in _CONTROL:
                    found.append(definition.group(1))
            transparent.append(bool(re.search(r"\bextern\s*$|\bnamespace\b[\w\s:]*$", head)))
        elif match.group() == "}" and transparent:
            transparent.pop()
    return tuple(dict.fromkeys(found))


def translator_for(source: Source) -> Translator:
    """The first usable front end that reads the source's language; UnsupportedSource otherwise."""
    from accelcore.errors import MissingTool
    from accelcore.registry import registry

    lacking: list[str] = []
    for translator in registry().translators():
        if translator.accepts(source):
            missing = translator.missing()
            if not missing:
                return translator
            lacking.extend(missing)
    if lacking:
        raise MissingTool(f"no front end for {source.language} is usable here", hint="; ".join(lacking))
    raise UsageError(
        f"no installed front end reads {source.language}",
        where=source.path or source.entry,
        hint=registry()._hint(source.language),  # the package that is known to bring one
    )


def task_from(text: str | Path | Task, sizes: Mapping[str, int]) -> Task:
    """TASK as the commands take it: a Task, `FILE[:FUNC]`, or `task.json`."""
    if isinstance(text, Task):
        return with_sizes(text, sizes)
    where = place(text)
    if where.path.suffix == ".json":
        return with_sizes(task_from_json(where.path), sizes)
    source = one_source(where)
    return translator_for(source).task(source, sizes)


def task_from_json(path: Path) -> Task:
    """A task as `compile` exports it; UsageError when it is none."""
    import json

    from accelcore.codec import decode

    try:
        task = decode(json.loads(read_text(path)))
    except (ValueError, KeyError, TypeError, AccelcoreError) as error:
        raise UsageError(f"is no task.json: {error}", where=str(path)) from None
    if not isinstance(task, Task):
        raise UsageError("is no task.json: it holds something else", where=str(path))
    return task


def with_sizes(task: Task, sizes: Mapping[str, int]) -> Task:
    """The task with these values in its first size set; UsageError names a size that it does not have."""
    from dataclasses import replace

    from accelcore.values import size_names, sizes_of

    if not sizes:
        return task
    names = size_names(task)
    for name in sizes:
        if name not in names:
            there = ", ".join(names) or "none"
            raise UsageError(f"task {task.name} has no size {name!r}; it has: {there}", where="--size")
    first = {**dict(task.sizes[0] if task.sizes else ()), **sizes}
    return replace(task, sizes=(sizes_of(first), *task.sizes[1:]))


def kernel_from(path: str | Path | Kernel, task: Task, language: str) -> Kernel:
    """A kernel file: its entry is `ac_<task>`, the task's own name, or the only function that may be meant.

    Raises UsageError when it is not clear which one that is, or when the file lacks it.
    """
    if isinstance(path, Kernel):
        return path
    where = place(path)
    text = read_text(where.path)
    try:
        found = functions(text, language, str(where.path)) if language in ("python", "c", "c++") else ()
    except UnsupportedSource:
        found = ()
    if where.function and found and where.function not in found:
        near = get_close_matches(where.function, found, 1, 0) or found
        raise UsageError(
            f"there is no function {where.function!r}; there is: {', '.join(found)}",
            where=str(where.path),
            hint=f"name the kernel's function: {where.path}:{near[0]}",
        )
    if where.function:
        return Kernel(text, language, where.function)
    likely = _likely(found, text, task) if language == "c" else found
    return Kernel(text, language, _entry(found, likely, task, where.path))


def own_kernel(
    path: str | Path | Kernel, task: Task, language: str, bind: Mapping[str, str], progress: Callable[[Event], None]
) -> Kernel:
    """A user's kernel, bound to the task's arguments as `bind` says and its prototype suggests; says how.

    Raises UsageError as `kernel_from` does, and for a binding that makes no sense.
    """
    kernel = kernel_from(path, task, language)
    try:
        kernel = bound(task, kernel, bind)
    except UsageError as error:
        if bind:
            raise
        progress(Note(f"{kernel.entry} is called as docs/abi.md says: {error.what}; {error.hint}"))
    if kernel.binding:
        progress(Note(f"bound: {kernel.entry}({', '.join(f'{p}={a}' for p, a in kernel.binding)})"))
    return kernel


def _likely(found: tuple[str, ...], text: str, task: Task) -> tuple[str, ...]:
    """Of a C file's functions those that take the task's arguments, else those that other files can call, else all."""
    heads = {name: prototype(text, name) for name in found}
    public = tuple(name for name in found if not ((head := heads[name]) and head.static)) or found
    return tuple(name for name in public if fits(task, text, name)) or public


def _entry(found: tuple[str, ...], likely: tuple[str, ...], task: Task, path: Path) -> str:
    for name in (f"ac_{task.name}", task.name):
        if name in found:
            return name
    public = [name for name in likely if not name.startswith("_")]
    if len(public) == 1:
        return public[0]
    if not found:
        return f"ac_{task.name}"
    near = get_close_matches(f"ac_{task.name}", likely, 1, 0) or found
    raise UsageError(
        f"neither ac_{task.name} nor {task.name} is defined; there is: {', '.join(found)}",
        where=str(path),
        hint=f"name the kernel's function: {path}:{near[0]}",
    )
