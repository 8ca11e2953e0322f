"""After crashes, timeouts and hang-ups: no process, no temporary file, no shared memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from accelcore.errors import RunFailure
from accelcore.sandbox import COMPILER, run_child
from accelcore.sandbox.native import NativeRunner, Script
from accelcore.testing.leftovers import descendants, leftovers, settled
from accelcore.values import AbiArg, Limits, Role, Status

ARGUMENTS = (AbiArg("x", "pointer", "f64", Role.IN), AbiArg("out", "pointer", "f64", Role.OUT))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the common one meanwhile
    scripts = {
        "fine": "def k(x): return x * 2.0",
        "crash": "def k(x): return x[9, 9]",
        "loop": "def k(x):\n    while True: pass",
        "exit": "import os\ndef k(x): os._exit(1)",
    }
    for text in scripts.values():  # the servers, and what they keep for good
        _call(text)
    run_child(["true"], COMPILER)
    before = settled(seconds=2.0)  # a judge of another test may keep a process of its own
    for text in scripts.values():
        _call(text)
    run_child(["sh", "-c", "setsid sleep 1000 & sleep 1000 &"], COMPILER)
    run_child(["sh", "-c", "setsid sleep 1000 & sleep 1000"], COMPILER, Limits(seconds=0.2))
    after = settled(before=before)
    assert after.processes <= before.processes
    assert (after.files, after.descriptors) == (before.files, before.descriptors)


def _call(text):
    buffers = {"x": np.ones(10), "out": np.zeros(10)}
    with NativeRunner(Script(text, "k", ARGUMENTS), Limits(seconds=0.4)) as runner:
        try:
            runner.call([buffers], {})
            return Status.OK
        except RunFailure as failure:
            return failure.status


def test_a_dead_caller_takes_everything_along(tmp_path):
    """kill -9 of a process in the middle of a run: its server and all children end."""
    import signal
    import subprocess
    import sys

    code = (
        "from accelcore.sandbox import COMPILER, run_child\n"
        "from accelcore.sandbox.server import SERVER\n"
        "from accelcore.values import Limits\n"
        "run_child(['true'], COMPILER)\n"
        "print(SERVER._process.pid, flush=True)\n"
        "run_child(['sh', '-c', 'echo here > here; sleep 1000'], COMPILER, Limits(1000), cwd=%r)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code % str(tmp_path)], stdout=subprocess.PIPE, text=True)
    server = int(caller.stdout.readline())
    while not (tmp_path / "here").exists():
        assert caller.poll() is None
    family = [server, *descendants(server)]
    assert len(family) >= 3
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    caller.stdout.close()
    import time

    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in family) and time.monotonic() < deadline:
        os.sched_yield()
    assert [pid for pid in family if _alive(pid)] == []


def _alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_keeper_that_stands_by_gives_the_same_sandbox_and_leaves():
    from accelcore.sandbox.server import SERVER

    SERVER.close()
    before = leftovers()  # runs of the other server that tests before this one keep open
    attack = ["sh", "-c", "cat /proc/1/environ; ls -a /proc | grep -c '^[0-9]'; env"]
    cold = run_child(attack, COMPILER)  # the first of a server: nobody stood by
    server = SERVER._process.pid
    while not descendants(server):  # it asks the kernel for namespaces only when nothing else is to be done
        os.sched_yield()
    standing = set(descendants(server))
    warm = run_child(attack, COMPILER)
    assert (warm.layers, warm.status, warm.text) == (cold.layers, cold.status, cold.text)
    while standing & set(descendants(server)):  # what served a run ends with it
        os.sched_yield()
    assert settled(before=before).processes <= before.processes, "and who is not asked goes"
