"""Choosing the part of a long document that one kernel needs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accelcore.knowledge import sections, select

FILLER = "Words that say nothing in particular. " * 8


def entry(name, about):
    return f"### {name}\n{about} {FILLER}\n"


DOCUMENT = sections(
    "# Manual\nHow to read it.\n"
    + "## Shifts\nOf integers.\n"
    + "".join(entry(f"shift_{n}", "shifts bits") for n in "abcdef")
    + "## Products\nWith one rounding.\n"
    + entry("fmadd", "multiply and add")
    + entry("fmsub", "multiply and subtract")
    + "## Caches\n"
    + entry("prefetch", "fetches a line early")
)


def test_a_document_that_fits_is_whole():
    text = select(DOCUMENT, "anything", 100_000)
    assert text.startswith("# Manual") and text.count("###") == 9 and "Not all" not in text


def test_sections_then_entries_that_the_kernel_speaks_of():
    text = select(DOCUMENT, "for (...) acc = _chip_fmadd_ps(a, b, acc);", 1000)
    assert "### fmadd" in text and "## Products\nWith one rounding." in text
    assert text.index("## Products") < text.index("### fmadd")
    assert "(Not all is shown of: Shifts" in text and "Caches" in text.splitlines()[-1]


def test_another_kernel_gets_another_part():
    text = select(DOCUMENT, "prefetch(p + 64)", 500)
    assert "### prefetch" in text and "### fmadd" not in text


def test_headings_in_code_are_code():
    (only,) = sections("## A\n```sh\n## comment\n### comment\n```\n")
    assert only.entries == () and "## comment" in only.text


@given(st.integers(0, 5000), st.text(max_size=60))
def test_it_keeps_to_the_limit_and_to_the_order(limit, about):
    text = select(DOCUMENT, about, limit)
    body = [line for line in text.splitlines() if line.startswith("##")]
    order = [line for section in DOCUMENT for line in section.text.splitlines() if line.startswith("##")]
    assert [line for line in order if line in body] == body
    assert len(text.partition("(Not all")[0]) <= limit
