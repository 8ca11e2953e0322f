"""The fault table: what a provider may do, and what becomes of it.  Both protocols, over real HTTP."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from accelcore.errors import MissingTool, ModelError
from accelcore.models import _sdk
from accelcore.models.answer import TransientError
from accelcore.models.anthropic import AnthropicModel
from accelcore.models.client import ATTEMPTS, PATIENCE, Client
from accelcore.models.openai import OpenAIModel
from accelcore.values import Limits

ASK = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello?"}]
FAULT = {"error": {"type": "fault", "message": "not now"}}


def ask(client, ordinal=0):
    return client.ask(ASK, place="p", ordinal=ordinal)


def test_an_answer_with_its_usage(client, server):
    answer = ask(client)
    assert (answer.text, answer.finish) == ("hello", "stop")
    assert (answer.usage.tokens_in, answer.usage.tokens_out, answer.usage.tokens_cached) == (100, 20, 40)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_passing_fault_is_tried_again(client, server, status):
    server.script = [(status, FAULT), (status, FAULT), "hello"]
    assert ask(client).text == "hello"
    assert client.pauses == [0.5, 1.0]
    assert len(server.requests) == 3, "the SDK's own retries are off"


@pytest.mark.parametrize(
    ("headers", "pause"),
    [({"retry-after": "7"}, 7.0), ({"retry-after-ms": "250"}, 0.25), ({"retry-after": "soon"}, 0.5)],
)
def test_the_server_says_how_long_to_wait(client, server, headers, pause):
    server.script = [(429, FAULT, headers), "hello"]
    assert ask(client).text == "hello"
    assert client.pauses == [pause]


def test_a_date_to_wait_for():
    assert _sdk.retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    future = _sdk.retry_after({"retry-after": "Wed, 21 Oct 2065 07:28:00 GMT"})
    assert future is not None and future > PATIENCE


def test_a_long_wait_ends_the_search_at_once(client, server):
    server.script = [(429, FAULT, {"retry-after": "3600"})]
    with pytest.raises(ModelError, match="asks to wait 3600 s") as caught:
        ask(client)
    assert "resume" in caught.value.hint
    assert client.pauses == []


@pytest.mark.parametrize("fault", [(429, FAULT), (500, FAULT), "cut", "garbage"], ids=str)
def test_a_lasting_fault_is_one_clear_error(client, server, fault):
    server.script = [fault]
    with pytest.raises(ModelError, match=f"{ATTEMPTS} attempts") as caught:
        ask(client)
    assert "\n" not in caught.value.what
    assert len(server.requests) == ATTEMPTS
    assert client._journal.usage().tokens_out == 0


@pytest.mark.parametrize("fault", ["cut", "garbage"])
def test_a_broken_answer_is_asked_for_again(client, server, fault):
    server.script = [fault, "hello"]
    assert ask(client).text == "hello"


def test_a_stream_gives_the_same_answer(model, server):
    with_stream = Client([replace(model, max_tokens=50_000)], pause=lambda seconds: None)
    server.script = ["a long answer"]
    assert ask(with_stream).text == "a long answer"
    assert server.requests[0]["stream"] is True
    with_stream.close()


def test_a_cut_stream_is_no_answer(model, server):
    client = Client([replace(model, max_tokens=50_000)], pause=lambda seconds: None)
    server.script = ["cut stream", "whole"]
    assert ask(client).text == "whole"
    assert len(server.requests) == 2
    client.close()


def test_a_server_that_hangs_is_left(model, server):
    server.script = ["hang"]
    with pytest.raises(TransientError, match="did not answer in time"):
        model.complete(ASK, schema=None, limits=Limits(seconds=0.3))


def test_a_dead_server_is_one_clear_error(model):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    dead = replace(model, base_url=f"http://127.0.0.1:{port}/v1")
    pauses = []
    client = Client([dead], pause=pauses.append)
    with pytest.raises(ModelError, match="cannot reach http://127") as caught:
        ask(client)
    assert "server up" in caught.value.hint
    assert pauses == [], "at once: nobody ever answered there"
    client.close()


def test_a_server_that_answered_before_is_waited_for(model, server):
    pauses = []
    client = Client([model], pause=pauses.append)
    assert ask(client).text == "hello"
    server.close()
    with pytest.raises(ModelError, match=f"{ATTEMPTS} attempts"):
        ask(client, ordinal=1)
    assert len(pauses) == ATTEMPTS - 1
    client.close()


@pytest.mark.parametrize(("status", "hint"), [(401, "key is wrong"), (404, "name right"), (403, "may not use")])
def test_what_cannot_pass_is_not_tried_again(client, server, status, hint):
    server.script = [(status, FAULT)]
    with pytest.raises(ModelError, match=f"answered {status}") as caught:
        ask(client)
    assert hint in caught.value.hint
    assert len(server.requests) == 1


def test_a_missing_key_is_an_error_before_any_request(model, monkeypatch):
    monkeypatch.delenv(model.key_variable)
    public = type(model)("m")
    with pytest.raises(ModelError, match=f"{model.key_variable} is not set"):
        public.complete(ASK, schema=None, limits=Limits())


def test_a_local_server_needs_no_key(model, server, monkeypatch):
    monkeypatch.delenv(model.key_variable)
    assert model.complete(ASK, schema=None, limits=Limits()).text == "hello"


def test_a_missing_package_names_the_command(model, monkeypatch):
    import importlib

    def refuse(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(MissingTool) as caught:
        model.complete(ASK, schema=None, limits=Limits())
    assert f'pip install "accelcore[{model.name}]"' in caught.value.hint


def test_an_empty_answer_is_an_answer(client, server):
    server.script = [""]
    assert ask(client).text == ""
    assert len(server.requests) == 1


def test_a_huge_answer_is_cut_and_says_so(client, server):
    server.script = ["x" * 2_000_000]
    answer = ask(client)
    assert answer.finish == "length"
    assert len(answer.text) <= 256 << 10


def test_the_limit_of_tokens_and_refusals_are_told(server, bodies):
    openai_body, anthropic_body = bodies
    server.script = [(200, openai_body("half", "length")), (200, openai_body("no", "content_filter"))]
    model = OpenAIModel("m", f"{server.url}/v1")
    assert [model.complete(ASK, schema=None, limits=Limits()).finish for _ in range(2)] == ["length", "refusal"]
    server.script = [(200, anthropic_body("half", "max_tokens")), (200, anthropic_body("no", "refusal"))]
    model = AnthropicModel("m", server.url)
    assert [model.complete(ASK, schema=None, limits=Limits()).finish for _ in range(2)] == ["length", "refusal"]


def test_a_schema_is_sent(model, server):
    schema = {"type": "object", "properties": {"plan": {"type": "string"}}}
    model.complete(ASK, schema=schema, limits=Limits())
    sent = server.requests[0]
    form = sent["response_format"]["json_schema"] if model.name == "openai" else sent["output_config"]["format"]
    assert form["schema"] == schema


def test_the_system_text_is_marked_for_the_providers_cache(server):
    AnthropicModel("m", server.url).complete(ASK, schema=None, limits=Limits())
    sent = server.requests[0]
    assert sent["system"] == [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    assert [m["role"] for m in sent["messages"]] == ["user"]
