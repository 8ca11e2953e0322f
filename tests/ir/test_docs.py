"""The examples of docs/language.md run, in order and in one scope."""

from __future__ import annotations

import pathlib
import re


def test_examples_of_the_language_page_run():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 4
    scope: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "docs/language.md", "exec"), scope)
