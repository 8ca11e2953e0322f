"""One lease for a device, across threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from accelcore.judge import lease


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Lock files stay behind on purpose; those of tests go with the test's folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


HOLD = """
import sys
from accelcore.judge import lease
with lease(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_another_process_waits():
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, "test device/1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    got = threading.Event()

    def wait():
        with lease("test device/1"):
            got.set()

    thread = threading.Thread(target=wait)
    thread.start()
    with lease("another test device"):  # not this one
        assert not got.is_set()
    other.stdin.write("go\n")
    other.stdin.flush()
    thread.join(timeout=10)
    assert got.is_set()
    other.communicate()


def test_a_holder_that_dies_gives_it_back():
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, "test device 2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    other.stdout.readline()
    other.kill()
    other.communicate()
    with lease("test device 2"):
        pass


def test_threads_take_turns():
    inside = []

    def work():
        for _ in range(20):
            with lease("test device 3"):
                inside.append(1)
                assert len(inside) == 1
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == []
