"""The text of a translation unit while it is written: lines with indentation, and what they need above them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from accelcore.cgen.isa import VectorIsa
from accelcore.cgen.names import ctype, identifier
from accelcore.errors import UnsupportedLowering
from accelcore.ir.dtypes import DTYPES


class NotVectorizable(UnsupportedLowering):
    """A vector loop that has to run one iteration at a time; the reason is written as a comment."""


@dataclass
class Writer:
    """Lines of C, with the current depth, and the names that the function has taken."""

    lines: list[str] = field(default_factory=list)
    depth: int = 1
    taken: set[str] = field(default_factory=set)
    counter: int = 0

    def line(self, text: str) -> None:
        """One line at the current depth."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str, tail: str = "}") -> Iterator[None]:
        """`head {` ... `}` around what is written inside."""
        self.line(f"{head} {{" if head else "{")
        self.depth += 1
        yield
        self.depth -= 1
        self.line(tail)

    def temporary(self) -> str:
        """A short C name that is used nowhere else in the function."""
        self.counter += 1
        return f"t{self.counter}"

    def name(self, base: str) -> str:
        """`base` as a C name that is used nowhere else in the function."""
        plain = identifier(base)
        free, number = plain, 1
        while free in self.taken:
            number += 1
            free = f"{plain}_{number}"
        self.taken.add(free)
        return free

    def mark(self) -> tuple[int, int]:
        """A position to `rewind` to."""
        return len(self.lines), self.depth

    def rewind(self, mark: tuple[int, int]) -> None:
        """Forget what was written since the mark."""
        del self.lines[mark[0] :]
        self.depth = mark[1]


@dataclass
class Unit:
    """Headers, vector types and helper functions that the function's text has asked for, in order."""

    isa: VectorIsa
    headers: dict[str, None] = field(default_factory=lambda: {"stdint.h": None, "math.h": None})
    typedefs: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    streams: bool = False

    def generic(self, dtype: str, lanes: int) -> str:
        """Name of the compiler's own vector type; its definition is noted.

        NotVectorizable for a scalable ISA, whose registers no such type fits: its tables must have what is used.
        """
        if self.isa.scalable:
            raise NotVectorizable(f"no vector instruction for an operation on {dtype}")
        name = f"ac_{dtype}x{lanes}"
        size = lanes * (DTYPES[dtype].bits or 0) // 8
        self.typedefs.setdefault(name, f"typedef {ctype(dtype)} {name} __attribute__((vector_size({size})));")
        return name

    def vector(self, dtype: str, lanes: int) -> str:
        """C type of a vector value: the ISA's own where it has one.  dtype "bool" is for ISAs with bit masks only."""
        own = self.isa.types.get((dtype, lanes))
        if own is not None:
            self.header(*self.isa.headers)
            return own
        return self.generic(dtype, lanes)

    def header(self, *names: str) -> None:
        """Include these."""
        self.headers.update(dict.fromkeys(names))

    def helper(self, name: str, text: str) -> str:
        """Note a static inline function; gives its name."""
        self.helpers.setdefault(name, text)
        return name

    def expand(self, template: str, **operands: str) -> str:
        """A template of the ISA with its operands; headers and helpers that it needs are noted."""
        self.header(*self.isa.headers)
        for name, text in self.isa.helpers.items():
            if f"{name}(" in template:
                self.helper(name, text)
        return template.format(**operands)

    def prelude(self) -> list[str]:
        """Lines above the function.  Helpers are guarded, so that several units can share one translation unit."""
        lines = [f"#include <{name}>" for name in self.headers]
        lines += ["", *self.typedefs.values()] if self.typedefs else []
        for name, text in self.helpers.items():
            guard = f"AC_HAVE_{name.upper()}"
            lines += ["", f"#ifndef {guard}", f"#define {guard}", *text.strip().splitlines(), "#endif"]
        return lines
