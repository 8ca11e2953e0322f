"""The paying client: nothing twice, nothing past the cap, nothing secret written."""

from __future__ import annotations

import threading
from concurrent.futures import wait

import pytest

from accelcore.budget import Meter
from accelcore.cache import Cache
from accelcore.errors import BudgetSpent, ModelError, UsageError
from accelcore.hookspecs import hookimpl
from accelcore.journal import Journal
from accelcore.models.answer import Answer
from accelcore.models.anthropic import AnthropicModel
from accelcore.models.client import DEFAULT_DOLLARS, Client, client_for
from accelcore.models.openai import OpenAIModel
from accelcore.models.prices import FREE, Price, price_of
from accelcore.registry import Registry, using
from accelcore.values import Budget, Usage

ASK = [{"role": "user", "content": "hello?"}]


class Fake:
    """A model that answers its own count; each answer costs a dollar."""

    prefix, model, max_tokens = "fake", "m", 10

    def __init__(self, price=Price(0.0, 0.0, 1e6), before=None, tokens=1):  # noqa: B008  # frozen
        self.price, self.calls, self._before, self._tokens = price, 0, before, tokens
        self._lock = threading.Lock()

    def __repr__(self):
        return "Fake()"

    def complete(self, messages, *, schema, limits):
        if self._before:
            self._before()
        with self._lock:
            self.calls += 1
            return Answer(f"answer {self.calls}", Usage("m", 1, self._tokens, 0, self.price.dollars(0, self._tokens)))


def test_the_same_sample_is_never_paid_twice(tmp_path):
    model = Fake()
    for opened in (Journal.create(tmp_path, id="r"), None):
        client, log = Client([model]), opened or Journal.resume(tmp_path / "r")
        with log:
            client.attach(log, Cache.off(), Meter(Budget()))
            first = client.ask(ASK, place="p", ordinal=0)
            assert client.ask(ASK, place="p", ordinal=0) == first
            assert client.ask(ASK, place="p", ordinal=1) != first
            assert client.ask(ASK, place="q", ordinal=0) != first
        client.close()
    assert model.calls == 3


def test_an_answer_of_an_earlier_run_is_free(tmp_path):
    model, spent = Fake(), []
    for _ in range(2):
        client, meter = Client([model]), Meter(Budget())
        client.attach(Journal.memory(), Cache(tmp_path), meter)
        assert client.ask(ASK, place="p", ordinal=0).text == "answer 1"
        spent.append(meter.spent["dollars"])
        client.close()
    assert (model.calls, spent) == (1, [1.0, 0])


def test_the_cap_holds_with_many_calls_in_flight():
    """Each call may cost ten dollars and costs one: with 25, calls wait for each other and stop below the cap."""
    model, meter = Fake(), Meter(Budget(dollars=25.0))
    client = Client([model], concurrency=8)
    client.attach(Journal.memory(), Cache.off(), meter)
    futures = [client.submit(ASK, place="p", ordinal=n) for n in range(40)]
    wait(futures)
    refused = [f for f in futures if isinstance(f.exception(), BudgetSpent)]
    assert meter.spent["dollars"] == model.calls == 16, "after 16 a call of ten does not fit any more"
    assert len(refused) == 24
    client.close()


def test_a_call_that_may_not_fit_is_not_sent():
    model, meter = Fake(), Meter(Budget(tokens=5))
    client = Client([model])
    client.attach(Journal.memory(), Cache.off(), meter)
    with pytest.raises(BudgetSpent, match="5 tokens"):
        client.ask(ASK, place="p", ordinal=0)
    assert model.calls == 0
    client.close()


def test_several_models_share_the_samples():
    one, two = Fake(), Fake()
    client = Client([one, two])
    for ordinal in range(4):
        client.ask(ASK, place="p", ordinal=ordinal)
    assert (one.calls, two.calls) == (2, 2)
    client.close()


def test_closing_waits_for_what_is_paid_and_sends_no_more(tmp_path):
    started, release = threading.Event(), threading.Event()

    def before():
        started.set()
        assert release.wait(20)

    model, client = Fake(before=before), None
    with Journal.create(tmp_path, id="r") as log:
        client = Client([model], concurrency=1)
        client.attach(log, Cache.off(), Meter(Budget()))
        first, second = (client.submit(ASK, place="p", ordinal=n) for n in range(2))
        assert started.wait(20)
        threading.Timer(0.05, release.set).start()
        client.close()
        assert first.result().text == "answer 1"
        assert second.cancelled()
        assert log.usage().dollars == 1.0


def test_usage_is_estimated_where_the_server_is_silent():
    model = Fake(tokens=0)
    model.complete = lambda messages, *, schema, limits: Answer("x" * 300)
    client, meter = Client([model]), Meter(Budget())
    client.attach(Journal.memory(), Cache.off(), meter)
    usage = client.ask(ASK, place="p", ordinal=0).usage
    assert usage.tokens_out == 101 and usage.tokens_in > 0
    assert meter.spent["dollars"] == pytest.approx(101.0)
    client.close()


