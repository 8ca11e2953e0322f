"""`run_child`: one program, in the sandbox, with limits; what it wrote, how it ended, which layers held."""

from __future__ import annotations

import contextlib
import enum
import os
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelcore.errors import MissingTool, SandboxError
from accelcore.sandbox._jail import wire
from accelcore.sandbox.policy import Policy
from accelcore.sandbox.server import SERVER, Server
from accelcore.values import Limits, Status

_LIMITS = Limits()
_GRACE = 5.0  # seconds that a keeper may take to start and to clean up, beyond the child's own limit


class Level(enum.StrEnum):
    """How much isolation a run really had.

    STRONG: Landlock, seccomp, and namespaces (pid and net at least).  GOOD: Landlock and seccomp.  WEAK: the rest.
    """

    STRONG = "strong"
    GOOD = "good"
    WEAK = "weak"


def level_of(layers: Sequence[str]) -> Level:
    """The level that these layers amount to."""
    held = set(layers)
    if not {"landlock", "seccomp", "no_new_privs"} <= held:
        return Level.WEAK
    return Level.STRONG if {"pid", "net", "mount"} <= held else Level.GOOD


@dataclass(frozen=True)
class ChildResult:
    """How a child ended.

    status: OK (exit 0), CRASHED (a signal, or another exit), TIMEOUT, HARNESS_ERROR (could not be started; the reason
    is in `stderr`).  returncode: exit code, or minus the signal.  stdout, stderr: the first bytes of each, up to
    Limits.output.  seconds: wall time.  layers: names of the layers that held.
    """

    status: Status
    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float
    layers: tuple[str, ...]
    level: Level

    @property
    def text(self) -> str:
        """Both outputs as text, for logs and people; never parse it for a verdict."""
        return (self.stdout + self.stderr).decode("utf-8", "replace")

    @property
    def sandbox(self) -> str:
        """Level and layers in one line, as `Evaluation.sandbox` has them."""
        return describe(self.level, self.layers)

    def ended(self, broken: int | None = None) -> dict[str, Any]:
        """How somebody's program ended, as `run --json` tells it: status, exit, stdout, log, sandbox.

        A program that returns non-zero has ended by itself, which is OK.  broken: the exit code by which its simulator
        ends it for breaking a rule; that is CRASHED.
        """
        by_itself = self.status in (Status.OK, Status.CRASHED) and 0 <= self.returncode != broken
        return {
            "status": str(Status.OK if by_itself else self.status),
            "exit": self.returncode,
            "stdout": self.stdout.decode("utf-8", "replace"),
            "log": self.stderr.decode("utf-8", "replace"),
            "sandbox": self.sandbox,
        }


def describe(level: Level, layers: Sequence[str]) -> str:
    """Level and layers in one line."""
    return f"{level.value}: {' '.join(layers)}"


def run_child(
    argv: Sequence[str | os.PathLike[str]],
    policy: Policy,
    limits: Limits = _LIMITS,
    *,
    stdin: bytes | int | None = None,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
) -> ChildResult:
    """Run a program to its end under a policy; everything it started is gone when this returns.

    argv[0]: an absolute path, or a name to find on PATH.  cwd: its working folder, readable, and writable if the
    policy says so; the root folder when not given.  env: further variables, by value.  stdin: what it reads, or a
    descriptor that it reads from, which must be no terminal and not be open for writing.
    Raises MissingTool when the program does not exist; a program that fails is a status.
    """
    command = [program(os.fspath(argv[0])), *(os.fspath(word) for word in argv[1:])]
    spec = specification(policy, limits, cwd=cwd)
    spec |= {"argv": command, "env": environment(policy, env)}
    # The tool itself may be read; a link into a folder that the policy does not name is followed by the view.
    spec["reads"].append(command[0])
    return ended_of(SERVER, spec, limits, stdin=stdin)


