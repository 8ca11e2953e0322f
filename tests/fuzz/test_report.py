"""Whatever kernels, models and compilers wrote, the report stays closed and the terminal's lines stay lines."""

from __future__ import annotations

import json
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from accelcore.html import page
from accelcore.terminal import plain
from accelcore.testing.tasks import row_sum
from accelcore.values import Candidate, Evaluation, Kernel, Move, Run, Status, sizes_of

PIECES = st.sampled_from([
    "<", ">", "</script>", "<script>", "<!--", "-->", "<img src=x onerror=alert(1)>", "javascript:", "&", '"', "'",
    "]]>", "{{", "${",
    "\x1b[31m", "\x1b]8;;http://x\x07", "\r", "\n", "\x00", "\x9b", "\u2028", "\u202e", "\ufeff", "\ud7ff",
])  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join)


class Reader(HTMLParser):
    """Tags with their attributes, and the texts of scripts of data."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: list[str] = []
        self._inside = False

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script" and dict(attrs).get("type") == "application/json"

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.data.append(data)


def written(text: str) -> str:
    kernel = Kernel(f"int k; // {text}", "c", "ac_row_sum")
    task = row_sum().task
    candidate = Candidate(kernel, None, text, Move(text or "m", text), text or "o", 1, 0)
    found = Evaluation(kernel.digest, task.name, sizes_of({"m": 3}), Status.WRONG, feedback=text, log=text)
    return page(Run(text or "id", "x", "done", {"note": text, "target": text}, task, None, (candidate,), (found,)))


@given(text=TEXTS)
def test_foreign_text_adds_no_tag_and_breaks_no_data(text):
    plainly, foreign = Reader(), Reader()
    plainly.feed(written("text"))
    foreign.feed(written(text))
    assert [t for t, _ in foreign.tags] == [t for t, _ in plainly.tags]
    assert not any(name.startswith("on") for _, attributes in foreign.tags for name in attributes)
    for data in foreign.data:
        json.loads(data)


@given(text=TEXTS)
def test_a_line_for_the_terminal_has_no_control_characters(text):
    line = plain(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in line)
