"""Kernels in processes of their own: shared objects with the C interface of docs/abi.md, and Python functions.

`NativeRunner` is the `Runner` that evaluators of C-speaking targets return from `open`; the judge also uses its parts
for checking between guard pages (`Guarded`) and for timing (`Timed`).
"""

from __future__ import annotations

from accelcore.sandbox.frames import abi_text, parse_abi
from accelcore.sandbox.native.guarded import Guarded, explain
from accelcore.sandbox.native.layout import Deck, Field, Layout
from accelcore.sandbox.native.runner import NativeRunner, open_kernel, open_script
from accelcore.sandbox.native.session import Code, Library, Script
from accelcore.sandbox.native.timed import Timed, Timing

__all__ = [
    "Code", "Deck", "Field", "Guarded", "Layout", "Library", "NativeRunner", "Script", "Timed", "Timing", "abi_text",
    "explain", "open_kernel", "open_script", "parse_abi",
]  # fmt: skip
