"""`NativeRunner`: the plain `Runner` protocol over the sandboxed process; `open_kernel`, `open_script` make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accelcore.errors import PluginError, RunFailure
from accelcore.sandbox.frames import parse_abi
from accelcore.sandbox.native.guarded import Guarded, explain, room_of
from accelcore.sandbox.native.session import Code, Library, Script
from accelcore.values import AbiArg, Artifact, Limits

if TYPE_CHECKING:
    import numpy as np

    Buffers = Mapping[str, "np.ndarray[Any, Any]"]


class NativeRunner:
    """Runs a kernel, of a shared object or in Python.  Costs are None: the judge's clock counts (`Timed`).

    isolated: the arrays of the caller that are no results are only read here, and copied for the process.
    All calls share one process as long as their arrays fit the room that the first one had, or that `reserve` made.
    """

    isolated = True

    def __init__(self, code: Code, limits: Limits) -> None:
        self.code, self.limits = code, limits
        self._guarded: Guarded | None = None
        self._room: dict[str, int] = {}
        self._last_sandbox = ""

    def reserve(self, room: Mapping[str, int]) -> None:
        """Announce the bytes that arrays will need, so that one process serves them all."""
        self._room = {name: max(size, self._room.get(name, 0)) for name, size in room.items()}

    def call(self, batch: Sequence[Buffers], sizes: Mapping[str, int]) -> None:
        """Run once over each set, between guard pages.  RunFailure ends the process; the next call starts afresh."""
        for buffers in batch:
            try:
                self._process(buffers).call(buffers, sizes)
            except RunFailure as failure:
                self.close()
                raise explain(failure, self.code, buffers, sizes, self.limits) from failure

    @property
    def sandbox(self) -> str:
        """Level and layers of the latest process, also after it crashed; empty before the first call."""
        return self._guarded.session.sandbox if self._guarded else self._last_sandbox

    def _process(self, buffers: Buffers) -> Guarded:
        room = room_of(buffers)
        if self._guarded is None or any(size > self._guarded.room[name] for name, size in room.items()):
            self.close()
            self.reserve(room)
            self._guarded = Guarded(self.code, self._room, self.limits)
        return self._guarded

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._guarded is not None:
            self._last_sandbox = self._guarded.session.sandbox
            self._guarded.close()
        self._guarded = None

    def __enter__(self) -> NativeRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_kernel(artifact: Artifact, *, limits: Limits) -> NativeRunner:
    """The runner of a built C kernel.  Its facts must have ("abi", abi_text(task))."""
    return NativeRunner(Library(artifact.path, artifact.symbol, _arguments(artifact)), limits)


def open_script(artifact: Artifact, *, limits: Limits) -> NativeRunner:
    """The runner of a Python kernel: `kernel.text` defines the function `symbol`; facts as for `open_kernel`.

    It is called with the arguments that are no results, in order (sizes that only appear in shapes last, if it takes
    so many), and returns its results: one array, or a tuple in the order of the task; None for one changed in place.
    """
    return NativeRunner(Script(artifact.kernel.text, artifact.symbol, _arguments(artifact)), limits)


def _arguments(artifact: Artifact) -> tuple[AbiArg, ...]:
    abi = dict(artifact.facts).get("abi")
    if abi is None:
        raise PluginError(
            f"the artifact of {artifact.kernel.entry} does not say its arguments",
            hint='its evaluator must add ("abi", accelcore.sandbox.native.abi_text(task)) to its facts',
        )
    return parse_abi(abi)
