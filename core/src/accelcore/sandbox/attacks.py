"""Real attacks from inside the very sandbox: what `accelcore doctor` reports, and what a test repeats.

Each attack is a few lines of Python that succeed (exit code 0) where nothing stops them; it runs under the PYTHON
policy, the one with the most rights among those that run foreign code, against targets that this process prepares:
a secret file, a secret in its environment, a listening socket, its own memory.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from accelcore.sandbox.policy import PYTHON
from accelcore.sandbox.run import ChildResult, run_child
from accelcore.values import Limits, Status

_SUCCEEDED = 0
_SECONDS, _MEMORY = 8.0, 1 << 30


@dataclass(frozen=True)
class Attack:
    """One attack.  `text` is Python that raises or exits non-zero when it is stopped; {names} are its targets."""

    name: str
    text: str


ATTACKS = (
    Attack("write a file outside", "open({folder!r} + '/written', 'w').write('x')"),
    Attack("read a secret file", "assert open({secret!r}).read()"),
    Attack("change the mode of a file", "import os; os.chmod({secret!r}, 0o777)"),
    Attack("read the caller's environment", "import os; assert {token!r} in os.environ.values()"),
    Attack("read another process's memory", "open('/proc/{pid}/mem', 'rb').read(1)"),
    Attack("see the caller's process", "import os; os.stat('/proc/{pid}/environ'); open('/proc/{pid}/environ').read()"),
    Attack("signal the caller", "import os; os.kill({pid}, 0)"),
    Attack(
        "trace a process",
        "import ctypes; c = ctypes.CDLL(None); assert c.ptrace(16, {pid}, 0, 0) == 0",
    ),
    Attack("connect to a port", "import socket; socket.create_connection(('127.0.0.1', {port}), 2)"),
    Attack(
        "connect to a local socket",
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect({path!r})",
    ),
    Attack("start processes", "import os\nif os.fork() == 0: os._exit(0)"),
    Attack("make a user namespace", "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0"),
    Attack("use twice the memory allowed", "b = bytearray({memory}); b[::4096] = b'x' * len(b[::4096])"),
    Attack(
        "fill the disk",
        "import tempfile\nfor f in [tempfile.TemporaryFile() for _ in range(8)]: f.write(bytes(32 << 20)); f.flush()",
    ),
)


@dataclass(frozen=True)
class _Targets:
    """What attacks aim at."""

    folder: str
    secret: str
    token: str
    port: int
    path: str

    def aim(self, attack: Attack) -> str:
        facts = {**vars(self), "pid": os.getpid(), "memory": 2 * _MEMORY}
        return attack.text.format(**facts)


def try_all() -> Iterator[tuple[str, bool, str]]:
    """(name, whether it was stopped, how it ended) of every attack, in order."""
    with _targets() as targets, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for attack, result in zip(ATTACKS, pool.map(lambda a: _launch(targets.aim(a)), ATTACKS), strict=True):
            yield attack.name, stopped(result), _ending(result)


def stopped(result: ChildResult) -> bool:
    """Whether an attack did not get what it wanted; one that could not even start proves nothing."""
    return result.status is not Status.HARNESS_ERROR and result.returncode != _SUCCEEDED


def _launch(text: str) -> ChildResult:
    return run_child([sys.executable, "-I", "-S", "-c", text], PYTHON, Limits(_SECONDS, _MEMORY))


def _ending(result: ChildResult) -> str:
    if result.returncode == _SUCCEEDED:
        return "NOT blocked"
    last = result.text.strip().splitlines()[-1:] or [f"ended with {result.returncode}"]
    return f"blocked: {last[0][:100]}"


@contextlib.contextmanager
def _targets() -> Iterator[_Targets]:
    """Targets that a process of this user could reach outside a sandbox."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="accelcore-attacks-") as folder, contextlib.ExitStack() as stack:
        secret = Path(folder) / "secret"
        secret.write_text(token)
        for path, mode in ((folder, 0o777), (secret, 0o666)):
            os.chmod(path, mode)  # the sandbox must stop what file permissions would not
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        path = str(Path(folder) / "socket")
        local = stack.enter_context(socket.socket(socket.AF_UNIX))
        local.bind(path)
        os.chmod(path, 0o777)
        local.listen()
        os.environ["ACCELCORE_ATTACK_TOKEN"] = token
        stack.callback(os.environ.pop, "ACCELCORE_ATTACK_TOKEN", None)
        yield _Targets(folder, str(secret), token, port.getsockname()[1], path)