def ended_of(server: Server, spec: dict[str, Any], limits: Limits, *, stdin: bytes | int | None = None) -> ChildResult:
    """Have a server's keeper run what a specification says, to its end."""
    outputs = [os.pipe(), os.pipe()]
    with tempfile.TemporaryFile() as source:  # the child reads from its start, at its own pace
        given = stdin if isinstance(stdin, int) else source.fileno()
        source.write(stdin if isinstance(stdin, bytes) else b"")
        source.seek(0)
        try:
            channel = server.submit(spec, (given, outputs[0][1], outputs[1][1]))
        finally:
            for _, write in outputs:
                os.close(write)
    with channel:
        return _collect(channel, [read for read, _ in outputs], limits)


def specification(policy: Policy, limits: Limits, *, cwd: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """The object that the keeper gets (see `_jail.cage`)."""
    folder = os.path.realpath(cwd) if cwd is not None else "/"
    inside = [] if cwd is None else [folder]
    return {
        "guest": "",
        "call": "",
        "cwd": folder,
        "reads": [*policy.readable(), *([] if policy.write_cwd else inside)],
        "writes": inside if policy.write_cwd else [],
        "scratch": policy.scratch,
        "proc": policy.proc,
        "fork": policy.fork,
        "threads": policy.threads,
        "seconds": limits.seconds,
        "memory": min(limits.memory, policy.memory),
        "file_size": policy.file_size,
        "processes": policy.processes,
        "files": policy.files,
        "namespaces": sys.platform == "linux",
    }


def program(name: str) -> str:
    """Absolute path of a program; MissingTool when there is none."""
    import shutil

    found = shutil.which(name)
    if found is None:
        raise MissingTool(f"no program {name!r}", hint=f"install {os.path.basename(name)}, or put it on PATH")
    return os.path.abspath(found)


def environment(policy: Policy, extra: Mapping[str, str] | None) -> dict[str, str]:
    """An allow-list: what the caller's environment holds (keys, tokens) is not inherited."""
    passed = {name: os.environ[name] for name in policy.env if name in os.environ}
    home = "/tmp" if policy.scratch else "/"
    return {"PATH": os.defpath + ":/usr/local/bin", "HOME": home, "TMPDIR": home, **passed, **(extra or {})}


def _collect(channel: socket.socket, outputs: list[int], limits: Limits) -> ChildResult:
    """Read both outputs, keeping the first bytes of each, until the keeper says how the child ended."""
    kept = {fd: bytearray() for fd in outputs}
    answer: dict[str, Any] | None = None
    deadline = time.monotonic() + limits.seconds + _GRACE
    with selectors.DefaultSelector() as selector:
        for fd in outputs:
            selector.register(fd, selectors.EVENT_READ)
        selector.register(channel, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            events = selector.select(max(left, 0))
            if not events and left <= 0:
                break
            for key, _ in events:
                if key.fileobj is channel:
                    answer = _answer(channel)
                    selector.unregister(channel)
                elif not _keep(key.fd, kept[key.fd], limits.output):
                    selector.unregister(key.fd)
    for fd in outputs:
        os.close(fd)
    return _result(answer, *(bytes(kept[fd]) for fd in outputs))


def _answer(channel: socket.socket) -> dict[str, Any]:
    with contextlib.suppress(EOFError, ConnectionError):
        return wire.receive(channel)[0]
    return {"error": "the keeper of the child was killed", "layers": [], "returncode": 125}


def _keep(fd: int, kept: bytearray, most: int) -> bool:
    """Take what there is, dropping what is beyond `most`; False at the end."""
    part = os.read(fd, 1 << 16)
    kept += part[: max(0, most - len(kept))]
    return bool(part)


def _result(answer: dict[str, Any] | None, stdout: bytes, stderr: bytes) -> ChildResult:
    if answer is None:
        raise SandboxError("the sandbox did not answer in time", hint="is the machine overloaded? try again")
    layers = tuple(answer["layers"])
    if answer["error"]:
        stderr, status = answer["error"].encode(), Status.HARNESS_ERROR
    elif answer["timeout"] or answer["returncode"] == -24:  # SIGXCPU: the limit of CPU time
        status = Status.TIMEOUT
    else:
        status = Status.OK if answer["returncode"] == 0 else Status.CRASHED
    seconds = float(answer.get("seconds", 0.0))
    return ChildResult(status, answer["returncode"], stdout, stderr, seconds, layers, level_of(layers))
