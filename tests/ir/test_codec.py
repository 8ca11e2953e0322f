"""JSON of values: every dataclass round-trips, expressions keep their sharing, malformed data is refused."""

from __future__ import annotations

import dataclasses
import enum
import json
import typing
from collections.abc import Mapping

import pytest

from accelcore import codec, values
from accelcore.errors import IrError, UsageError
from accelcore.ir import expr as E

SOFTMAX = E.comp(
    E.size("m"),
    lambda i: E.comp(
        E.size("n"),
        lambda j: (
            E.call("exp", E.array("x", "f32", 2)[i, j])
            / E.reduce("sum", E.size("n"), lambda k: E.call("exp", E.array("x", "f32", 2)[i, k]))
        ),
    ),
)
CLASSES = [
    c
    for c in vars(values).values()
    if isinstance(c, type) and dataclasses.is_dataclass(c) and c.__module__ == values.__name__
]


def sample(hint: object) -> object:
    """A value of a type, so that every field of every class is filled without naming the classes here."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint in (int, float, str, bool, object):
        return {int: 7, float: 2.5, str: "text", bool: True, object: [1, [2.0, float("inf")]]}[hint]
    if hint is E.Expr:
        return SOFTMAX
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(iter(hint))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return filled(hint)
    if origin is tuple:
        return (sample(args[0]),) * 2 if args[-1] is Ellipsis else tuple(sample(a) for a in args)
    if origin in (Mapping, dict) or hint is Mapping:
        return {"key": sample(args[1])}
    return sample(next(a for a in args if a is not type(None) and a is not values.Candidate))


def filled(cls: type) -> object:
    hints = typing.get_type_hints(cls, vars(values) | {"Expr": E.Expr})
    recursive = {("Request", "parent")}
    return cls(
        **{
            f.name: None if (cls.__name__, f.name) in recursive else sample(hints[f.name])
            for f in dataclasses.fields(cls)
        }
    )


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_every_value_round_trips(cls):
    value = filled(cls)
    text = json.dumps(codec.encode(value), allow_nan=False)
    back = codec.decode(json.loads(text))
    assert back == value and type(back) is cls
    assert codec.canonical(back) == codec.canonical(value)


@pytest.mark.parametrize(
    "member", [m for c in vars(values).values() if isinstance(c, type) and issubclass(c, enum.Enum) for m in c]
)
def test_every_enum_member_round_trips(member):
    assert codec.decode(json.loads(json.dumps(codec.encode(member)))) is member


def test_expression_is_interned_again_and_linear_in_its_nodes():
    e = E.param("a", "int")
    for _ in range(200):
        e = e * e + 1
    data = codec.encode(e)
    assert len(data["expr"]) == len(list(E.walk(e))) < 500
    assert codec.decode(json.loads(json.dumps(data))) is e


def test_constants_keep_their_kinds():
    for constant in (E.const(1), E.const(1.0), E.const(True), E.const(-0.0), E.const(float("inf")), E.const(2**80)):
        assert codec.decode(json.loads(json.dumps(codec.encode(constant)))) is constant


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["add", [0, 1], [], "int", 0]],
        [["const", [], [1], "int", 0], ["add", [0, 0], [], "i32", 0]],
        [["const", [], [1], "int", 0], ["add", [0], [], "int", 0]],
        [["const", [], [1], "int", 0], ["frobnicate", [0], [], "int", 0]],
        [["const", [], [300], "u8", 0]],
        [["const", [], [1], "u9", 0]],
        [["size", [], ["n"], "i64", 0], ["const", [], [1.0], "real", 0], ["comp", [0, 1], [5], "real", 1]],
        [["size", [], ["n"], "i64", 0], ["const", [], [1.0], "real", 0], ["reduce", [0, 1], [0, "most"], "real", 0]],
        [["param", [], ["not a name"], "int", 0]],
        [["var", [], ["x"], "i64", 0]],
    ],
)
def test_malformed_expressions_are_refused(rows):
    with pytest.raises((IrError, UsageError)):
        codec.decode({"expr": rows})


@pytest.mark.parametrize(
    "data", [{"type": "Nothing", "fields": {}}, {"enum": "Status", "value": "fine"}, {"what": 1}, b"x"]
)
def test_unknown_data_is_refused(data):
    with pytest.raises(UsageError):
        codec.decode(data)


def test_objects_without_a_form_are_refused():
    with pytest.raises(UsageError, match="no JSON form"):
        codec.encode(object())


def test_a_field_of_a_newer_version_is_dropped():
    data = codec.encode(values.Cost(2.0))
    data["fields"]["confidence"] = 0.9
    assert codec.decode(data) == values.Cost(2.0)
