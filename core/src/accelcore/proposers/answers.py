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


def code_in(answer: str, language: str, entry: str) -> str:
    """The text of the one block in the kernel's language, which must name `entry`; a `plan` may stand beside it."""
    tags = _TAGS.get(language, {language})
    others = [b for b in blocks(answer) if b.tag != "plan"]
    if len(others) == 1 and not others[0].tag:  # an untagged single block cannot be mistaken
        text = others[0].text
    else:
        text = _only(others, tags, language)
    return checked(text, entry)


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
