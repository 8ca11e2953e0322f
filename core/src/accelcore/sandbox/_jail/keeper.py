"""The keeper of one sandboxed process: starts it, watches the clock and the caller, leaves nothing behind.

Why it stops: it waits for the process to end, for the caller to hang up, or for the deadline, whichever is first; then
it kills the whole pid namespace, or else the session and every orphan, which become its children because it is a
subreaper.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback
from typing import Any

from . import cage, kernel, wire

Spec = dict[str, Any]

_UCRED = struct.Struct("iII")  # struct ucred: pid, uid, gid


class Ward:
    """A sandboxed process: `pid` is the child to wait for (init, or the process itself), `report` its report line."""

    def __init__(self, pid: int, report: socket.socket, *, namespace: bool) -> None:
        self.pid, self.report, self.namespace = pid, report, namespace
        self.status: int | None = None

    def ended(self) -> bool:
        """Whether it has ended; takes the wait status."""
        if self.status is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.status = status
        return self.status is not None

    def kill(self) -> None:
        """End it and all its descendants."""
        if not self.ended():
            for send in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    send(self.pid, signal.SIGKILL)
            self.status = os.waitpid(self.pid, 0)[1]
        else:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        _sweep()


def _sweep() -> None:
    """Kill orphans, which the kernel hands to this process as their subreaper, until none is left."""
    while True:
        with contextlib.suppress(OSError), open(f"/proc/self/task/{os.getpid()}/children") as file:
            for pid in file.read().split():
                os.kill(int(pid), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def prepare(*, namespaces: bool) -> tuple[list[str], bool]:
    """What can be done before it is known what for: session, subreaper, namespaces.  The layers, and whether there is
    a pid namespace."""
    os.setsid()
    with contextlib.suppress(OSError):
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    layers = ["env", "fds", "session", "wall_clock"]
    return layers, namespaces and cage.isolate(layers)


def start(spec: Spec, fds: list[int], body: Any) -> Ward:
    """Fork a sandboxed process whose first three descriptors are fds[:3]; it runs `body(report, rest of fds)`."""
    layers, namespace = spec.get("prepared") or prepare(namespaces=spec["namespaces"])
    spec["id"] = cage.sandbox_id(os.getpid())
    mine, theirs = socket.socketpair()
    with contextlib.suppress(AttributeError, OSError):
        mine.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # Linux: messages carry the sender's real pid
    pid = os.fork()
    if pid == 0:
        _run_and_exit(lambda: _first(spec, fds, layers, theirs, body, namespace=namespace))
    theirs.close()
    return Ward(pid, mine, namespace=namespace)


def _run_and_exit(body: Any) -> None:
    """Never return into the server's loop, whatever happens."""
    code = 125
    try:
        body()
        code = 0
    finally:
        os._exit(code)


def _first(spec: Spec, fds: list[int], layers: list[str], report: socket.socket, body: Any, *, namespace: bool) -> None:
    """The keeper's child: init of the pid namespace, or the sandboxed process itself where there is none."""
    with contextlib.suppress(OSError):
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    if namespace:
        cage.furnish(spec, layers)
        child = os.fork()
        if child:
            _reap(child, report)
        os.setsid()
        with contextlib.suppress(OSError):
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    rest = _settle(fds, report)
    os.chdir(spec["cwd"])
    cage.confine(spec, layers)
    try:
        body(report, rest, layers)
    except OSError as error:
        say(report, error=str(error))


def _reap(child: int, report: socket.socket) -> None:
    """Wait as init until the sandboxed process ends, and report how; everything else dies with this process."""
    _close_all_but({report.fileno()})
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            say(report, wait=status)
            os._exit(0)


def _settle(fds: list[int], report: socket.socket) -> list[int]:
    """Put fds[:3] at 0, 1, 2 and close everything but the rest of them and the report line."""
    moved = [os.dup(fd) for fd in fds[:3]]
    for at, fd in enumerate(moved):
        os.dup2(fd, at)
    _close_all_but({0, 1, 2, report.fileno(), *fds[3:]})
    return fds[3:]


