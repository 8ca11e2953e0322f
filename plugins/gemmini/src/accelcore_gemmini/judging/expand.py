"""A kernel's text after the preprocessor: what is scanned is, to the letter, what is compiled.

The host's work is counted in basic blocks, so nothing in a kernel may switch the counting off or run before it begins.
A scan of the text as written would miss words made by pasting tokens, splicing lines or including files: the scan is of
the expanded text.  The headers of the simulator and of the C library have such words for good reasons; they come first,
up to a mark that a kernel cannot know, and all behind the mark is the kernel's, whatever it says of files and lines.
"""

from __future__ import annotations

import re
import secrets

_FORBIDDEN = re.compile(
    r"no_sanitize|__sanitizer|\basm\b|__asm|\bsyscall\b|#\s*pragma|%:|_Pragma|\b_*(?:constructor|ifunc)_*\b|\b_*section_*\s*\("
)
"""What would keep work of the host from being counted, or does not belong to a kernel."""

_LINE_MARK = re.compile(r'^# \d+ "[^"\n]*"[ \d]*$', re.MULTILINE)
"""The preprocessor's own lines.  A forged one has no room for code: it is a number and one quoted name."""

_LIBRARY = re.compile(
    r"\b(assert|ctype|errno|fcntl|limits|math|pthread|setjmp|signal|string|strings|sys/(?:mman|socket|stat|time|types)|time"
    r"|unistd|wchar)\.h\b"
)
"""Headers of the C library beside those that gemmini.h includes: declarations in them name their symbols by `__asm`."""


def marked(text: str) -> tuple[str, str]:
    """The text behind a mark, for the preprocessor, before it the headers that it may include; and the mark."""
    mark = f"accelcore_{secrets.token_hex(16)}"
    names = dict.fromkeys(_LIBRARY.findall(text))
    before = "".join(f"#include <{name}.h>\n" for name in names) + '#include "include/gemmini.h"\n'
    return f'{before}extern int {mark};\n#line 1 "kernel.c"\n{text}', mark


def forbidden(expanded: str, mark: str) -> str | None:
    """The first forbidden word behind the mark, "the mark" when it is not there once; None for a clean kernel."""
    parts = expanded.split(mark)
    if len(parts) != 2:
        return "the mark"
    found = _FORBIDDEN.search(_LINE_MARK.sub("", parts[1]))
    return found.group() if found else None
