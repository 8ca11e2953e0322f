"""Kernels that differ only in comments and layout: one of them is judged."""

from __future__ import annotations

import io
import re
import tokenize
from functools import lru_cache

from accelcore.values import Kernel, digest_of

_C = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_SPACE = re.compile(r"[ \t\f\v\r\n]+")
_BESIDE = re.compile(r" ?([(){}\[\];,]) ?")
_LAYOUT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING})


@lru_cache(4096)
def form_of(kernel: Kernel) -> str:
    """Identity of what a kernel says: equal for texts that differ in comments, and in spaces that mean nothing.

    Only C, C++ and Python are read; a text of another language, one that does not read, and one that asks for its own
    lines (`__LINE__`) is its own form.
    """
    text = _normal(kernel.text, kernel.language)
    return digest_of(text, kernel.language, kernel.entry, kernel.build, kernel.binding)


def _normal(text: str, language: str) -> str:
    if language in ("c", "c++") and "__LINE__" not in text and 'R"' not in text:
        return _c(text)
    if language == "python":
        return _python(text)
    return text


def _c(text: str) -> str:
    """Directives line by line; the rest as one line with single spaces, none beside brackets and separators."""
    kept: list[str] = []
    strings: list[str] = []

    def word(match: re.Match[str]) -> str:
        if match[0].startswith("/"):
            return "\n" * match[0].count("\n") or " "
        strings.append(match[0])
        return f"\0{len(strings) - 1}\0"

    plain = _C.sub(word, text.replace("\\\n", "").replace("\0", " "))
    for line in plain.split("\n"):
        bare = _SPACE.sub(" ", line).strip()
        if bare.startswith("#"):
            kept.append(f"\n{bare}\n")
        elif bare:
            kept.append(f" {bare} ")
    joined = re.sub(r" *\n *", "\n", "".join(kept))
    tight = "\n".join(r if r.startswith("#") else _BESIDE.sub(r"\1", _SPACE.sub(" ", r)) for r in joined.split("\n"))
    return re.sub("\0(\\d+)\0", lambda match: strings[int(match[1])], tight)


def _python(text: str) -> str:
    """The tokens, with where blocks begin and end."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    words = [(t.type, "" if t.type in (tokenize.INDENT, tokenize.NEWLINE) else t.string) for t in tokens]
    return repr([word for word in words if word[0] not in _LAYOUT])
