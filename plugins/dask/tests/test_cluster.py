"""A search on a cluster whose workers die, and the five traps of a cluster."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import wait
from functools import partial

import pytest
from clustered_benches import GEMM, deadly, note
from distributed import Client

import accelcore
from accelcore.bench import searched
from accelcore.errors import UsageError
from accelcore.options import split, values_for
from accelcore.pools.bench import PooledBench
from accelcore.pools.supervisor import Supervisor, WorkerLost
from accelcore.registry import Registry, configured, registry
from accelcore.strategies.beam import Beam
from accelcore.values import Grade, Status
from accelcore_dask.executor import ClusterError
from accelcore_dask.pool import DaskPool
from accelcore_dask.worker import announced, main, tags_from


def test_three_workers_find_what_the_local_pool_finds_while_one_is_killed(tmp_path, pool):
    marks, log, local_log = tmp_path / "marks", tmp_path / "log", tmp_path / "local"
    marks.mkdir()
    here = PooledBench(partial(deadly, str(marks), str(local_log)), Supervisor(3), workers=3)
    local = searched(Beam(), GEMM, here, 5, evaluations=60)
    (marks / "one").touch()
    bench = PooledBench(partial(deadly, str(marks), str(log)), pool, workers=pool.workers, owns=False)
    assert searched(Beam(), GEMM, bench, 5, evaluations=60) == local
    assert not list(marks.iterdir()), "a worker was killed"
    lines = log.read_text().splitlines()
    assert len({line.split()[0] for line in lines}) >= 2, "several processes judged"
    judged = [line.partition(" ")[2] for line in lines]
    assert 1 <= len(judged) - len(set(judged)) <= 3, "what was lost with the worker was judged again, nothing else"


def test_equal_calls_are_made_each_time(tmp_path, pool):
    file = tmp_path / "effects"
    wait([pool.submit(note, str(file)) for _ in range(5)])
    assert len(file.read_text().splitlines()) == 5


def living(scheduler):
    """Process ids of the workers."""
    with Client(scheduler, set_as_default=False) as client:
        return set(client.run(os.getpid).values())


def test_a_task_that_kills_its_worker_kills_one(scheduler, pool):
    before = living(scheduler)
    with pytest.raises(WorkerLost, match="of the cluster was lost"):
        pool.submit(signal.raise_signal, signal.SIGKILL).result(60)
    assert pool.submit(abs, -1).result(60) == 1
    assert len(living(scheduler) & before) == 2, "the others live"


def test_what_is_done_is_not_done_again_when_its_worker_dies(tmp_path, pool):
    file = tmp_path / "effects"
    futures = [pool.submit(note, str(file)) for _ in range(12)]
    wait(futures, timeout=60)
    assert not pool._flying, "nothing is held"
    with pytest.raises(WorkerLost):
        pool.submit(signal.raise_signal, signal.SIGKILL).result(30)
    assert pool.submit(abs, -1).result(30) == 1
    assert len(file.read_text().splitlines()) == 12
    assert all(future.result() for future in futures), "the results are ours"


def test_a_tag_that_nobody_has_is_refused_when_it_is_opened(scheduler):
    with pytest.raises(ClusterError, match="can evaluate gemmini") as caught:
        DaskPool(scheduler, "gemmini", wait=4.0).open()
    assert "announced: board" in caught.value.hint


def test_a_cancelled_task_is_forgotten_and_the_pool_goes_on(pool):
    running = [pool.submit(time.sleep, 0.3) for _ in range(9)]
    assert all(future.cancel() for future in running)
    assert pool.submit(abs, -2).result(60) == 2
    assert not pool._flying


def test_a_command_line_judges_on_the_cluster(tmp_path, pool, scheduler, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twice.py").write_text(
        'def twice(x: "f32[n]", n: int) -> "f32[n]":\n    return [2.0 * x[i] for i in range(n)]\n'
    )
    where = f"dask:scheduler={scheduler},tag=board"
    result = accelcore.compile("twice.py", "numpy", sizes={"n": 64}, cache=False, max_evaluations=2, pool=where)
    assert result.grade is Grade.DERIVED
    assert {evaluation.status for _, evaluation in result.candidates} == {Status.OK}


def test_no_scheduler_is_one_clear_error():
    with pytest.raises(ClusterError, match="no dask scheduler answers"):
        DaskPool("tcp://127.0.0.1:9", wait=0.5).open()
    with pytest.raises(UsageError, match="address of the scheduler is missing"):
        DaskPool().open()


def test_it_is_chosen_by_name_and_options():
    import accelcore_dask

    found = Registry()
    found.add(accelcore_dask, "dask", "accelcore-dask")
    assert not found.problems()
    name, given = split("dask:scheduler=tcp://10.0.0.1:8786,tag=avx")
    chosen = configured(found.pool(name), values_for(found.pool(name), given))
    assert chosen == DaskPool("tcp://10.0.0.1:8786", "avx")


def test_a_worker_announces_what_it_can_evaluate(capsys):
    usable = {t.name for t in registry().targets() for e in registry().evaluators(t.name) if not e.missing()}
    assert set(announced()) == usable
    assert tags_from(["avx", "board=2"]) == {"avx": 1.0, "board": 2.0}
    assert main(["tcp://127.0.0.1:9", "--tag", "board=two"]) == 2
    assert "write --tag NAME=1" in capsys.readouterr().err
