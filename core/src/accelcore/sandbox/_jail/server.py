"""The warm server: one per process that uses the sandbox.  Forks a keeper for each request and forgets it.

It ends when the control socket closes, that is, when the caller's process ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys

from . import keeper, kernel, stopwatch, wire


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
    while True:
        try:
            spec, _, fds = wire.receive(control)
        except (EOFError, ConnectionError):
            return
        if os.fork() == 0:
            _keep(control, spec, fds)
        for fd in fds:
            os.close(fd)


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
