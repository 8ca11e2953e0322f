"""Options as text: what is read, and what a wrong one says."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pytest

from accelcore.errors import UsageError
from accelcore.options import assignments, options_of, split, values_for


class Mode(enum.Enum):
    FAST = "fast"
    SMALL = "small"


@dataclass(frozen=True)
class Chip:
    vlen: int = field(default=128, metadata={"help": "bits of a vector register"})
    clock: float = 1e9
    cpu: str | None = None
    fused: bool = True
    mode: Mode = Mode.FAST
    level: Literal["O2", "O3"] = "O3"
    units: tuple[int, ...] = (1,)

    name: ClassVar[str] = "chip"


def test_split() -> None:
    assert split("chip") == ("chip", {})
    assert split("chip:vlen=256,cpu=x60") == ("chip", {"vlen": "256", "cpu": "x60"})
    assert split("chip:cpu=a,,b,vlen=1") == ("chip", {"cpu": "a,b", "vlen": "1"})
    assert split("chip:cpu=a=b") == ("chip", {"cpu": "a=b"})


@pytest.mark.parametrize("spec", ["", ":a=1", "chip:", "chip:vlen", "chip:=3", "chip:a=1,a=2", "chip:,"])
def test_what_cannot_be_split_is_refused(spec: str) -> None:
    with pytest.raises(UsageError):
        split(spec)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ({"vlen": "256"}, 256), ({"vlen": "0x100"}, 256), ({"clock": "2.5e9"}, 2.5e9), ({"cpu": "none"}, None),
        ({"cpu": "x60"}, "x60"), ({"fused": "no"}, False), ({"fused": "TRUE"}, True), ({"mode": "small"}, Mode.SMALL),
        ({"level": "O2"}, "O2"), ({"units": "1+2+4"}, (1, 2, 4)),
    ],
)  # fmt: skip
def test_values_are_read_by_type(text: dict[str, str], value: object) -> None:
    (found,) = values_for(Chip(), text).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"vlem": "1"}, ["no option 'vlem'", "vlen", "did you mean 'vlen'"]),
        ({"vlen": "wide"}, ["vlen", "an integer", "'wide'", "bits of a vector register"]),
        ({"fused": "perhaps"}, ["true or false", "perhaps"]),
        ({"mode": "slow"}, ["fast", "small"]),
        ({"level": "O1"}, ["one of O2|O3"]),
        ({"units": "1+x"}, ["several an integer"]),
    ],
)
def test_errors_name_the_option_its_type_and_its_help(given: dict[str, str], words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        values_for(Chip(), given)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_an_object_without_options_says_so() -> None:
    with pytest.raises(UsageError, match="it has: none"):
        values_for(object(), {"a": "1"})


def test_options_are_listed_with_type_default_and_help() -> None:
    first, *_ = options_of(Chip())
    assert first.json() == {"name": "vlen", "type": "an integer", "default": 128, "help": "bits of a vector register"}
    assert [o.name for o in options_of(Chip())] == ["vlen", "clock", "cpu", "fused", "mode", "level", "units"]


def test_assignments_pick_their_owner() -> None:
    given = ["width=8", "beam.depth=3", "greedy.tries=2"]
    assert assignments(given, "beam") == {"width": "8", "depth": "3"}
    with pytest.raises(UsageError):
        assignments(["width"])