def _close_all_but(kept: set[int]) -> None:
    low = 0
    for fd in sorted(kept):
        if low < fd:  # an empty range from 0 closes everything in CPython 3.11
            os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 4096)  # the server holds few; its own table is far below this


def say(report: socket.socket, **message: Any) -> None:
    """One report line."""
    with contextlib.suppress(OSError):
        os.write(report.fileno(), json.dumps(message).encode() + b"\n")  # sendto is refused inside


def run_program(spec: Spec, channel: socket.socket, fds: list[int]) -> None:
    """Keep one program: `spec["argv"]` until it ends; then tell the caller how it ended."""

    def body(report: socket.socket, _rest: list[int], layers: list[str]) -> None:
        say(report, layers=layers)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if spec["call"]:
            report.close()
            _call(spec["call"], spec["argv"], spec["env"])
        os.execve(spec["argv"][0], spec["argv"], spec["env"])

    began = time.monotonic()
    owners = {path: os.stat(path) for path in spec["writes"]}
    ward = start(spec, fds, body)
    for fd in fds:
        os.close(fd)
    timed_out = _watch(ward, channel, began + spec["seconds"])
    seconds = time.monotonic() - began
    ward.kill()
    facts = _facts(ward.report)
    wait: int = facts.get("wait", ward.status or 0)
    if "uid" in facts.get("layers", []):
        for path, owner in owners.items():
            cage.hand_over(path, owner.st_uid, owner.st_gid)
    with contextlib.suppress(OSError):
        wire.send(channel, {
            "returncode": os.waitstatus_to_exitcode(wait), "timeout": timed_out, "seconds": seconds,
            "layers": facts.get("layers", []), "error": facts.get("error", ""),
        })  # fmt: skip


def _call(entry: str, arguments: list[str], env: dict[str, str]) -> None:
    """Run `module:function` of a module that the server has imported, as a program; never returns."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(env)
        gc.unfreeze()
        gc.enable()
        module, _, name = entry.partition(":")
        code = int(getattr(importlib.import_module(module), name)(arguments) or 0)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:  # noqa: BLE001 - this is where a program's own errors end, as in an interpreter
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _watch(ward: Ward, channel: socket.socket, deadline: float) -> bool:
    """Wait until the process has ended (False), the deadline has passed or the caller has hung up (True)."""
    alarm, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        while not ward.ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            ready, _, _ = select.select([alarm, channel.fileno()], [], [], left)
            if channel.fileno() in ready:
                return True
            if alarm in ready:
                os.read(alarm, 512)
        return False
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def first_report(ward: Ward) -> tuple[dict[str, Any], int]:
    """The first report line, and the real process id of who wrote it, as the kernel attests it."""
    ward.report.settimeout(10.0)
    space = socket.CMSG_SPACE(_UCRED.size)
    data, ancillary, _, _ = ward.report.recvmsg(1 << 16, space)
    if not data:
        return {"failed": "ended", "returncode": returncode(ward)}, ward.pid
    pid = ward.pid
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            pid = _UCRED.unpack(value[: _UCRED.size])[0]
    return json.loads(data), pid


def returncode(ward: Ward) -> int:
    """Exit code, or minus the signal, of a sandboxed process that has ended."""
    wait = _facts(ward.report).get("wait")
    if wait is None:
        ward.kill()
        wait = ward.status or 0
    return os.waitstatus_to_exitcode(wait)


def _facts(report: socket.socket) -> dict[str, Any]:
    """All report lines as one object.  Only trusted code writes them: the line closes before foreign code runs."""
    facts: dict[str, Any] = {}
    report.settimeout(1.0)
    text = b""
    with contextlib.suppress(OSError):
        while part := report.recv(1 << 16):
            text += part
    for line in text.splitlines():
        facts |= json.loads(line)
    return facts
