"""Options as text: `rvv:vlen=256,cpu=x` becomes a name and values for the fields of a frozen dataclass.

The fields of a target, evaluator, strategy or pool are its options.  A value is read by the field's type (bool, int,
float, str, an enum, a Literal, a tuple of these, or None beside any of them); a value that does not fit is refused with
the option's name, its type, its help and what was given.
"""

from __future__ import annotations

import dataclasses
import enum
import sys
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accelcore.errors import UsageError

_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


@dataclass(frozen=True)
class Option:
    """One option of a plugin object: its name, its type in words, its default and its help."""

    name: str
    type: str
    default: object
    help: str

    def json(self) -> dict[str, object]:
        """The option as JSON; a default that JSON has no type for is shown as text."""
        plain = isinstance(self.default, str | int | float | bool | None.__class__)
        return {
            "name": self.name,
            "type": self.type,
            "default": self.default if plain else str(self.default),
            "help": self.help,
        }


def options_of(item: object) -> tuple[Option, ...]:
    """The options of a plugin object, in the order of its fields; none for what is not a dataclass."""
    if not dataclasses.is_dataclass(item) or isinstance(item, type):
        return ()
    hints = _hints(type(item))
    return tuple(
        Option(f.name, _words(hints[f.name]), getattr(item, f.name), str(f.metadata.get("help", "")))
        for f in dataclasses.fields(item)
        if f.init
    )


def split(spec: str) -> tuple[str, dict[str, str]]:
    """`name:key=value,key=value` in parts; a comma inside a value is written twice.

    Raises UsageError for an empty name, a part without "=", or an option given twice.
    """
    name, colon, rest = spec.partition(":")
    if not name:
        raise UsageError(f"{spec!r} names nothing", hint="write NAME or NAME:OPTION=VALUE,OPTION=VALUE")
    if colon and not rest:
        raise UsageError(f"{spec!r} ends after the colon", hint=f"write {name}, or {name}:OPTION=VALUE")
    return name, _pairs(_commas(rest), spec) if rest else {}


def assignments(texts: Iterable[str], owner: str = "") -> dict[str, str]:
    """The `-O name=value` options of one owner; `-O owner.name=value` says whose it is.

    Those that name another owner are left out; `owner` "" keeps all.
    """
    found: dict[str, str] = {}
    for key, value in _pairs(texts, "-O").items():
        whose, dot, name = key.rpartition(".")
        if not dot or whose == owner or not owner:
            found[name] = value
    return found


def _pairs(texts: Iterable[str], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(f"{text!r} is no option", where=where, hint="write OPTION=VALUE")
        if key in found:
            raise UsageError(f"option {key!r} is given twice", where=where)
        found[key] = value
    return found


def _commas(text: str) -> list[str]:
    """Split at single commas; ",," stands for one comma."""
    return [part.replace("\0", ",") for part in text.replace(",,", "\0").split(",")]


def values_for(item: object, given: Mapping[str, str]) -> dict[str, object]:
    """The texts as values of the item's fields.

    Raises UsageError naming the option, its type and its help, or the options that exist.
    """
    known = {option.name: option for option in options_of(item)}
    owner = str(getattr(item, "name", type(item).__name__))
    hints = _hints(type(item)) if known else {}
    found: dict[str, object] = {}
    for name, text in given.items():
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise UsageError(f"{owner} has no option {name!r}; it has: {there}", hint=_closest(name, known))
        try:
            found[name] = read(text, hints[name])
        except ValueError as error:
            option = known[name]
            about = f": {option.help}" if option.help else ""
            raise UsageError(
                f"option {name} of {owner} is {option.type}, not {text!r} ({error})",
                hint=f"{name} (now {option.default}){about}",
            ) from None
    return found


def _closest(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]!r}?" if near else "accelcore targets NAME lists the options of a target"


def read(text: str, kind: object) -> object:
    """One value from its text by its type; ValueError says what was expected."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_union(text, inside)
    if origin is typing.Literal:
        return _read_choice(text, {str(value): value for value in inside})
    if origin is tuple:
        return tuple(read(part, inside[0]) for part in text.replace("+", " ").split())
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _read_choice(text, {str(member.value): member for member in kind})
    if kind is bool:
        return _read_choice(text.lower(), _BOOLEANS)
    if kind is int:
        return int(text, 0)
    if kind is float:
        return float(text)
    return text


def _read_union(text: str, kinds: tuple[object, ...]) -> object:
    if type(None) in kinds and text.lower() in ("none", ""):
        return None
    reasons = []
    for kind in kinds:
        if kind is not type(None):
            try:
                return read(text, kind)
            except ValueError as error:
                reasons.append(str(error))
    raise ValueError("; ".join(reasons))


def _read_choice(text: str, choices: Mapping[str, object]) -> object:
    if text not in choices:
        raise ValueError(f"one of {', '.join(sorted(choices))}")
    return choices[text]


def _hints(cls: type) -> dict[str, object]:
    """The types of a dataclass's fields; a type that only exists for type checkers falls back on its text."""
    try:
        return dict(typing.get_type_hints(cls))
    except NameError:
        namespace = {**vars(typing), **vars(sys.modules[cls.__module__])}
        return {f.name: _resolve(f.type, namespace) for f in dataclasses.fields(cls)}


def _resolve(annotation: object, namespace: Mapping[str, object]) -> object:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(namespace))  # the plugin's own annotation, as typing.get_type_hints does
    except NameError:
        return str


def _words(kind: object) -> str:
    """A type in words."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("none" if k is type(None) else _words(k) for k in inside)
    if origin is typing.Literal:
        return "one of " + "|".join(map(str, inside))
    if origin is tuple:
        return f"several {_words(inside[0])} joined by +"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "one of " + "|".join(str(member.value) for member in kind)
    return {bool: "true or false", int: "an integer", float: "a number", str: "text"}.get(
        typing.cast("type", kind), "text"
    )
