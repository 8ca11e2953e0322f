"""Judging in the workers of a pool: the same search, whatever happens to the workers."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # workers import the helper beside this file by name
from pooled_benches import GEMM, deadly, racing, steady, unlike

from accelcore.bench import searched
from accelcore.errors import PluginError
from accelcore.pools.bench import ATTEMPTS, PooledBench
from accelcore.pools.supervisor import Supervisor
from accelcore.strategies.greedy import Greedy
from accelcore.values import Artifact, Status


@pytest.mark.parametrize("make", [steady, racing], ids=["exact", "timed"])
def test_a_pool_finds_what_one_process_finds(make):
    bench = PooledBench(make, Supervisor(3), workers=3)
    assert bench.lanes == 3
    assert bench.timed is (make is racing)
    assert searched(Greedy(), GEMM, bench, 3) == searched(Greedy(), GEMM, make(), 3)


def test_a_search_does_not_notice_that_workers_die(tmp_path):
    for number in range(2):
        (tmp_path / f"{number}").touch()
    bench = PooledBench(partial(deadly, str(tmp_path)), Supervisor(3), workers=3)
    assert searched(Greedy(), GEMM, bench, 3) == searched(Greedy(), GEMM, GEMM, 3)
    assert not list(tmp_path.iterdir()), "two workers did die"


def test_a_kernel_that_no_worker_survives_is_not_judged(tmp_path):
    marks = [tmp_path / f"{number}" for number in range(ATTEMPTS)]
    bench = PooledBench(partial(deadly, str(tmp_path)), Supervisor(1))
    for mark in marks:
        mark.touch()
    kernel = GEMM.lower(GEMM.task())
    found = bench.judge(GEMM.task(), Artifact(kernel, "", ""))
    assert found.status is Status.HARNESS_ERROR and f"lost {ATTEMPTS} times" in found.feedback
    assert bench.judge(GEMM.task(), Artifact(kernel, "", "")).status is Status.OK, "the pool lives"
    bench.close()


def test_workers_that_are_unlike_are_refused():
    bench = PooledBench(unlike, Supervisor(1))
    bench._executor.shutdown()
    bench._executor = Supervisor(1)  # another process, which calls itself another machine
    with pytest.raises(PluginError, match="unlike"):
        bench.judge(GEMM.task(), Artifact(GEMM.lower(GEMM.task()), "", ""))
    bench.close()


def test_an_executor_of_the_callers_is_left_open():
    with Supervisor(1) as pool:
        PooledBench(steady, pool, owns=False).close()
        assert pool.submit(abs, -1).result() == 1
