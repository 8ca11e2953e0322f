"""The process that holds a candidate written in Python: the same commands as `guest`, over NumPy arrays.

Forked from a server that has NumPy loaded.  The function takes the arguments of the task that it fills itself with
(arrays, scalars, sizes, in order) and returns its results, one or a tuple.  What it returns is copied to shared memory
at once, under the clock, so that nothing can be computed later than it is asked for; what the harness's copy costs is
part of an empty batch, which is subtracted.
"""

from __future__ import annotations

import ctypes
import json
import linecache
import struct
from collections.abc import Callable
from typing import Any

from . import guest

_ERROR = 600  # characters of an exception's text that are passed on


class Problem(Exception):
    """What the function returned is not what it should return."""


class ScriptGuest(guest.Guest):
    """State of the process: the function, its arguments for the next batch, where its results go."""

    def __init__(self, fds: list[int]) -> None:
        super().__init__(fds)
        self.python: Callable[..., Any] = lambda *_: None
        self.arguments: list[tuple[str, str, str, str]] = []
        self.fresh: set[str] = set()
        self.shapes: dict[str, tuple[list[int], str]] = {}
        self.calls: list[list[Any]] = []
        self.targets: list[dict[str, Any]] = []
        self.failure: dict[str, str] = {}

    def load(self, payload: bytes) -> bytes:
        """{text, entry, arguments} -> {direct, workspace, error}.  The module's top level runs here."""
        facts = json.loads(payload)
        self.arguments = [tuple(a) for a in facts["arguments"]]
        self.fresh = {name for name, _, _, role in self.arguments if role == "out"}
        name = "<kernel>"
        linecache.cache[name] = (len(facts["text"]), None, facts["text"].splitlines(keepends=True), name)
        space: dict[str, Any] = {"__name__": "kernel"}
        error = ""
        try:
            exec(compile(facts["text"], name, "exec"), space)
            self.python = space[facts["entry"]]
        except KeyError:
            error = f"defines no function {facts['entry']}"
        except Exception as problem:  # noqa: BLE001  # the candidate's own code runs here
            error = _text(problem)
        return json.dumps({"direct": False, "workspace": False, "error": error}).encode()

    def describe(self, payload: bytes) -> bytes:
        """{name: [shape, dtype]} of the arrays that frames point to."""
        self.shapes = json.loads(payload)
        return b""

    def take_frames(self, payload: bytes) -> bytes:
        """count, stride, then frames of 64-bit words: two of header, then one for each argument."""
        self.count, self.stride = struct.unpack_from("<QQ", payload)
        width = self.stride // 8
        self.calls, self.targets, self.failure = [], [], {}
        for at in range(self.count):
            words = struct.unpack_from(f"<{width}Q", payload, 16 + at * self.stride)[2:]
            self._prepare(words)
        return b""

    def _prepare(self, words: tuple[int, ...]) -> None:
        """Arguments and result arrays of one call."""
        values, targets = [], {}
        for (name, kind, dtype, role), word in zip(self.arguments, words, strict=False):
            if kind == "pointer":
                array = self._array(name, word, writable=role != "in")
                if role in ("out", "inout"):
                    targets[name] = array
                if role != "out":
                    values.append(array)
            else:
                values.append(_number(word, kind, dtype))
        code = getattr(self.python, "__code__", None)
        if code is not None and not code.co_flags & 0x04:  # no *args: sizes that it does not ask for are left out
            values = values[: code.co_argcount]
        self.calls.append(values)
        self.targets.append(targets)

    def _array(self, name: str, address: int, *, writable: bool) -> Any:
        import numpy as np

        shape, dtype = self.shapes[name]
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        memory: Any = (ctypes.c_char * max(size, 1)).from_address(address)
        array: Any = np.ndarray(shape, dtype, buffer=memory if size else bytearray(1))
        array.flags.writeable = writable
        return array

    def go(self, _payload: bytes) -> bytes:
        """Run the batch and copy what each call returns.  The first failure ends it and is reported by `codes`."""
        function = self.python
        try:
            for values, targets in zip(self.calls, self.targets, strict=True):
                _store(function(*values), targets)
        except Problem as problem:
            self.failure = {"status": "wrong", "what": str(problem)[:_ERROR]}
        except Exception as problem:  # noqa: BLE001  # the candidate's own code runs here
            self.failure = {"status": "crashed", "what": _text(problem)}
        return b""

    def go_empty(self, _payload: bytes) -> bytes:
        """The same loop over a function that has its results at hand: the same calls and copies."""
        import numpy as np

        first = self.targets[0] if self.targets else {}
        kept = tuple(np.zeros_like(target) if name in self.fresh else None for name, target in first.items())

        def ready(*_values: object) -> Any:
            return kept

        for values, targets in zip(self.calls, self.targets, strict=True):
            _store(ready(*values), targets)
        return b""

    def codes(self, _payload: bytes) -> bytes:
        """What the batch came to: a list of zeros, or {status, what}."""
        return json.dumps(self.failure or [0] * self.count).encode()


def _store(result: Any, targets: dict[str, Any]) -> None:
    """Copy the results of one call.  None stands for what was changed in place."""
    import numpy as np

    values = result if isinstance(result, tuple) else (result,)
    if len(values) != len(targets):
        raise Problem(f"returns {len(values)} results, expected {len(targets)}: {', '.join(targets)}")
    for (name, target), value in zip(targets.items(), values, strict=True):
        if value is None:
            continue
        if target.shape == () and isinstance(value, int | float | bool | np.generic):
            value = np.asarray(value)
        if type(value) is not np.ndarray:
            raise Problem(f"returns {type(value).__name__} for {name}, expected numpy.ndarray")
        if value.shape != target.shape:
            raise Problem(f"returns shape {value.shape} for {name}, expected {target.shape}")
        if value.shape and value.dtype != target.dtype:  # the conversion would not be in its time
            raise Problem(f"returns dtype {value.dtype} for {name}, expected {target.dtype}")
        try:
            np.copyto(target, value, casting="same_kind")
        except TypeError:
            raise Problem(f"returns dtype {value.dtype} for {name}, expected {target.dtype}") from None


def _number(word: int, kind: str, dtype: str) -> Any:
    """A scalar or size from its 64-bit word."""
    import numpy as np

    if kind == "size":
        return word
    if dtype == "bool":
        return bool(word & 1)
    code = {"i": "i", "u": "u", "f": "f"}[dtype[0]] + str(int(dtype[1:]) // 8)
    return np.frombuffer(word.to_bytes(8, "little"), code, 1)[0]


def _text(problem: BaseException) -> str:
    """An exception with the line of the kernel that raised it."""
    place = ""
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<kernel>":
            place = f" (line {trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(problem).__name__}: {problem}{place}"[:_ERROR]


def serve(commands: int, replies: int, fds: list[int]) -> None:
    """Answer commands until the pipe closes."""
    guest.answer(ScriptGuest(fds), commands, replies)
