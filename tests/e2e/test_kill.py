"""`kill -9` at any phase of a compile, then resume: same decisions, nothing judged twice but what was in flight."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from accelcore.journal import find, read
from accelcore.values import Run, Status

SCRIPT = Path(__file__).with_name("killable_compile.py")
PHASES = ["lifting", "building", "timing", "journalling", "export"]
PATIENCE = 120.0


class Child:
    """One process of the script, and what it tells."""

    def __init__(self, verb: str, folder: Path) -> None:
        self.end, other = os.pipe()
        command = [sys.executable, str(SCRIPT), str(other), str(folder / "judged.log"), verb, str(folder)]
        self.process = subprocess.Popen(command, pass_fds=[other], stderr=subprocess.PIPE, text=True)
        os.close(other)
        self._text = ""

    def lines(self) -> list[str]:
        """What it told until now; waits for something; empty at its end."""
        ready, _, _ = select.select([self.end], [], [], PATIENCE)
        assert ready, "the compile tells nothing any more"
        data = os.read(self.end, 1 << 16).decode()
        *whole, self._text = (self._text + data).split("\n")
        return whole if data else []

    def kill_in(self, phase: str, entry: int, delay: float) -> bool:
        """SIGKILL `delay` seconds after the phase was entered for the entry-th time; False when it never was."""
        seen = 0
        while lines := self.lines():
            for line in lines:
                seen += line == f"+{phase}"
                if seen == entry:
                    time.sleep(delay)  # the instant of the kill, not a synchronisation
                    self.process.kill()
                    self.close()
                    return True
        self.close()
        return False

    def finish(self) -> int:
        while self.lines():
            pass
        return self.close()

    def close(self) -> int:
        os.close(self.end)
        self.said = self.process.communicate(timeout=PATIENCE)[1]
        return self.process.returncode


def rows(run: Run) -> list[tuple[str, str]]:
    """The decisions of a run: which kernel was judged after which parent, and how it ended, in logical order."""
    ended = {e.kernel: e.status for e in run.evaluations}
    ordered = sorted(run.candidates, key=lambda c: (c.step, c.slot))
    return [(c.parent or "", c.digest) for c in ordered if ended.get(c.digest)]


@pytest.mark.parametrize("round_", [1, 2])
def test_a_killed_compile_resumes_as_if_nothing_had_happened(round_: int, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)  # in every message, so that a failure can be had again
    rng = random.Random(seed)
    histogram: Counter[str] = Counter()
    before: list[tuple[str, str]] = []
    kills = 0
    for phase in PHASES:
        runs = tmp_path / "runs"
        verb = "resume" if runs.exists() and any(runs.iterdir()) else "compile"
        entry = 1 if phase in ("lifting", "export") else rng.randint(1, 2)
        if Child(verb, tmp_path).kill_in(phase, entry, rng.uniform(0.0, 0.01)):
            histogram[phase] += 1
            kills += 1
        if runs.exists() and any(runs.iterdir()):
            now = rows(read(find("last", runs)))
            assert now[: len(before)] == before, f"seed {seed}: decisions changed after the kill in {phase}"
            before = now
    last = Child("resume", tmp_path)
    assert last.finish() == 0, f"seed {seed}: {last.said}"
    run = read(find("last", tmp_path / "runs"))
    print(f"seed {seed}: kills by phase {dict(histogram)}; {len(run.evaluations)} evaluations")
    assert rows(run)[: len(before)] == before
    assert run.best and (tmp_path / "out" / "kernel.c").exists()
    assert any(e.status is Status.OK for e in run.evaluations)
    judged = Counter((tmp_path / "judged.log").read_text().split())
    again = sum(count - 1 for count in judged.values())
    assert again <= kills, f"seed {seed}: {again} kernels were judged again after {kills} kills"
    assert set(histogram) == set(PHASES), f"seed {seed}: only {dict(histogram)} were hit"
