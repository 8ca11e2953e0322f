"""What a model's answer may contain, read strictly: fenced blocks, and nothing guessed from what lies around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n`]*$")

LONGEST = 200_000
"""Characters of a kernel that are still looked at; nothing that a person would write is longer."""


class Refused(Exception):  # an answer, not an error of the program
    """The answer is not usable; the message tells the model why."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its tag and its lines."""

    tag: str
    text: str


def blocks(answer: str) -> Sequence[Block]:
    """All fenced blocks in order; Refused when one is not closed."""
    found: list[Block] = []
    fence, tag, lines = "", "", list[str]()
    for line in answer.splitlines():
        match = _FENCE.match(line)
        if not fence and match:
            fence, tag, lines = match[1], match[2].lower(), []
        elif fence and match and match[1].startswith(fence) and not match[2]:
            found.append(Block(tag, "\n".join(lines) + "\n"))
            fence = ""
        elif fence:
            lines.append(line)
    if fence:
        raise Refused("a fenced block is not closed; was the answer cut off?")
    return found


def plan_in(answer: str) -> str:
    """The text of the one block tagged `plan`."""
    return _only(blocks(answer), {"plan"}, "plan").strip()


BESIDE = ("plan",)
"""Tags of blocks that may stand beside a kernel."""


def code_in(answer: str, language: str, entry: str, *, beside: Sequence[str] = BESIDE) -> str:
    """The text of the one block in the kernel's language, which must name `entry`."""
    tags = _TAGS.get(language, {language})
    others = [b for b in blocks(answer) if b.tag not in beside]
    if len(others) == 1 and not others[0].tag:  # an untagged single block cannot be mistaken
        text = others[0].text
    else:
        text = _only(others, tags, language)
    return checked(text, entry)


IDEAS, LONGEST_IDEA = 20, 600
"""Ideas in one answer, and characters of one, that are still taken."""


def ideas_in(answer: str) -> Sequence[str]:
    """The lines of the one block tagged `menu`, each of which begins with `- `; equal ones once."""
    rows = [row for row in _only(blocks(answer), {"menu"}, "menu").splitlines() if row.strip()]
    if len(rows) > IDEAS:
        raise Refused(f"there are {len(rows)} ideas; at most {IDEAS} are taken")
    for row in rows:
        if not row.startswith("- ") or not row[2:].strip():
            raise Refused(f"a line of `menu` is not `- ` and an idea: {row[:60]}")
        if len(row) > LONGEST_IDEA:
            raise Refused(f"an idea has {len(row)} characters; at most {LONGEST_IDEA} are taken")
    return list(dict.fromkeys(" ".join(row[2:].split()) for row in rows))


def score_in(answer: str) -> int:
    """The whole number from 0 to 10 in the one block tagged `score`."""
    found = [block for block in blocks(answer) if block.tag == "score"]
    if len(found) != 1:
        raise Refused(f"there are {len(found)} fenced blocks tagged `score`; give exactly one")
    text = found[0].text.strip()
    if not re.fullmatch(r"10|[0-9]", text):
        raise Refused("the block tagged `score` must hold one whole number from 0 to 10")
    return int(text)


def checked(text: str, entry: str) -> str:
    """A kernel's text that is not too long and names `entry`; else Refused."""
    if len(text) > LONGEST:
        raise Refused(f"the kernel has {len(text)} characters; at most {LONGEST} are taken")
    if not re.search(rf"\b{re.escape(entry)}\b", text):
        raise Refused(f"the function {entry} is not in the kernel")
    return text


_TAGS = {"c": {"c", "h", "c++", "cpp"}, "python": {"python", "py", "python3"}}


def _only(found: Sequence[Block], tags: set[str], name: str) -> str:
    matching = [b for b in found if b.tag in tags]
    if (len(matching) == 1 and len(found) == 1) or (name == "plan" and len(matching) == 1):
        text = matching[0].text
    elif not matching:
        raise Refused(f"there is no fenced block tagged `{name}`")
    else:
        raise Refused(f"there are {len(found)} fenced blocks; give exactly one, tagged `{name}`")
    if not text.strip():
        raise Refused(f"the block tagged `{name}` is empty")
    return text


def fenced(text: str, tag: str = "", limit: int = 24_000) -> str:
    """Somebody's text as a block that it cannot close: the fence is longer than any in it.  Cut in the middle."""
    if len(text) > limit:
        text = f"{text[: limit // 2]}\n... ({len(text) - limit} characters left out) ...\n{text[-limit // 2 :]}"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{tag}\n{text.rstrip()}\n{fence}"
