"""JSON of the values: what journals, certificates, task files and other processes hold.

The form is self-describing.  JSON numbers, strings, booleans and null are themselves (a float that JSON cannot write is
{"float": "inf"}), an array is a tuple, and an object with one of these keys is

    {"type": "Task", "fields": {...}}     a dataclass of `accelcore.values`; a missing field takes its default
    {"enum": "Status", "value": "ok"}     a member of one of its enums
    {"expr": [[op, [args], [attrs], dtype, rank], ...]}   an expression: its distinct nodes, children first
    {"list": [...]}, {"map": [[key, value], ...]}          Python lists and mappings

Decoding checks every node and interns it again, so that equal expressions are one object here too.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import math
from collections.abc import Mapping
from typing import Any

from accelcore import values
from accelcore.errors import IrError, UsageError
from accelcore.ir.expr import Attr, Expr, to_rows
from accelcore.ir.make import make

_PLAIN = (bool, int, str)


def encode(obj: object) -> Any:
    """What `json.dumps` takes, from a value, an Expr, or tuples, lists and mappings of them.

    Raises UsageError for an object of another type.  NumPy scalars and arrays become numbers and lists.
    """
    if isinstance(obj, enum.Enum):  # before str: the enums are strings
        return {"enum": type(obj).__name__, "value": obj.value}
    if obj is None or isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else {"float": repr(obj)}
    if isinstance(obj, Expr):
        return {"expr": [[op, list(args), encode(attrs), dtype, rank] for op, args, attrs, dtype, rank in to_rows(obj)]}
    if isinstance(obj, tuple):
        return [encode(item) for item in obj]
    kind = type(obj).__name__
    if kind in _classes() and dataclasses.is_dataclass(obj):
        return {"type": kind, "fields": {name: encode(getattr(obj, name)) for name in _field_names(kind)}}
    if isinstance(obj, list):
        return {"list": [encode(item) for item in obj]}
    if isinstance(obj, Mapping):
        return {"map": [[encode(key), encode(value)] for key, value in obj.items()]}
    if hasattr(obj, "tolist"):
        return encode(obj.tolist())
    raise UsageError(f"no JSON form for a {kind}", hint="accelcore.values and Expr have one")


@functools.cache
def _field_names(kind: str) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(_classes()[kind]))


def decode(data: Any) -> Any:
    """The inverse of `encode`; raises UsageError for what it cannot have written, IrError for a malformed node."""
    if data is None or isinstance(data, bool | int | float | str):
        return data
    if isinstance(data, list):
        return tuple(decode(item) for item in data)
    if not isinstance(data, dict):
        raise UsageError(f"no value is written as a {type(data).__name__}")
    try:
        return _decode_object(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"malformed value with keys {sorted(map(str, data))}: {error}") from error


def canonical(obj: object) -> str:
    """One text for equal values (keys sorted, no spaces), for hashing."""
    return json.dumps(encode(obj), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _decode_object(data: dict[str, Any]) -> Any:
    if "type" in data:
        cls = _classes()[data["type"]]
        known = {field.name for field in dataclasses.fields(cls)}
        # Keys that a newer version added are dropped: a journal stays readable.
        return cls(**{name: decode(value) for name, value in data["fields"].items() if name in known})
    if "enum" in data:
        return _enums()[data["enum"]](data["value"])
    if "expr" in data:
        return _decode_expr(data["expr"])
    if "list" in data:
        return [decode(item) for item in data["list"]]
    if "map" in data:
        return {decode(key): decode(value) for key, value in data["map"]}
    if "float" in data:
        return float(data["float"])
    raise UsageError(f"no value has the keys {sorted(data)}", hint="was it written by accelcore.codec.encode?")


def _decode_expr(rows: list[list[Any]]) -> Expr:
    nodes: list[Expr] = []
    if not rows:
        raise IrError("an expression has at least one node")
    for op, args, attrs, dtype, rank in rows:
        if any(not isinstance(a, int) or not 0 <= a < len(nodes) for a in args):
            raise IrError(f"row {len(nodes)} ({op}) refers to a row that does not come before it")
        nodes.append(make(op, tuple(nodes[a] for a in args), _attrs(attrs), dtype, rank))
    return nodes[-1]


def _attrs(data: list[Any]) -> tuple[Attr, ...]:
    attrs = decode(data)
    assert isinstance(attrs, tuple)
    return attrs


@functools.cache
def _classes() -> dict[str, type[Any]]:
    """Every dataclass of `accelcore.values` by name, found by introspection: a new one is covered at once."""
    return {
        name: cls
        for name, cls in vars(values).items()
        if isinstance(cls, type) and dataclasses.is_dataclass(cls) and cls.__module__ == values.__name__
    }


@functools.cache
def _enums() -> dict[str, type[enum.Enum]]:
    return {name: cls for name, cls in vars(values).items() if isinstance(cls, type) and issubclass(cls, enum.Enum)}
