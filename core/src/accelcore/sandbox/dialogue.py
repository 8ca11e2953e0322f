"""`Dialogue`: a sandboxed program that is asked again and again over its standard input and output.

What it answers is bytes of a length that the caller knows; the caller decides what they are worth.  A deadline counts
for every exchange, and any failure ends the program.
"""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Mapping, Sequence
from typing import Any

from accelcore.errors import RunFailure, SandboxError
from accelcore.sandbox._jail import wire
from accelcore.sandbox.policy import Policy
from accelcore.sandbox.run import describe, environment, level_of, program, specification
from accelcore.sandbox.server import SERVER
from accelcore.values import Limits, Status

_LIFETIME = 3600.0  # seconds that a program may live in all; each exchange has its own, shorter limit
_GRACE = 5.0  # seconds that a keeper may take to tell how a program ended
_PART = 1 << 20
_WORDS = 4000  # bytes of its standard error that are kept


class Dialogue:
    """A started program.  Use as a context manager, or call `close`."""

    def __init__(
        self, argv: Sequence[str], policy: Policy, limits: Limits, *, env: Mapping[str, str] | None = None
    ) -> None:
        """Start it.  limits: seconds of one exchange, memory of the program."""
        self.limits = limits
        spec: dict[str, Any] = specification(policy, Limits(_LIFETIME, limits.memory, limits.output))
        spec |= {"argv": [program(argv[0]), *argv[1:]], "env": environment(policy, env)}
        spec["reads"].append(spec["argv"][0])
        pipes = [os.pipe(), os.pipe(), os.pipe()]
        (theirs_in, self._to), (self._from, theirs_out), (self._words, theirs_words) = pipes
        try:
            self._channel = SERVER.submit(spec, (theirs_in, theirs_out, theirs_words))
        finally:
            for fd in (theirs_in, theirs_out, theirs_words):
                os.close(fd)
        for fd in (self._to, self._from, self._words):
            os.set_blocking(fd, False)
        self._closed = False
        self.sandbox = ""

    def send(self, data: bytes | bytearray | memoryview) -> None:
        """Hand it all of these bytes; it must take them before it answers more than a pipe holds."""
        deadline, view = time.monotonic() + self.limits.seconds, memoryview(data)
        while view:
            self._wait(self._to, selectors.EVENT_WRITE, deadline)
            try:
                view = view[os.write(self._to, view[:_PART]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                self._fail()

    def receive(self, count: int) -> bytearray:
        """Its next `count` bytes.

        Raises RunFailure: TIMEOUT, or what its end amounts to (`code` tells its exit code, or minus the signal).
        """
        deadline, found = time.monotonic() + self.limits.seconds, bytearray()
        while len(found) < count:
            self._wait(self._from, selectors.EVENT_READ, deadline)
            try:
                part = os.read(self._from, min(_PART, count - len(found)))
            except BlockingIOError:
                continue
            if not part:
                self._fail()
            found += part
        return found

    def _wait(self, fd: int, event: int, deadline: float) -> None:
        """Until the descriptor is ready; its complaints are not waited for, and only their beginning is of use."""
        with selectors.DefaultSelector() as selector:
            selector.register(fd, event)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                self.close()
                raise RunFailure(f"did not come back within {self.limits.seconds:g} s", status=Status.TIMEOUT)

    def _fail(self) -> None:
        """Say how it ended."""
        self._channel.settimeout(_GRACE)
        words = self._said()
        try:
            answer = wire.receive(self._channel)[0]
        except (EOFError, ConnectionError, TimeoutError) as error:
            self.close()
            raise SandboxError("the keeper of a program is gone", hint="is the machine out of memory?") from error
        self._told(answer)
        self.close()
        if answer["error"]:
            raise SandboxError(f"the sandbox could not start a process: {answer['error']}")
        raise Ended(int(answer["returncode"]), words)

    def _told(self, answer: Mapping[str, Any]) -> None:
        layers = tuple(answer["layers"])
        self.sandbox = describe(level_of(layers), layers)

    def _said(self) -> str:
        try:
            return os.read(self._words, _WORDS).decode("utf-8", "replace").strip()
        except BlockingIOError:
            return ""

    def close(self) -> None:
        """Hang up: it sees the end of its input, and its keeper kills what is left."""
        if self._closed:
            return
        self._closed = True
        os.close(self._to)
        self._farewell()
        os.close(self._from)
        os.close(self._words)
        self._channel.close()

    def _farewell(self) -> None:
        """Give a program that ends with its input a moment to do so; its keeper then tells which layers held."""
        if self.sandbox:
            return
        self._channel.settimeout(0.5)
        try:
            self._told(wire.receive(self._channel)[0])
        except (EOFError, OSError):
            return

    def __enter__(self) -> Dialogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ended(RunFailure):
    """A program ended in the middle of an exchange.  code: as in subprocess; words: what it wrote to standard error."""

    def __init__(self, code: int, words: str) -> None:
        from accelcore.sandbox.native.session import ended

        plain = ended(code)
        super().__init__(plain.what, status=plain.status)
        self.code, self.words = code, words
