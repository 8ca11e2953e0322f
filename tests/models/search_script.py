"""A search with a model behind HTTP, a journal on the disk and many calls in flight; the tests kill and resume it."""

from __future__ import annotations

import json
import sys
import urllib.request
from dataclasses import dataclass, replace

from accelcore.bench import landscapes
from accelcore.errors import JournalError
from accelcore.journal import Journal
from accelcore.models.answer import Answer
from accelcore.models.client import Client
from accelcore.models.prices import Price
from accelcore.proposers.model import ModelProposer
from accelcore.session import Session
from accelcore.values import Phase, Usage


@dataclass(frozen=True)
class Remote:
    """A model that tells the server which sample is wanted, so that equal searches get equal answers."""

    url: str
    prefix = model = "remote"
    price = Price(1.0, 1.0, 1.0)
    max_tokens = 100

    def __repr__(self):
        return "Remote()"

    def recorded(self, request, place, ordinal):
        body = json.dumps({"request": request, "place": place, "ordinal": ordinal}).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body), timeout=30) as reply:
            return Answer(json.loads(reply.read())["text"], Usage("", 10, 10, 0, 0.01))


class Steps:
    """Three levels of four kernels, each with a plan and two implementations, all asked for at once."""

    name = "steps"

    def search(self, session, start):
        beam = [start]
        for _ in range(3):
            asked = [session.propose([session.request(Phase.PLAN, parent)], n=2) for parent in beam]
            plans = [(parent, plan) for parent, stream in zip(beam, asked, strict=True) for plan in stream]
            requests = [session.request(Phase.IMPLEMENT, parent, moves=[plan.move]) for parent, plan in plans]
            streams = [session.propose([request], n=2) for request in requests]
            found = [session.candidate(r, p) for r, stream in zip(requests, streams, strict=True) for p in stream]
            children = [candidate for candidate, _ in session.evaluate(found)]
            beam = session.fastest([*beam, *children], 4)


def main(folder: str, run: str, url: str) -> None:
    landscape = next(found for found in landscapes() if found.name == "gemm")
    landscape = replace(landscape, name="BI")  # an entry that every kernel's text contains
    try:
        journal = Journal.create(folder, id=run, seed=7)
    except JournalError:
        journal = Journal.resume(f"{folder}/{run}")
    client = Client([Remote(url)], concurrency=8)
    with Session(journal, proposers=[ModelProposer()], client=client) as session:
        session.focus(landscape.task(), landscape, landscape)
        session.search(Steps(), session.start(landscape.lower(session.task)))


if __name__ == "__main__":
    main(*sys.argv[1:])
