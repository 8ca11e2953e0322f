"""The local supervisor."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Executor, as_completed

import pytest

from accelcore.pools.local import LocalPool, Supervisor


def test_it_is_an_executor():
    with LocalPool(workers=2).open() as pool:
        assert isinstance(pool, Executor)
        assert list(pool.map(lambda x: x * x, range(20))) == [x * x for x in range(20)]
    assert LocalPool().serves("anything")


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_no_task_takes_a_worker_down(error):
    def fail():
        raise error("gone")

    with Supervisor(1, "test") as pool:
        for _ in range(3):
            assert isinstance(pool.submit(fail).exception(), error)
        assert pool.submit(lambda: 5).result() == 5


def test_a_worker_whose_child_dies_goes_on():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    def candidate(n):
        return subprocess.run([sys.executable, "-c", code if n % 2 else "pass"], check=False).returncode

    with Supervisor(2, "test") as pool:
        futures = [pool.submit(candidate, n) for n in range(6)]
        assert sorted(f.result() for f in as_completed(futures)) == [-9, -9, -9, 0, 0, 0]


def test_no_more_threads_than_workers_and_no_more_than_needed():
    barrier = threading.Barrier(3)
    with Supervisor(3, "test") as pool:
        for _ in range(5):
            pool.submit(int).result()
        assert len(pool._threads) <= 2
        assert len({f.result() for f in [pool.submit(lambda: barrier.wait(20)) for _ in range(3)]}) == 3
        assert len(pool._threads) == 3


def test_what_waits_can_be_cancelled():
    release, started = threading.Event(), threading.Event()

    def hold():
        started.set()
        return release.wait(20)

    pool = Supervisor(1, "test")
    first, second = pool.submit(hold), pool.submit(int)
    assert started.wait(20)
    pool.shutdown(wait=False, cancel_futures=True)
    assert second.cancelled()
    release.set()
    assert first.result()
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(int)


def test_a_waiting_task_does_not_keep_the_process():
    """The standard executor would join its threads at exit and hang here for ten minutes."""
    code = (
        "import threading; from accelcore.pools.local import LocalPool\n"
        "LocalPool(workers=1).open().submit(threading.Event().wait, 600); print('end')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True).stdout == b"end\n"
