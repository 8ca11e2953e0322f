"""kill -9 at random instants: nothing is lost, and the resumed search decides as the uninterrupted one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from accelcore import journal

SCRIPT = Path(__file__).with_name("search_script.py")


def start(folder, run, strategy, log):
    return subprocess.Popen([sys.executable, str(SCRIPT), str(folder), run, strategy, str(log)])


def decisions(folder):
    run = journal.read(folder)
    candidates = [(c.step, c.slot, c.digest, c.parent) for c in run.candidates]
    costs = {e.kernel: (e.status, e.cost) for e in run.evaluations}
    return candidates, costs, run.best, run.spent["evaluations"]


@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_killed_runs_end_as_the_uninterrupted_one(tmp_path, strategy):
    whole = tmp_path / "whole.log"
    assert start(tmp_path, "whole", strategy, whole).wait() == 0
    log, kills, rng = tmp_path / "killed.log", 0, random.Random(strategy)
    for attempt in range(40):
        process = start(tmp_path, "killed", strategy, log)
        try:
            # The first attempts die within the time that a start and a few evaluations take, later ones live longer.
            assert process.wait(timeout=0.15 + rng.random() * 0.04 * (attempt + 1)) == 0
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert kills >= 2, "the search was too fast to be killed"
    assert journal.read(tmp_path / "killed").status == "done"
    assert decisions(tmp_path / "killed") == decisions(tmp_path / "whole")
    judged = Counter(log.read_text().split())
    again = sum(count - 1 for count in judged.values())
    assert again <= kills, "one lane: at most the evaluation in flight is repeated at each kill"


def test_a_killed_run_reads_as_interrupted(tmp_path):
    process = start(tmp_path, "run", "beam", tmp_path / "log")
    while not (tmp_path / "run" / "journal.sqlite").exists() and process.poll() is None:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert journal.read(tmp_path / "run").status == "interrupted"
    with journal.Journal.resume(tmp_path / "run"):
        assert journal.read(tmp_path / "run").status == "running"
    assert journal.read(tmp_path / "run").status == "interrupted"
