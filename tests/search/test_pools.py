"""Daemon threads, and the supervisor of worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor

import pytest

from accelcore.pools.local import LocalPool
from accelcore.pools.supervisor import Supervisor, WorkerLost
from accelcore.pools.threads import DaemonThreads


@pytest.mark.parametrize("opened", [LocalPool(workers=2).open, lambda: DaemonThreads(2, "test")])
def test_it_is_an_executor(opened):
    with opened() as pool:
        assert isinstance(pool, Executor)
        assert list(pool.map(abs, range(-20, 0))) == list(range(20, 0, -1))
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(int, "x").result()


def test_a_death_costs_one_task():
    with Supervisor(2) as pool:
        before = [pool.submit(abs, -n) for n in range(4)]
        lost = [pool.submit(os._exit, 3), pool.submit(signal.raise_signal, signal.SIGKILL)]
        after = [pool.submit(abs, -n) for n in range(20)]
        assert [f.result() for f in (*before, *after)] == [*range(4), *range(20)]
        assert {str(f.exception()).split("\n")[0] for f in lost} == {
            "a worker ended with exit status 3",
            "a worker ended with signal 9",
        }
        assert all(isinstance(f.exception(), WorkerLost) for f in lost)


def test_what_a_task_prints_is_no_answer():
    with Supervisor(1) as pool:
        assert pool.submit(os.system, "echo noise").result() == 0
        assert pool.submit(os.write, 1, b"noise").result() == 5
        assert pool.submit(abs, -1).result() == 1


def test_what_cannot_be_sent_is_an_error_of_its_task():
    with Supervisor(1) as pool:
        assert pool.submit(lambda: 1).exception() is not None
        assert isinstance(pool.submit(threading.Lock).exception(), TypeError)
        assert pool.submit(abs, -1).result() == 1


def test_no_worker_is_left_behind():
    pool = Supervisor(2)
    workers = {pool.submit(os.getpid).result() for _ in range(8)}
    pool.shutdown()
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_workers_end_with_a_killed_parent():
    code = (
        "import os, time; from accelcore.pools.supervisor import Supervisor\n"
        "pool = Supervisor(1); print(pool.submit(os.getpid).result(), flush=True)\n"
        "pool.submit(time.sleep, 600); os.kill(os.getpid(), 9)"
    )
    out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False).stdout
    gone = threading.Event()
    for _ in range(200):
        try:
            os.kill(int(out), 0)
        except ProcessLookupError:
            gone.set()
            break
        gone.wait(0.05)
    assert gone.is_set()


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_no_task_takes_a_worker_down(error):
    def fail():
        raise error("gone")

    with DaemonThreads(1, "test") as pool:
        for _ in range(3):
            assert isinstance(pool.submit(fail).exception(), error)
        assert pool.submit(lambda: 5).result() == 5


def test_no_more_threads_than_workers_and_no_more_than_needed():
    barrier = threading.Barrier(3)
    with DaemonThreads(3, "test") as pool:
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

    pool = DaemonThreads(1, "test")
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
        "import threading; from accelcore.pools.threads import DaemonThreads\n"
        "DaemonThreads(1, 'test').submit(threading.Event().wait, 600); print('end')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True).stdout == b"end\n"
