"""OpenAI's chat completions, which many local servers speak too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.models._sdk import SdkModel
from accelcore.models.answer import Answer
from accelcore.models.prices import FREE
from accelcore.values import Usage

if TYPE_CHECKING:
    from accelcore.values import Limits

_HOME = "https://api.openai.com/v1"
_STREAM_FROM = 8192
"""Answers that may get longer than this many tokens are streamed, so that no proxy cuts a silent connection."""


@dataclass(frozen=True)
class OpenAIModel(SdkModel):
    """`--model openai:NAME` or `openai:NAME@http://host:port/v1`.  One request per call; the client retries."""

    model: str = field(default="", metadata={"help": "name of the model"})
    base_url: str = field(default=_HOME, metadata={"help": "address of the server, with /v1"})
    max_tokens: int = field(default=8192, metadata={"help": "longest answer"})
    temperature: float | None = field(default=None, metadata={"help": "randomness; unset leaves it to the provider"})

    name: ClassVar[str] = "openai"
    prefix: ClassVar[str] = "openai"
    about: ClassVar[str] = "OpenAI, and servers that speak its chat completions"
    client_class: ClassVar[str] = "OpenAI"
    key_variable: ClassVar[str] = "OPENAI_API_KEY"

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any] | None, limits: Limits
    ) -> Answer:
        """One answer.  Raises TransientError where another attempt may help, ModelError where none does."""
        with self.client() as client:
            arguments = {**self._arguments(messages, schema), "timeout": limits.seconds}
            if self.max_tokens > _STREAM_FROM:
                return self._streamed(client, arguments, limits)
            return self._whole(client.chat.completions.create(**arguments))

    def _arguments(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None) -> dict[str, Any]:
        arguments: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        # Reasoning models refuse `max_tokens`, servers of others know nothing else.
        arguments["max_completion_tokens" if self.base_url == _HOME else "max_tokens"] = self.max_tokens
        if self.temperature is not None:
            arguments["temperature"] = self.temperature
        if schema is not None:
            form = {"name": "answer", "schema": dict(schema), "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": form}
        return arguments

    def _whole(self, reply: Any) -> Answer:
        choice = reply.choices[0]
        refusal = getattr(choice.message, "refusal", None)
        text = refusal or choice.message.content or ""
        return Answer(text, self._usage(reply.usage), "refusal" if refusal else _finish(choice.finish_reason))

    def _streamed(self, client: Any, arguments: dict[str, Any], limits: Limits) -> Answer:
        parts: list[str] = []
        size, finish, usage = 0, None, None
        stream = client.chat.completions.create(**arguments, stream=True, stream_options={"include_usage": True})
        for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                piece = choice.delta.content or ""
                if size < limits.output:
                    parts.append(piece)
                size += len(piece)
                finish = choice.finish_reason or finish
        if finish is None:
            raise ValueError("the stream ended before the answer did")
        return Answer("".join(parts), self._usage(usage), _finish(finish))

    def _usage(self, usage: Any) -> Usage:
        if usage is None:
            return Usage(self.model)
        details = getattr(usage, "prompt_tokens_details", None)
        cached = int(getattr(details, "cached_tokens", None) or 0)
        sent, got = int(usage.prompt_tokens), int(usage.completion_tokens)
        return Usage(self.model, sent, got, cached, (self.price or FREE).dollars(sent, got, cached))


def _finish(reason: str | None) -> str:
    return {"length": "length", "content_filter": "refusal"}.get(reason or "", "stop")
