"""Edits: exact, whole lines, applied once, refused when anything is open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.proposers.answers import Refused
from accelcore.proposers.edits import Edit, applied, kernel_in

TEXT = "int f() {\n  a();\n  b();\n  a();\n  return 0;\n}\n"


def pair(old, new):
    return f"```old\n{old}\n```\n```new\n{new}\n```\n"


def test_edits_name_places_of_the_kernel_as_it_is():
    answer = "```plan\nswap\n```\n" + pair("  return 0;", "  return 1;") + "and\n" + pair("  b();", "  return 0;")
    assert kernel_in(answer, "c", "f", TEXT) == TEXT.replace("return 0", "return 1").replace("b()", "return 0")


def test_lines_can_be_removed_and_a_missing_last_line_break_is_no_matter():
    assert kernel_in("```old\n  b();\n```\n```new\n```", "c", "f", TEXT) == TEXT.replace("  b();\n", "")
    assert applied("x\ny", [Edit("y\n", "z\n")]) == "x\nz\n"


def test_a_whole_kernel_is_taken_as_before():
    assert kernel_in("```c\nint f();\n```", "c", "f", TEXT) == "int f();\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (pair("  a();", "  c();"), "is there 2 times"),
        (pair("  c();", "  a();"), "is not there"),
        (pair("b();", "c();"), "is not there"),
        (pair("  b();\n  a", "  c"), "is not there"),
        (pair("", "x"), "edit 1: the block `old` is empty"),
        (pair("  b();", "  b();"), "change nothing"),
        (pair("  b();", "  c();") + pair("  b();\n  a();", "  d();"), "overlap"),
        (pair("int f() {", "int g() {"), "function f is not in the kernel"),
        (pair("  b();", "  c();") + "```c\nint f();\n```", "no other block"),
        ("```new\nx\n```\n```old\n  b();\n```", "pairs of fenced blocks"),
        ("```old\n  b();\n```", "pairs of fenced blocks"),
        ("```old\n  b();\n```\n```new\n", "not closed"),
    ],
)
def test_what_is_open_is_refused(answer, why):
    with pytest.raises(Refused, match=why):
        kernel_in(answer, "c", "f", TEXT)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8), st.sampled_from("abc"))
def test_one_edit_replaces_the_only_place_or_is_refused(lines, old):
    text = "".join(f"{line}\n" for line in lines)
    if lines.count(old) == 1:
        expected = "".join(f"{'new' if line == old else line}\n" for line in lines)
        assert applied(text, [Edit(f"{old}\n", "new\n")]) == expected
    else:
        with pytest.raises(Refused):
            applied(text, [Edit(f"{old}\n", "new\n")])
