"""The files of a user's program: its sources, and what they include by name from their own folders."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from accelcore.errors import UsageError

PLUS = (".cpp", ".cc", ".cxx", ".c++", ".C")
SUFFIXES = (".c", ".s", ".S", *PLUS)
_INCLUDE = re.compile(r'^[ \t]*(?:#[ \t]*include|\.include|\.incbin)[ \t]*"([^"\n]+)"', re.MULTILINE)
_ANGLED = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>", re.MULTILINE)
_MOST = 1000


def parts(program: Path, args: Sequence[str]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """(sources, arguments): further sources come first among the arguments."""
    more = [Path(a) for a in itertools.takewhile(_is_source, args)]
    return (program, *more), tuple(args[len(more) :])


def _is_source(argument: str) -> bool:
    return argument.endswith(SUFFIXES) and Path(argument).is_file()


@dataclass(frozen=True)
class Files:
    """Contents by path from the folder that holds all of them; which of them are sources, in order.

    searched: further folders whose files are included by name.
    """

    contents: Mapping[str, bytes]
    sources: tuple[str, ...]
    searched: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Lay them out in a folder."""
        for name, data in self.contents.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    @property
    def folders(self) -> tuple[str, ...]:
        """Where the sources lie, and what they include."""
        return tuple(dict.fromkeys((*(str(Path(name).parent) for name in self.sources), *self.searched)))

    @property
    def plus(self) -> bool:
        """Whether any source is in C++."""
        return any(name.endswith(PLUS) for name in self.sources)


def gathered(sources: Sequence[Path], searched: Sequence[Path] = ()) -> Files:
    """The sources and what they include from beside themselves or from the folders `searched`, not from the system.

    Stops because every file is read once, and there are at most so many.
    """
    given = tuple(folder.resolve() for folder in searched)
    files = list(dict.fromkeys(source.resolve() for source in sources))
    found: dict[Path, bytes] = {}
    work = files[::-1]
    while work:
        file = work.pop()
        if file in found:
            continue
        if len(found) == _MOST:
            raise UsageError(f"the program includes more than {_MOST} files", hint="give its sources one by one")
        found[file] = file.read_bytes()
        folders = tuple(dict.fromkeys((file.parent, *(f.parent for f in files), *given)))
        text = found[file].decode("utf-8", "replace")
        for names, where in ((_INCLUDE.findall(text), folders), (_ANGLED.findall(text), given)):
            for name in names:
                work += [there for folder in where if (there := (folder / name).resolve()).is_file()][:1]
    top = Path(os.path.commonpath([*(file.parent for file in found), *given]))
    named = {file: str(file.relative_to(top)) for file in (*found, *given)}
    contents = {named[file]: data for file, data in found.items()}
    return Files(contents, tuple(named[file] for file in files), tuple(named[folder] for folder in given))
