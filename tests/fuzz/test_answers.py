"""Whatever a model answers, its reader gives a value or refuses with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelcore.proposers.answers import Refused, blocks, code_in, fenced, ideas_in, plan_in, score_in
from accelcore.proposers.edits import kernel_in
from accelcore.proposers.summaries import summary_in
from accelcore.testing.tasks import row_sum

BEFORE = "int ac_k(int n) {\n    return n;\n}\n"
PIECES = st.sampled_from([
    "```", "```c\n", "```json\n", "```edit\n", "```plan\n", "```summary\n", "````", "~~~", "\n", "{", "}", '"', "[",
    "]", "old", "new", "score: 7", "y = ", "sum(k < n: x[k])", "int ac_k(int n) {", "<<<<<<< SEARCH\n", "=======\n",
    ">>>>>>> REPLACE\n", "\x00", "\u2028", "\ud7ff", "x" * 500,
])  # fmt: skip
ANSWERS = st.lists(PIECES | st.text(max_size=20), max_size=30).map("".join)

READERS = {
    "plan": plan_in,
    "ideas": ideas_in,
    "score": score_in,
    "code": lambda answer: code_in(answer, "c", "ac_k"),
    "kernel": lambda answer: kernel_in(answer, "c", "ac_k", BEFORE),
    "summary": lambda answer: summary_in(answer, row_sum().task),
}


@pytest.mark.parametrize("reader", READERS)
@given(answer=ANSWERS)
def test_an_answer_is_read_or_refused(reader, answer):
    try:
        READERS[reader](answer)
    except Refused as refusal:
        assert str(refusal).strip(), "a refusal goes back to the model, and says why"


@given(text=st.text() | ANSWERS, tag=st.sampled_from(["", "c", "text"]))
def test_what_is_fenced_cannot_leave_its_fence(text, tag):
    assert len(blocks(f"before\n{fenced(text, tag)}\nafter")) == 1
