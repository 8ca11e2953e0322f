"""The caller's end of the warm server: started on first use, one for each process, gone when the process is.

A thread-safe handle.  After a fork the child starts its own, because two processes must not speak on one socket.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from typing import Any

from accelcore.errors import SandboxError
from accelcore.sandbox._jail import wire

_BOOT = "import sys; sys.path[:0] = {packages!r}; sys.path.append({path!r}); from _jail import server; server.main()"


# A process with threads must not fork, and kernels are compared on one thread.
_ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")}


class Server:
    """A server of this process.

    modules: what its children find imported.  With none it has the standard library only and starts in a few
    milliseconds; else it runs with this interpreter's packages.
    """

    def __init__(self, modules: tuple[str, ...] = ()) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def submit(self, spec: dict[str, Any], fds: tuple[int, ...]) -> socket.socket:
        """Have a keeper forked for `spec` with these descriptors; the returned channel speaks to it."""
        mine, theirs = socket.socketpair()
        try:
            with self._lock:
                try:
                    wire.send(self._socket(), spec, fds=(theirs.fileno(), *fds))
                except (BrokenPipeError, ConnectionError):  # the server was killed: start another, once
                    self._stop()
                    wire.send(self._socket(), spec, fds=(theirs.fileno(), *fds))
        except OSError as error:
            mine.close()
            raise SandboxError(f"cannot start a sandboxed process: {error}", hint="see `accelcore doctor`") from error
        finally:
            theirs.close()
        return mine

    def _socket(self) -> socket.socket:
        if self._control is None:
            self._start()
        assert self._control is not None
        return self._control

    def _start(self) -> None:
        mine, theirs = socket.socketpair()
        packages = [p for p in sys.path if os.path.isabs(p)] if self._modules else []
        flags = ["-I"] if self._modules else ["-I", "-S"]
        boot = _BOOT.format(packages=packages, path=os.path.dirname(os.path.abspath(__file__)))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", boot, str(theirs.fileno()), *self._modules],
                pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                start_new_session=True, close_fds=True, cwd="/", env={"LC_ALL": "C.UTF-8", **_ONE_THREAD},
            )  # fmt: skip
        self._control = mine

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()
            self._process.wait()
        self._control = self._process = None

    def close(self) -> None:
        """End the server; the next `submit` starts another."""
        with self._lock:
            self._stop()

    def forget(self) -> None:
        """In a forked child: the server belongs to the parent."""
        if self._control is not None:
            self._control.close()
        self._lock = threading.Lock()
        self._control = self._process = None


SERVER = Server()
NUMPY_SERVER = Server(("numpy", "_jail.script"))
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SERVER.forget)
    os.register_at_fork(after_in_child=NUMPY_SERVER.forget)
