"""A cluster of separate processes on loopback: a scheduler and three workers that start again when they die."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the helper beside this file; test folders are no packages

if importlib.util.find_spec("distributed") is None:
    collect_ignore_glob = ["test_*.py"]


def pytest_report_header() -> list[str]:
    """Say so where nothing here can run."""
    return ["accelcore-dask: not tested, distributed is not installed"] if "collect_ignore_glob" in globals() else []


@pytest.fixture(scope="session")
def scheduler():
    """The address of a scheduler with three workers tagged `board`."""
    from distributed import LocalCluster

    options = {"processes": False, "protocol": "tcp://", "host": "127.0.0.1", "dashboard_address": None}
    cluster = LocalCluster(n_workers=0, silence_logs=50, **options)
    address = cluster.scheduler_address
    command = [sys.executable, "-m", "accelcore_dask.worker", address, "--tag", "board"]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    workers = [subprocess.Popen(command, env=environment, start_new_session=True, **quiet) for _ in range(3)]
    yield address
    for worker in workers:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    cluster.close()


@pytest.fixture
def pool(scheduler):
    """An executor over the three workers, all of them up."""
    from distributed import Client

    from accelcore_dask.pool import DaskPool

    with Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(3, timeout=60)
    with DaskPool(scheduler, "board").open() as opened:
        yield opened
