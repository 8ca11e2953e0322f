"""The keeper of a candidate: passes commands on, and holds the clock around a batch.

It is a process of its own, so that other threads of the caller cannot delay the clock.  It shares one CPU with the
candidate while timing: the hand-over is then a context switch of a few microseconds, steadier than waking another CPU.
Where the system permits both run at real-time priority, the keeper one step higher, so that it can always end an
endless loop.  Among equals the processor goes round: who times on the same one, under a lease of his own, takes turns
with the candidate instead of keeping it until it is late.

CPU time is read from the kernel's clock of the candidate's process, once all its threads sleep again: what runs on
after the answer, on this thread or on another, is counted.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from typing import Any

from . import guest, keeper, wire

_KEEPER_PRIORITY, _GUEST_PRIORITY = 11, 10
PATIENCE = 5  # wall time over the limit of CPU time
_AT_ONCE = 16 << 10  # bytes of commands that a pipe takes in one piece, so that sending them never waits for answers
_TRANSFER_SECONDS = 10.0  # for an answer that has begun to arrive
_CPUCLOCK_SCHED = 2  # kernel/time/posix-cpu-timers.c: clock id of another process is (~pid << 3) | 2

_TOGETHER = frozenset({guest.FRAMES, guest.TOUCH, guest.GO, guest.CODES, guest.DESCRIBE})
"""Commands that may wait in the pipe while another runs; what reveals something waits here for the answer before."""


class Ended(Exception):
    """The candidate's process is gone."""


class Forged(Exception):
    """An answer to a question that was not asked: only the candidate can have written it."""


class Late(Exception):
    """The candidate did not answer in time."""


class Stopwatch:
    """One candidate process and the line to it."""

    def __init__(self, ward: keeper.Ward, commands: int, replies: int, pid: int) -> None:
        self.ward, self.pid = ward, pid
        self._commands, self._replies = commands, replies
        self._poll = select.poll()
        self._poll.register(replies, select.POLLIN)
        self._clock = (~pid << 3) | _CPUCLOCK_SCHED
        self._until = 0  # CPU time at the end of the last batch

    def ask(self, code: bytes, payload: bytes, seconds: float) -> bytes:
        """One command and its answer.  Raises Ended, Late, or OSError with what the guest could not do."""
        used = self._cpu()
        nonce = self._send(code, payload)
        self._await(used, seconds)
        return self._receive(code, nonce)

    def ask_all(self, asked: list[tuple[bytes, bytes]], seconds: float) -> list[bytes]:
        """Commands in a row and their answers.

        Short ones are sent together, which saves a change of process for each; every answer is then taken, also of
        those after a failure, which is raised in the end.
        """
        together = all(code in _TOGETHER for code, _ in asked) and sum(len(p) for _, p in asked) <= _AT_ONCE
        if not together:
            return [self.ask(code, payload, seconds) for code, payload in asked]
        used = self._cpu()
        nonces = [int.from_bytes(os.urandom(8), "little") for _ in asked]
        packed = (guest.HEADER.pack(c, n, len(p)) + p for (c, p), n in zip(asked, nonces, strict=True))
        self._write(b"".join(packed))
        answers: list[bytes] = []
        failure: OSError | None = None
        for (code, _), nonce in zip(asked, nonces, strict=True):
            self._await(used, seconds)
            try:
                answers.append(self._receive(code, nonce))
            except OSError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return answers

    def timed(self, code: bytes, seconds: float) -> dict[str, int]:
        """Nanoseconds from the command to the answer, and of process CPU time until the process was idle again.

        outside: CPU time since the end of the batch before, when a candidate only had to take its commands.
        """
        nonce = int.from_bytes(os.urandom(8), "little")
        message = guest.HEADER.pack(code, nonce, 0)
        used = self._cpu()
        outside = used - self._until
        began = time.perf_counter_ns()
        with contextlib.suppress(BrokenPipeError):
            os.write(self._commands, message)
        self._await(used, seconds)
        elapsed = time.perf_counter_ns() - began
        self._receive(code, nonce)
        self._wait_idle(self._cpu(), seconds)
        self._until = self._cpu()
        return {"ns": elapsed, "cpu": self._until - used, "outside": outside}

    def _await(self, used: int, seconds: float) -> None:
        """Until there is an answer, or the end of it.

        Late comes when the candidate has *computed* for so long; one that was kept waiting by a busy machine gets
        more wall time, and one that sleeps ends after a few times its limit.
        """
        deadline = time.monotonic() + PATIENCE * seconds
        wait = seconds
        while not self._poll.poll(wait * 1000):
            self._check_late(used, seconds, deadline)
            wait = seconds / 8

    def _check_late(self, used: int, seconds: float, deadline: float) -> None:
        if time.monotonic() > deadline or self._cpu() - used >= seconds * 0.8e9:
            raise Late

    def _cpu(self) -> int:
        """Process CPU time of the candidate so far, in nanoseconds; 0 where the system does not tell."""
        try:
            return time.clock_gettime_ns(self._clock)
        except OSError:
            return 0

    def _wait_idle(self, used: int, seconds: float) -> None:
        """Until all threads of the candidate sleep: it waits for the next command, or pretends to.

        Late as in `_await`: one that is ready to run but kept waiting is not working on.
        """
        deadline = time.monotonic() + PATIENCE * seconds
        while any(state == "R" for state in self._states()):
            self._check_late(used, seconds, deadline)
            time.sleep(20e-6)

    def _states(self) -> list[str]:
        """State letters of the candidate's threads; empty where there is no /proc."""
        found = []
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{self.pid}/task"):
                with open(f"/proc/{self.pid}/task/{task}/stat") as file:
                    found.append(file.read().rpartition(")")[2].split()[0])
        return found

    def threads(self) -> int:
        """How many threads the candidate has."""
        return max(1, len(self._states()))

    def pin(self, cpu: int, *, realtime: bool) -> bool:
        """Share one CPU; whether real-time priority was granted when asked for."""
        with contextlib.suppress(OSError, AttributeError):
            for pid in (0, self.pid):
                os.sched_setaffinity(pid, {cpu})
        if not realtime:
            return False
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_KEEPER_PRIORITY))
            os.sched_setscheduler(self.pid, os.SCHED_RR, os.sched_param(_GUEST_PRIORITY))
        except (OSError, AttributeError):
            return False
        return True

    def _send(self, code: bytes, payload: bytes) -> int:
        nonce = int.from_bytes(os.urandom(8), "little")
        self._write(guest.HEADER.pack(code, nonce, len(payload)) + payload)
        return nonce

    def _write(self, message: bytes) -> None:
        data = memoryview(message)
        with contextlib.suppress(BrokenPipeError):  # seen as the end of the replies
            while data:
                data = data[os.write(self._commands, data) :]

    def _receive(self, code: bytes, nonce: int) -> bytes:
        deadline = time.monotonic() + _TRANSFER_SECONDS
        got, echo, length = guest.HEADER.unpack(self._exactly(guest.HEADER.size, deadline))
        if echo != nonce or got not in (code, guest.FAILED) or length > 1 << 24:
            raise Forged
        payload = self._exactly(length, deadline)
        if got == guest.FAILED:
            raise OSError(payload.decode("utf-8", "replace"))
        return payload

    def _exactly(self, count: int, deadline: float) -> bytes:
        data = b""
        while len(data) < count:
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise Late
            part = os.read(self._replies, count - len(data))
            if not part:
                raise Ended
            data += part
        return data


