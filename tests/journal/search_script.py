"""A search on a slowed landscape with a journal on the disk; the tests kill and resume it."""

from __future__ import annotations

import sys
import time

from accelcore.bench import ScriptedProposer, landscapes
from accelcore.errors import JournalError
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.strategies.beam import Beam
from accelcore.strategies.greedy import Greedy
from accelcore.values import Budget


class Slow:
    """A landscape whose judge takes a while, so that a kill falls into every part of the work."""

    def __init__(self, landscape, log):
        self._landscape, self._log = landscape, log

    def __getattr__(self, name):
        return getattr(self._landscape, name)

    def judge(self, task, artifact, incumbent):
        with open(self._log, "a") as log:
            log.write(artifact.kernel.digest + "\n")
        time.sleep(0.002)
        return self._landscape.judge(task, artifact, incumbent)


def main(folder: str, run: str, strategy: str, log: str) -> None:
    landscape = next(found for found in landscapes() if found.name == "gemm")
    try:
        journal = Journal.create(folder, id=run, seed=7, config={"name": "landscape"})
    except JournalError:
        journal = Journal.resume(f"{folder}/{run}")
    search = {"greedy": Greedy(), "beam": Beam(tries=6)}[strategy]
    proposers = [ScriptedProposer(landscape, 3, wrong=0.2)]
    with Session(journal, proposers=proposers, budget=Budget(evaluations=90), jobs=2) as session:
        session.focus(landscape.task(), landscape, Slow(landscape, log))
        session.search(search, session.start(landscape.lower(session.task), lowered=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
