"""Every model call of a run: looked up, paid within the budget, retried, journalled."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlsplit

from accelcore.budget import Meter
from accelcore.cache import Cache
from accelcore.errors import AccelcoreError, BudgetSpent, MissingTool, ModelError, UsageError
from accelcore.journal import Journal
from accelcore.models.answer import Answer, TransientError, UnreachableError
from accelcore.models.prices import FREE, Price
from accelcore.pools.threads import DaemonThreads
from accelcore.values import Budget, Limits, Usage, digest_of

DEFAULT_DOLLARS = 5.0
"""What a run with a model may spend when no cap is given; it is printed."""

ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between attempts: doubling from the first to the longest, unless the server says."""

PATIENCE = 120.0
"""A server that asks to wait longer than these seconds ends the search instead: it can be resumed later."""

CONCURRENCY = 32
"""Calls in flight: as many as a step of the widest built-in search asks for at once.  A provider that takes fewer says
so (429), and is asked again later."""

GRACE = 10.0
"""Seconds that closing waits for answers that are paid for already."""

CALL_LIMITS = Limits(seconds=600.0, output=256 << 10)

Messages = Sequence[Mapping[str, str]]
Schema = Mapping[str, Any] | None


class PricedModel(Protocol):
    """What the client needs of an adapter beyond the Model protocol."""

    @property
    def prefix(self) -> str:
        """What it is chosen by."""

    @property
    def model(self) -> str:
        """The provider's name for it."""

    @property
    def price(self) -> Price | None:
        """None when it is not known."""

    def complete(self, messages: Messages, *, schema: Schema, limits: Limits) -> Answer:
        """One answer of one request."""


@dataclass(frozen=True)
class Call:
    """One sample of one request at one place of a search."""

    model: PricedModel
    messages: tuple[Mapping[str, str], ...]
    schema: Schema
    place: str
    ordinal: int

    @cached_property
    def request(self) -> str:
        """What is sent, as canonical JSON; the journal keeps it, so no key is in it."""
        return request_text(self.messages, self.schema)

    @cached_property
    def key(self) -> str:
        """Identity of the answer."""
        return digest_of(repr(self.model), self.request, self.place, self.ordinal)

    @property
    def tokens_in(self) -> int:
        """An upper estimate before the provider counts: code has about three characters a token."""
        return len(self.request) // 3 + 1

    @property
    def name(self) -> str:
        """The model as users write it."""
        return f"{self.model.prefix}:{self.model.model}"

    def counted(self, answer: Answer) -> Answer:
        """The answer with its model's name, and an estimate of its usage where the server did not say."""
        told = answer.usage
        if told.tokens_in or told.tokens_out:
            usage = Usage(self.name, told.tokens_in, told.tokens_out, told.tokens_cached, told.dollars)
        else:
            sent, got = self.tokens_in, len(answer.text) // 3 + 1
            usage = Usage(self.name, sent, got, 0, (self.model.price or FREE).dollars(sent, got))
        return replace(answer, usage=usage)