def serve(spec: keeper.Spec, channel: socket.socket, fds: list[int]) -> None:
    """Keep one candidate for the caller at the other end of the channel, until it hangs up or the candidate ends.

    fds: its three standard descriptors, then the shared memory.
    """
    inner_commands, commands = os.pipe()
    replies, inner_replies = os.pipe()

    def body(report: socket.socket, rest: list[int], layers: list[str]) -> None:
        keeper.say(report, layers=layers)
        report.close()
        if spec["guest"] == "python":
            from . import script

            script.serve(rest[0], rest[1], rest[2:])
        else:
            guest.serve(rest[0], rest[1], rest[2:])

    ward = keeper.start(spec, [*fds[:3], inner_commands, inner_replies, *fds[3:]], body)
    for fd in (*fds, inner_commands, inner_replies):
        os.close(fd)
    try:
        facts, pid = keeper.first_report(ward)
        wire.send(channel, facts)
        watch = Stopwatch(ward, commands, replies, pid)
        while True:
            message, payload, _ = wire.receive(channel)
            answer, data = _answer(watch, message, payload)
            wire.send(channel, answer, data)
            if "failed" in answer and answer["failed"] != "refused":
                return
    except (EOFError, ConnectionError):
        pass  # the caller is done with it
    finally:
        ward.kill()


def _ask_all(watch: Stopwatch, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Several commands in a row, whose payloads and answers are concatenated: one exchange with the caller."""
    asked = []
    at = 0
    for code, size in message["codes"]:
        asked.append((code.encode(), payload[at : at + size]))
        at += size
    answers = watch.ask_all(asked, message["seconds"])
    return {"sizes": [len(answer) for answer in answers]}, b"".join(answers)


def _time(watch: Stopwatch, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Commands that prepare a batch, the batch, and what its calls returned."""
    _ask_all(watch, message, payload)
    code, seconds = message["code"].encode(), message["seconds"]
    timed = watch.timed(code, seconds)
    return dict(timed), watch.ask(guest.CODES, b"", seconds)


def _answer(watch: Stopwatch, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Do what the caller asks.  A failure is an answer: {"failed": timeout|ended|forged|refused}."""
    try:
        match message["do"]:
            case "ask":
                return _ask_all(watch, message, payload)
            case "time":
                return _time(watch, message, payload)
            case "threads":
                return {"threads": watch.threads()}, b""
            case "pin":
                return {"realtime": watch.pin(message["cpu"], realtime=message["realtime"])}, b""
        return {"failed": "refused", "why": f"no such command: {message['do']}"}, b""
    except Late:
        return {"failed": "timeout"}, b""
    except Ended:
        return {"failed": "ended", "returncode": keeper.returncode(watch.ward)}, b""
    except Forged:
        return {"failed": "forged"}, b""
    except OSError as error:
        return {"failed": "refused", "why": str(error)}, b""