def test_five_dollars_apply_without_a_cap():
    client = Client([Fake()])
    assert client.capped(Budget()).dollars == DEFAULT_DOLLARS
    assert client.capped(Budget(dollars=1.0)).dollars == 1.0
    assert client.capped(Budget(tokens=1000)) == Budget(tokens=1000)
    unknown = Client([Fake(price=None)])
    with pytest.raises(UsageError, match="price of fake:m is not known") as caught:
        unknown.capped(Budget(dollars=3.0))
    assert "--max-tokens" in caught.value.hint
    assert unknown.capped(Budget(tokens=10)).tokens == 10


class Providers:
    """A plugin with the two adapters: what the built-ins offer."""

    @hookimpl
    def accelcore_models(self):
        return [OpenAIModel(), AnthropicModel()]


@pytest.fixture
def providers():
    found = Registry()
    found.add(Providers(), "providers", "tests")
    with using(found):
        yield


def test_models_are_chosen_by_prefix_and_name(monkeypatch, providers):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    found = client_for("openai:gpt-4o-mini", Budget()).models[0]
    assert (found.prefix, found.model) == ("openai", "gpt-4o-mini")
    client = client_for("openai:x@http://127.0.0.1:8000/v1,anthropic:y@http://localhost:1", Budget())
    assert [(m.prefix, m.model, m.price) for m in client.models] == [("openai", "x", FREE), ("anthropic", "y", FREE)]
    assert "openai:x at 127.0.0.1:8000" in client.notice
    with pytest.raises(UsageError, match="names no model"):
        client_for("gpt", Budget())
    with pytest.raises(UsageError, match="no model provider 'nobody'"):
        client_for("nobody:x", Budget())
    with pytest.raises(UsageError, match="price of openai:new is not known"):
        client_for("openai:new", Budget())
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        client_for("openai:gpt-4o-mini", Budget())


def test_prices_by_the_longest_beginning_and_the_users_first(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert price_of("openai", "gpt-4o-mini-2024") == Price(0.15, 0.075, 0.60)
    assert price_of("openai", "gpt-4o-2024") == Price(2.50, 1.25, 10.00)
    assert price_of("openai", "unheard") is None
    assert Price(2.0, 1.0, 10.0).dollars(1_000_000, 100_000, 500_000) == pytest.approx(1.0 + 0.5 + 1.0)
    table = tmp_path / "prices.toml"
    monkeypatch.setenv("ACCELCORE_PRICES", str(table))
    with pytest.raises(UsageError, match="cannot read the price table"):
        price_of("openai", "gpt-4o")
    table.write_text('[openai]\n"gpt-4o" = [1, 1, 1]\n')
    assert price_of("openai", "gpt-4o-mini") == Price(1, 1, 1)
    assert price_of("openai", "o3") == Price(2.0, 0.5, 8.0)
    table.write_text('[openai]\n"gpt-4o" = [1, 1]\n')
    with pytest.raises(UsageError, match="not a price table"):
        price_of("openai", "gpt-4o")


def test_a_recorded_run_answers_again(tmp_path, model, server):
    from accelcore.models.replay import ReplayModel

    server.script = ["one", "two", "three"]
    with Journal.create(tmp_path, id="r") as log:
        client = Client([model])
        client.attach(log, Cache.off(), Meter(Budget()))
        for ordinal in range(3):
            client.ask(ASK, place="p", ordinal=ordinal)
        client.close()
    replay = Client([ReplayModel(str(tmp_path / "r"))])
    meter = Meter(Budget())
    replay.attach(Journal.memory(), Cache.off(), meter)
    assert [replay.ask(ASK, place="p", ordinal=n).text for n in (2, 0, 1)] == ["three", "one", "two"]
    assert meter.spent["dollars"] == 0
    with pytest.raises(ModelError, match="no answer to this request"):
        replay.ask(ASK, place="p", ordinal=3)
    with pytest.raises(ModelError, match="no answer to this request"):
        replay.ask([{"role": "user", "content": "other"}], place="p", ordinal=0)
    replay.close()


def test_keys_reach_no_journal_error_or_representation(tmp_path, model, server, secret):
    server.script = [(401, {"error": {"type": "auth", "message": f"wrong key {secret}"}})]
    with Journal.create(tmp_path, id="r") as log:
        client = Client([model])
        client.attach(log, Cache(tmp_path / "cache"), Meter(Budget()))
        with pytest.raises(ModelError) as caught:
            client.ask(ASK, place="p", ordinal=0)
        server.script = ["hello"]
        client.ask(ASK, place="p", ordinal=1)
        client.close()
    assert secret in str(server.headers[0]), "the key was sent"
    assert secret not in str(caught.value) + repr(caught.value) + repr(model) + client.notice
    assert caught.value.__cause__ is None
    files = [f for f in tmp_path.rglob("*") if f.is_file()]
    assert files and not any(secret.encode() in f.read_bytes() for f in files)
