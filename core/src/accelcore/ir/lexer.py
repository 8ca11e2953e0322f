"""Tokens of the text form of expressions, with their places for error messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from accelcore.errors import IrError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\d+))"
    r"|(?P<name>[^\W\d]\w*)"
    r"|(?P<sign><=|==|!=|<<|>>|//|->|[-+*/%<>&|^~()\[\],:;=]))"
)


@dataclass(frozen=True)
class Token:
    """kind: "number", "name", "sign" or "end"; at: offset of its first character."""

    kind: str
    text: str
    at: int


def tokens(source: str) -> list[Token]:
    """All tokens, then one of kind "end"."""
    found: list[Token] = []
    at = 0
    while at < len(source.rstrip()):
        match = _TOKEN.match(source, at)
        if match is None:
            start = at + len(source[at:]) - len(source[at:].lstrip())
            complain(source, start, f"unexpected character {source[start]!r}")
        kind = str(match.lastgroup)
        found.append(Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return [*found, Token("end", "", len(source))]


def complain(source: str, at: int, what: str, hint: str = "") -> NoReturn:
    """Raise an IrError that shows the place: line, column, and the text around it."""
    line = source.count("\n", 0, at) + 1
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    around = source[max(0, at - 20) : at + 20].replace("\n", " ")
    raise IrError(f"{what}, near {around!r}", where=f"line {line}, column {column}", hint=hint)


class Cursor:
    """A position in a list of tokens."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._tokens: Sequence[Token] = tokens(source)
        self._at = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def ahead(self, count: int = 1) -> Token:
        """The token `count` after the next."""
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def next(self) -> Token:
        """The next token, consumed."""
        token = self.token
        self._at += 1
        return token

    def accept(self, text: str) -> bool:
        """Consume a sign or word if it is next."""
        if self.token.text != text or self.token.kind == "end":
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> Token:
        """Consume a sign or word that must be next."""
        if self.token.text != text:
            found = repr(self.token.text) if self.token.text else "the end"
            self.fail(f"expected {text!r}, found {found}")
        return self.next()

    def name(self) -> str:
        """Consume a name."""
        if self.token.kind != "name":
            self.fail(f"expected a name, found {self.token.text or 'the end'!r}")
        return self.next().text

    def fail(self, what: str, hint: str = "", at: int | None = None) -> NoReturn:
        """An error here, or at another place."""
        complain(self.source, self.token.at if at is None else at, what, hint)
