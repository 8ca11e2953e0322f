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


KILLS = 25


@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_killed_runs_end_as_the_uninterrupted_one(tmp_path, strategy):
    whole = tmp_path / "whole.log"
    assert start(tmp_path, "whole", strategy, whole).wait() == 0
    log, kills, rng = tmp_path / "killed.log", 0, random.Random(strategy)
    for attempt in range(KILLS + 1):
        process = start(tmp_path, "killed", strategy, log)
        try:
            # The first attempts die within the time that a start and a few evaluations take, later ones live longer;
            # the last one is left alone, however slow the machine is.
            long = 0.15 + rng.random() * 0.04 * (attempt + 1) if attempt < KILLS else None
            assert process.wait(timeout=long) == 0
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


def test_a_search_on_a_full_disk_ends_and_goes_on_when_there_is_room(tmp_path):
    """A limit on the size of files stands for a full disk."""
    assert start(tmp_path, "whole", "beam", tmp_path / "log").wait() == 0
    limit = (tmp_path / "whole" / "journal.sqlite").stat().st_size // 2
    code = f"import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    code += f"sys.argv[1:] = [{str(tmp_path)!r}, 'full', 'beam', '/dev/null']\n"
    code += f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    full = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "JournalError" in full.stderr and "the disk is full" in full.stderr
    assert journal.read(tmp_path / "full").status == "interrupted"
    assert start(tmp_path, "full", "beam", tmp_path / "log").wait() == 0
    assert decisions(tmp_path / "full") == decisions(tmp_path / "whole")


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
