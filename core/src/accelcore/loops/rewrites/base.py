"""What all rewrites share: a text form that parses and prints, and a registry by name."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from accelcore.errors import IllegalRewrite, UsageError

if TYPE_CHECKING:
    from accelcore.loops.nodes import Program

_REGISTRY: dict[str, type[Rewrite]] = {}
_CALL = re.compile(r"\s*(\w+)\s*\((.*)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Rewrite(ABC):
    """A step of a schedule.  `str` gives its text, `parse` reads it; fields are its arguments, names or numbers.

    Required fields are printed by position, others as key=value where they differ from their default.
    """

    name: ClassVar[str] = ""

    @classmethod
    def read(cls, positional: Sequence[str], named: Mapping[str, str]) -> Self:
        """From the arguments of its text; TypeError or ValueError when they are not what it takes."""
        declared = fields(cls)
        if len(positional) > len(declared):
            raise TypeError(f"{len(positional)} arguments")
        values = dict(zip([f.name for f in declared], positional, strict=False)) | dict(named)
        return cls(**{f.name: _typed(f, values.pop(f.name)) for f in declared if f.name in values}, **values)

    @abstractmethod
    def apply(self, program: Program) -> Program:
        """The rewritten program, which computes the same; raises IllegalRewrite with the reason."""

    def __str__(self) -> str:
        parts = []
        for field in fields(self):
            value = getattr(self, field.name)
            if field.default is MISSING:
                parts.append(str(value))
            elif value != field.default:
                parts.append(f"{field.name}={value}")
        return f"{self.name}({', '.join(parts)})"


R = TypeVar("R", bound=type[Rewrite])


def register(cls: R) -> R:
    """Make a rewrite known by its name."""
    if cls.name in _REGISTRY:
        raise ValueError(f"two rewrites are called {cls.name}")
    _REGISTRY[cls.name] = cls
    return cls


def known() -> dict[str, type[Rewrite]]:
    """All rewrites by name."""
    import accelcore.loops.rewrites  # noqa: F401 - importing the package registers them

    return dict(_REGISTRY)


def parse(text: str) -> Rewrite:
    """The rewrite that a text names; UsageError when it does not parse."""
    match = _CALL.fullmatch(text)
    if match is None:
        raise UsageError(f"not a rewrite: {text!r}", hint="write name(argument, ...), for instance split(i, 8)")
    name, inside = match.groups()
    cls = known().get(name)
    if cls is None:
        raise UsageError(f"unknown rewrite {name!r}", hint=f"known are {', '.join(sorted(known()))}")
    arguments = [a.strip() for a in inside.split(",")] if inside.strip() else []
    positional = [a for a in arguments if "=" not in a]
    named = dict(a.split("=", 1) for a in arguments if "=" in a)
    try:
        return cls.read(positional, {key.strip(): value for key, value in named.items()})
    except (TypeError, ValueError) as error:
        usage = ", ".join(f.name for f in fields(cls))
        raise UsageError(f"{text!r} has wrong arguments: {error}", hint=f"use {name}({usage})") from None


def _typed(field: Field[Any], value: str) -> object:
    text = value.strip()
    return int(text) if field.type in ("int", int) else text


def require(condition: bool, reason: str, hint: str = "") -> None:
    """IllegalRewrite with the reason unless the condition holds."""
    if not condition:
        raise IllegalRewrite(reason, hint=hint)
