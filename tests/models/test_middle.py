"""A provider that goes away in the middle of a search, over real HTTP: what was paid stays, the rest goes on later."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from accelcore import journal
from accelcore.bench import landscapes
from accelcore.errors import ModelError
from accelcore.journal import Journal
from accelcore.models.client import ATTEMPTS, Client
from accelcore.proposers.model import ModelProposer
from accelcore.session import Session
from accelcore.strategies.greedy import Greedy
from accelcore.values import Budget, Candidate, Move, Phase, Request, Status

GEMM = replace(next(found for found in landscapes() if found.name == "gemm"), name="BI")
BEST = {"BI": 64, "BJ": 256, "BK": 32, "ORDER": 1, "UNROLL": 8}


def author(request):
    """It sets one setting of the kernel in the prompt to its best value."""
    prompt = str(request["messages"][-1]["content"])
    point = dict(pair.split("=") for pair in prompt.split("# The kernel\n")[1].split("\n")[1].split())
    name = next((name for name, value in BEST.items() if int(point[name]) != value), "BI")
    point[name] = str(BEST[name])
    return "```plan\nset it\n```\n```settings\n" + " ".join(f"{k}={v}" for k, v in point.items()) + "\n```"


def searched(log, model):
    client = Client([model], pause=lambda seconds: None)
    with Session(log, proposers=[ModelProposer()], client=client, budget=Budget(proposals=12)) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        best = session.search(Greedy(tries=4), session.start(GEMM.lower(session.task), lowered=True))
        assert best is not None
        return best.kernel.text.strip()


def calls(folder):
    """How often each call was sent that has been answered."""
    with closing(sqlite3.connect(folder / "journal.sqlite")) as db:
        return dict(db.execute("SELECT key, attempts FROM call WHERE status='done'"))


def proposals(model, n=1):
    client = Client([model], pause=lambda seconds: None)
    candidate = Candidate(GEMM.lower(GEMM.task()))
    asked = Request(Phase.IMPLEMENT, GEMM.task(), "gemm", candidate, (Move("plan", "any"),))
    try:
        return list(ModelProposer(client).propose(asked, n=n, seed=1))
    finally:
        client.close()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "there is no fenced block"),
        ("BI=8 BJ=8", "there is no fenced block"),
        ("I cannot help with that.", "there is no fenced block"),
        ("Error: max retries reached", "there is no fenced block"),
        ("```settings\nBI=8", "not closed"),
        ("```settings\n" + "BI=8 " * 400_000 + "\n```", "cut off"),
    ],
    ids=["empty", "no fence", "refusal", "error text", "cut fence", "2 MB"],
)
def test_an_answer_that_is_no_kernel_is_refused_with_the_reason_and_never_a_proposal(model, server, answer, why):
    server.script = [answer, answer]
    assert proposals(model) == []
    assert len(server.requests) == 2, "it may answer once more"
    assert why in str(server.requests[1]["messages"][-1]["content"])


@pytest.mark.parametrize("fault", ["cut", (503, {"error": {"type": "down", "message": "gone"}})], ids=["dead", "503"])
def test_a_server_that_dies_in_the_middle_ends_the_search_which_goes_on_later(tmp_path, model, server, fault):
    server.script = [author, author, author, fault]
    with pytest.raises(ModelError, match=f"{ATTEMPTS} attempts"):
        searched(Journal.create(tmp_path, id="r", seed=1), model)
    run = journal.read(tmp_path / "r")
    assert run.status == "stopped"
    assert Status.OK in [e.status for e in run.evaluations], "what was judged is kept"
    answered = calls(tmp_path / "r")
    assert len(answered) == 3, "so is what was answered"
    server.script = [author]
    assert searched(Journal.resume(tmp_path / "r"), model) == " ".join(f"{k}={v}" for k, v in BEST.items())
    assert answered.items() <= calls(tmp_path / "r").items(), "what was answered was not asked for again"


def test_the_key_is_in_no_file_log_error_report_or_child(tmp_path, model, server, secret, caplog, monkeypatch):
    """Through a whole run with answers and a fault: every file that it wrote, every log line, every child's world."""
    import os

    from accelcore.journal import reader
    from accelcore.sandbox import KERNEL, run_child

    caplog.set_level(logging.DEBUG)
    server.script = [author, (401, {"error": {"message": f"wrong key {secret}"}})]
    with pytest.raises(ModelError) as caught:
        searched(Journal.create(tmp_path, id="r", seed=1), model)
    assert secret not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert any(secret in str(headers) for headers in server.headers), "the server did get it"
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file.name
    assert secret not in repr(reader.read(tmp_path / "r"))
    assert secret not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("accel"))
    assert os.environ[model.key_variable] == secret
    world = run_child(["/usr/bin/env"], KERNEL)
    assert secret.encode() not in world.stdout + world.stderr


def test_the_log_of_the_sdk_hides_the_key(model, server, secret, caplog):
    """At the most talkative level of its own."""
    caplog.set_level(logging.DEBUG)
    client = Client([model])
    client.ask([{"role": "user", "content": "hello?"}], place="p", ordinal=0)
    client.close()
    assert secret not in "".join(record.getMessage() for record in caplog.records)