class Client:
    """The models of one run, as one.  Thread-safe.

    Invariants: an answer is on the disk before anybody sees it; the same request, place and sample is never paid twice
    within a run (or, with the cache, across runs); a call is sent only while its largest possible cost still fits the
    budget; what is not an answer is an exception.  Several models share the samples: sample k goes to model k modulo
    their number.
    """

    def __init__(
        self,
        models: Sequence[PricedModel],
        *,
        concurrency: int = CONCURRENCY,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self.models = tuple(models)
        self._stopped = threading.Event()
        self._heard: set[str] = set()  # models that have answered; one that never did is not waited for
        self._pause = pause or self._wait
        self._pool = DaemonThreads(concurrency, "accelcore-model")
        self._flying: set[Future[Answer]] = set()
        self._journal, self._cache, self._meter = Journal.memory(), Cache.off(), Meter(Budget())

    def attach(self, journal: Journal, cache: Cache, meter: Meter) -> None:
        """Spend from this budget, and remember in this journal."""
        self._journal, self._cache, self._meter = journal, cache, meter

    def capped(self, budget: Budget) -> Budget:
        """The budget, with five dollars where it has no cap.  UsageError for a price that is not known."""
        if budget.tokens is not None:
            return budget
        unknown = [f"{m.prefix}:{m.model}" for m in self.models if m.price is None]
        if unknown:
            raise UsageError(
                f"the price of {unknown[0]} is not known, so dollars cannot be counted",
                where="--model",
                hint="give --max-tokens, or its price in ~/.config/accelcore/prices.toml",
            )
        return budget if budget.dollars is not None else replace(budget, dollars=DEFAULT_DOLLARS)

    @property
    def notice(self) -> str:
        """What is sent to whom, for the first line of a run."""
        hosts = ", ".join(f"{m.prefix}:{m.model} at {_host(m)}" for m in self.models)
        return f"the task, its kernels and what the judge says of them are sent to {hosts}"

    def submit(self, messages: Messages, *, place: str, ordinal: int, schema: Schema = None) -> Future[Answer]:
        """`ask` in the background."""
        future: Future[Answer] = self._pool.submit(self.ask, messages, place=place, ordinal=ordinal, schema=schema)
        self._flying.add(future)
        future.add_done_callback(self._flying.discard)
        return future

    def ask(self, messages: Messages, *, place: str, ordinal: int, schema: Schema = None) -> Answer:
        """Sample number `ordinal` of the answer to this request at this place of the search.

        Raises BudgetSpent, or ModelError of one line when the model cannot be had.
        """
        call = Call(self.models[ordinal % len(self.models)], tuple(messages), schema, place, ordinal)
        return self._known(call) or self._paid(call)

    def close(self) -> None:
        """Send no more, and wait a little for answers that are paid for already."""
        self._stopped.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(list(self._flying), timeout=GRACE)

    def _known(self, call: Call) -> Answer | None:
        """The answer in this run's journal, else in the cache; both are free."""
        row = self._journal.call(call.key)
        if row is not None and row.status == "done":
            return Answer(row.reply, row.usage, row.finish)
        found = self._cache.reply(call.key)
        if found is None:
            return None
        answer = Answer(str(found["text"]), Usage(call.name), str(found["finish"]))
        self._sent(call)
        self._done(call, answer)
        return answer

    def _paid(self, call: Call) -> Answer:
        """Send, and send again as long as it may help."""
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(call)
            except TransientError as error:
                self._journal.call_failed(call.key, error.what)
                if isinstance(error, UnreachableError) and call.name not in self._heard:
                    raise ModelError(error.what, where=error.where, hint=error.hint) from None
                self._rest(error, attempt)
            except BudgetSpent:
                raise
            except AccelcoreError as error:
                self._journal.call_failed(call.key, error.what)
                raise
        raise AssertionError("the last attempt rests by raising")

    def _attempt(self, call: Call) -> Answer:
        self._meter.live()
        price = call.model.price or FREE
        sent, got = call.tokens_in, getattr(call.model, "max_tokens", 0)
        with self._meter.reserve(tokens=sent + got, dollars=price.dollars(sent, got)):
            if self._stopped.is_set():
                raise BudgetSpent("the search is over")
            self._sent(call)
            answer = _bounded(call.counted(self._complete(call)))
            self._heard.add(call.name)
            self._meter.add(answer.usage)
            self._done(call, answer)
        self._cache.put_reply(call.key, {"text": answer.text, "finish": answer.finish})
        return answer

    def _complete(self, call: Call) -> Answer:
        recorded = getattr(call.model, "recorded", None)  # a replayed journal knows the place, a provider does not
        if recorded is not None:
            replayed: Answer = recorded(call.request, call.place, call.ordinal)
            return replayed
        return call.model.complete(call.messages, schema=call.schema, limits=self._limits())

    def _limits(self) -> Limits:
        """An attempt takes no longer than the run may."""
        left = self._meter.remaining_seconds
        return CALL_LIMITS if left is None else replace(CALL_LIMITS, seconds=min(CALL_LIMITS.seconds, left + 1.0))

    def _sent(self, call: Call) -> None:
        place, ordinal = call.place, call.ordinal
        self._journal.call_sent(call.key, model=call.name, request=call.request, place=place, ordinal=ordinal)

    def _done(self, call: Call, answer: Answer) -> None:
        self._journal.call_done(call.key, reply=answer.text, finish=answer.finish, usage=answer.usage)

    def _rest(self, error: TransientError, attempt: int) -> None:
        """Wait before the next attempt, or give up."""
        seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) if error.retry_after is None else error.retry_after
        if seconds > PATIENCE:
            what = f"{error.what}; it asks to wait {seconds:.0f} s"
            raise ModelError(what, where=error.where, hint="accelcore resume goes on later") from None
        if attempt + 1 == ATTEMPTS:
            what = f"{error.what} ({ATTEMPTS} attempts)"
            hint = error.hint or "nothing is lost: accelcore resume goes on when it works again"
            raise ModelError(what, where=error.where, hint=hint) from None
        self._pause(seconds)
        self._meter.check()

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)


def _bounded(answer: Answer) -> Answer:
    """An answer longer than any kernel is cut, and counts as cut."""
    if len(answer.text) <= CALL_LIMITS.output:
        return answer
    return replace(answer, text=answer.text[: CALL_LIMITS.output], finish="length")


def request_text(messages: Messages, schema: Schema) -> str:
    """A request as canonical JSON."""
    return json.dumps({"messages": [dict(m) for m in messages], "schema": schema}, sort_keys=True, ensure_ascii=False)


def _host(model: PricedModel) -> str:
    return urlsplit(getattr(model, "base_url", "")).netloc or "this machine"


def client_for(spec: str, budget: Budget, *, concurrency: int = CONCURRENCY) -> Client:
    """The client of `PREFIX:NAME`, `PREFIX:NAME@URL`, or several of them joined by commas.

    Raises UsageError, MissingTool or ModelError at once for what can be seen without a request: a provider that is not
    known, a package or key that is missing, a price that is not known while dollars are the only cap.
    """
    client = Client([_model(part.strip()) for part in spec.split(",")], concurrency=concurrency)
    client.capped(budget)
    return client


def _model(spec: str) -> PricedModel:
    from accelcore.models._sdk import key_from
    from accelcore.registry import configured, registry

    prefix, colon, rest = spec.partition(":")
    name, _, url = rest.partition("@")
    if not colon or not name:
        raise UsageError(f"{spec!r} names no model", where="--model", hint="write PREFIX:NAME or PREFIX:NAME@URL")
    known = registry().model(prefix)
    if lacking := list(known.missing()):
        raise MissingTool(f"the provider {prefix!r} is not usable here: {lacking[0]}", where="--model")
    found: Any = configured(known, {"model": name, **({"base_url": url} if url else {})})
    if variable := getattr(found, "key_variable", ""):
        key_from(variable, found.base_url, prefix)
    model: PricedModel = found
    return model
