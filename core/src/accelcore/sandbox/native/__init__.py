"""Native kernels: a shared object called through the C interface of docs/abi.md in a process of its own.

`NativeRunner` is the `Runner` that evaluators of C-speaking targets return from `open`; the judge also uses its parts
for checking between guard pages (`Guarded`) and for timing (`Timed`).
"""

from __future__ import annotations

from accelcore.sandbox.frames import abi_text, parse_abi
from accelcore.sandbox.native.guarded import Guarded, explain
from accelcore.sandbox.native.layout import Deck, Field, Layout
from accelcore.sandbox.native.runner import NativeRunner, open_kernel
from accelcore.sandbox.native.session import Library
from accelcore.sandbox.native.timed import Timed, Timing

__all__ = [
    "Deck", "Field", "Guarded", "Layout", "Library", "NativeRunner", "Timed", "Timing", "abi_text", "explain",
    "open_kernel", "parse_abi",
]  # fmt: skip
