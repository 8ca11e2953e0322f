"""The warm server: one per process that uses the sandbox.  Forks a keeper for each request and forgets it.

Making namespaces takes the kernel longer than anything else at a start, so that one keeper stands by with fresh ones,
for the next request only, and ends when none comes for a while.  Where there is none, a keeper makes its own.

The server ends when the control socket closes, that is, when the caller's process ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys

from . import keeper, kernel, stopwatch, wire

_CALM = 0.004  # seconds without a request after which a keeper is made to stand by: not beside a start
_PATIENCE = 2.0  # seconds that it then waits


def main() -> None:
    """Serve on the socket whose descriptor is the first argument; the others name modules to have ready."""
    for name in sys.argv[2:]:
        importlib.import_module(name)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller, who hangs up
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    kernel.libc()  # opened once here instead of in every child
    gc.disable()  # a collection in a child would touch, and so copy, all of its memory
    gc.freeze()
    standby: socket.socket | None = None
    while True:
        standby = _waiting(control, standby)
        try:
            spec, _, fds = wire.receive(control)
        except (EOFError, ConnectionError):
            return
        if not (standby and spec["namespaces"] and _handed_over(standby, spec, fds)) and os.fork() == 0:
            _keep(control, spec, fds)
        if standby:
            standby.close()
            standby = None
        for fd in fds:
            os.close(fd)


def _waiting(control: socket.socket, standby: socket.socket | None) -> socket.socket | None:
    """Wait for a request; in the meantime a keeper is made to stand by, and let go after a while."""
    if select.select([control], [], [], _CALM)[0]:
        return standby
    standby = standby or _standby(control)
    if select.select([control], [], [], _PATIENCE)[0]:
        return standby
    if standby:
        standby.close()
    select.select([control], [], [])
    return None


def _standby(control: socket.socket) -> socket.socket | None:
    """A keeper with namespaces of its own that waits for one specification; the line to it."""
    mine, theirs = socket.socketpair()
    if os.fork() == 0:
        mine.close()
        _stand_by(control, theirs)
    theirs.close()
    return mine


def _stand_by(control: socket.socket, line: socket.socket) -> None:
    """In the keeper; never returns."""
    try:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        prepared = keeper.prepare(namespaces=True)
        spec, _, fds = wire.receive(line)
        line.close()
    except (EOFError, OSError):  # the end of the line, or nothing to stand by with: nobody has asked anything of it yet
        os._exit(0)
    _keep(control, {**spec, "prepared": prepared}, fds)


def _handed_over(standby: socket.socket, spec: keeper.Spec, fds: list[int]) -> bool:
    try:
        wire.send(standby, spec, fds=tuple(fds))
    except OSError:
        return False
    return True


def _keep(control: socket.socket, spec: keeper.Spec, fds: list[int]) -> None:
    """In the new keeper; never returns."""
    try:
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel = socket.socket(fileno=fds[0])
        if spec["guest"]:
            stopwatch.serve(spec, channel, fds[1:])
        else:
            keeper.run_program(spec, channel, fds[1:])
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller must hear of it instead of waiting
        with contextlib.suppress(OSError):
            wire.send(channel, {"error": f"{type(error).__name__}: {error}", "returncode": 125, "layers": []})
    finally:
        os._exit(0)
