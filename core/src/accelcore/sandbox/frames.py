"""The C interface of kernels as data: which argument is what, and calls packed for the trampoline.

A signature travels with a built kernel as text (`Artifact.facts`), so that a runner needs no task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accelcore.sandbox._jail.trampoline import FLOATING, GENERAL, HEADER
from accelcore.values import AbiArg, Role, Task, abi_arguments

if TYPE_CHECKING:
    import numpy as np

_LETTERS = {"f32": "f", "f64": "d", "f16": "f"}


def abi_text(task: Task) -> str:
    """The arguments of a task's kernels as text for `Artifact.facts`: ("abi", abi_text(task))."""
    return json.dumps([[a.name, a.kind, a.dtype, a.role.value] for a in abi_arguments(task)])


def parse_abi(text: str) -> tuple[AbiArg, ...]:
    """The inverse of `abi_text`, without shapes."""
    return tuple(AbiArg(name, kind, dtype, Role(role)) for name, kind, dtype, role in json.loads(text))


def signature(arguments: Sequence[AbiArg], *, workspace: bool) -> str:
    """One letter for each argument: "q" in a general register, "f" and "d" in a floating-point one."""
    letters = [_LETTERS.get(a.dtype, "q") if a.kind == "scalar" else "q" for a in arguments]
    return "".join(letters) + ("q" if workspace else "")


def word_of(value: np.ndarray[Any, Any]) -> int:
    """A scalar as the 64-bit word that is passed: sign-extended if signed, else its bits."""
    return int(words_of(value.reshape(1))[0])


def words_of(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same for an array of scalars, as uint64."""
    import numpy as np

    if values.dtype.kind == "i":
        return values.astype(np.int64).view(np.uint64)
    bits = np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")
    return bits.astype(np.uint64)


def pack(letters: str, words: np.ndarray[Any, Any], *, direct: bool) -> tuple[bytes, int]:
    """Calls, one a row of `words` (uint64, calls x arguments), as frames; and the stride in bytes.

    direct: laid out for the machine-code trampoline, else in order for ctypes (see `_jail.trampoline`).
    """
    import numpy as np

    calls = len(words)
    if not direct:
        frames = np.zeros((calls, 2 + len(letters)), np.uint64)
        frames[:, 2:] = words
        return frames.tobytes(), frames.shape[1] * 8
    general, floating, stack = 2, 2 + GENERAL, HEADER
    places = []
    for letter in letters:
        if letter == "q" and general < 2 + GENERAL:
            places.append(general)
            general += 1
        elif letter != "q" and floating < 2 + GENERAL + FLOATING:
            places.append(floating)
            floating += 1
        else:
            places.append(stack)
            stack += 1
    frames = np.zeros((calls, stack), np.uint64)
    frames[:, 0] = stack - HEADER
    frames[:, places] = words
    return frames.tobytes(), stack * 8


def size_words(arguments: Sequence[AbiArg], sizes: Mapping[str, int]) -> list[int]:
    """The values of the size arguments, in order: what `ac_<name>_workspace` is called with."""
    return [int(sizes[a.name]) for a in arguments if a.kind == "size"]
