"""Assembly between compiler and assembler: what the emulator cannot run as it stands.

qemu 7.2 ends with an assertion at a conversion with a rounding mode of its own (vfcvt.rtz, vfncvt.rod and their kin)
when no float instruction precedes it in the same block of translation.  So one is put in front: a conversion of a
scalar into the zero register, which changes nothing but flags of exceptions that the conversion behind it may raise
too.  It is no part of the program: `Line.inserted` keeps it out of counts and times.
"""

from __future__ import annotations

import re
from pathlib import Path

NAME, OPERANDS = "fcvt.w.s", "zero, ft0"
_FIXED_MODE = re.compile(r"^((?:[\w.$]+:)?[ \t]*|.*?;[ \t]*)(vf[nw]?cvt\.(?:rtz|rod)\.)", re.MULTILINE)


def runnable(text: str) -> str:
    """The text with an instruction before each of those conversions."""
    return _FIXED_MODE.sub(rf"\1{NAME} {OPERANDS}, dyn\n\t\2", text)


def make_runnable(file: Path) -> None:
    """The same for a file, in place."""
    text = file.read_text()
    file.write_text(runnable(text))
