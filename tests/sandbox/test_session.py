"""Answers of a candidate that has taken its process over: never an error of the caller, never more than they may be."""

from __future__ import annotations

import pytest

from accelcore.errors import RunFailure
from accelcore.sandbox.native.session import _codes, _number, _object
from accelcore.values import Status

GARBLED = (
    b"", b"[" * 200_000, b"[" + b"9" * 100_000 + b"]", b"[null]", b"[[1]]", b"[1e400]", b"[true]", b"[]", b"[0, 0]",
    b"[18446744073709551616]", b"nothing", b"\xff\xfe", b'"text"', b"[0",
)  # fmt: skip


@pytest.mark.parametrize("answer", GARBLED)
def test_garbled_numbers_are_forged(answer):
    with pytest.raises(RunFailure, match="in place of the runner") as raised:
        _codes(answer, 1)
    assert raised.value.status == Status.CHEATED


@pytest.mark.parametrize("answer", [b"[" * 200_000, b"[1]", b"1, 2", b"x", b'{"a": ' * 100_000])
def test_garbled_objects_and_single_numbers_are_forged(answer):
    for parse in (_object, _number):
        with pytest.raises(RunFailure, match="in place of the runner"):
            parse(answer)


def test_an_address_is_not_negative():
    with pytest.raises(RunFailure, match="in place of the runner"):
        _number(b"-4096", least=0)


def test_what_a_kernel_raised_is_cut():
    with pytest.raises(RunFailure) as raised:
        _codes(b'{"what": "' + b"x" * 100_000 + b'"}', 1)
    assert raised.value.status == Status.CRASHED
    assert len(raised.value.what) < 1000


def test_answers_of_the_runner():
    assert _codes(b"[0, 1, -3]", 3) == [0, 1, -3]
    assert _number(b"-1") == -1
    assert _object(b'{"direct": true}') == {"direct": True}
