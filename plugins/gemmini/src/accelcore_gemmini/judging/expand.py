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

_BEFORE = "".join(
    f"#include <{name}.h>\n"
    for name in ("assert", "limits", "math", "stdbool", "stddef", "stdint", "stdio", "stdlib", "string")
) + '#include "include/gemmini.h"\n'
"""Headers with words that are forbidden to kernels, and those that C kernels include without thought."""


def marked(text: str) -> tuple[str, str]:
    """The text behind the headers and a mark, for the preprocessor; and the mark."""
    mark = f"accelcore_{secrets.token_hex(16)}"
    return f'{_BEFORE}extern int {mark};\n#line 1 "kernel.c"\n{text}', mark


def forbidden(expanded: str, mark: str) -> str | None:
    """The first forbidden word behind the mark, "the mark" when it is not there once; None for a clean kernel."""
    parts = expanded.split(mark)
    if len(parts) != 2:
        return "the mark"
    found = _FORBIDDEN.search(_LINE_MARK.sub("", parts[1]))
    return found.group() if found else None
