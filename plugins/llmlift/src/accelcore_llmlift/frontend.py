"""From source text to the imperative program, whatever the language."""

from __future__ import annotations

from functools import lru_cache

from accelcore.errors import UnsupportedSource
from accelcore.values import Source

from accelcore_llmlift.program import Program

LANGUAGES = ("python", "c", "c++")


@lru_cache(maxsize=256)
def program_of(source: Source) -> Program:
    """The program of a source, with the shapes and dtypes of its parameters and results inferred.

    Raises UnsupportedSource with file:line:column for what is outside the subset.
    """
    if source.language == "python":
        from accelcore_llmlift.python import parse

        return parse(source)
    raise UnsupportedSource(
        f"no front end reads {source.language!r}", where=source.path or "", hint=f"languages: {', '.join(LANGUAGES)}"
    )
