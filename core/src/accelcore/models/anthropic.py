"""Anthropic's messages."""

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

_HOME = "https://api.anthropic.com"
_STREAM_FROM = 8192
"""The SDK refuses long answers without a stream; below this one request and one body are enough."""


@dataclass(frozen=True)
class AnthropicModel(SdkModel):
    """`--model anthropic:NAME` or `anthropic:NAME@http://host:port`.  One request per call; the client retries."""

    model: str = field(default="", metadata={"help": "name of the model"})
    base_url: str = field(default=_HOME, metadata={"help": "address of the server"})
    max_tokens: int = field(default=8192, metadata={"help": "longest answer"})

    name: ClassVar[str] = "anthropic"
    prefix: ClassVar[str] = "anthropic"
    about: ClassVar[str] = "Anthropic's Claude models"
    client_class: ClassVar[str] = "Anthropic"
    key_variable: ClassVar[str] = "ANTHROPIC_API_KEY"

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any] | None, limits: Limits
    ) -> Answer:
        """One answer.  Raises TransientError where another attempt may help, ModelError where none does."""
        with self.client() as client:
            arguments = {**self._arguments(messages, schema), "timeout": limits.seconds}
            if self.max_tokens > _STREAM_FROM:
                with client.messages.stream(**arguments) as stream:
                    return self._answer(stream.get_final_message())
            return self._answer(client.messages.create(**arguments))

    def _arguments(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None) -> dict[str, Any]:
        """The system text goes apart, with a mark that asks the provider to keep it for the next request."""
        system = "\n\n".join(m["content"] for m in messages if m["role"] == "system")
        arguments: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "messages": [dict(m) for m in messages if m["role"] != "system"],
        }
        if system:
            arguments["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
        if schema is not None:
            form = {"type": "json_schema", "schema": dict(schema)}
            arguments["extra_body"] = {"output_config": {"format": form}}
        return arguments

    def _answer(self, reply: Any) -> Answer:
        if reply.stop_reason is None:
            raise ValueError("the answer broke off")
        text = "".join(block.text for block in reply.content if block.type == "text")
        usage = reply.usage
        cached = int(usage.cache_read_input_tokens or 0)
        # Tokens written to the provider's cache are billed like input here (they cost a quarter more there).
        sent = int(usage.input_tokens) + cached + int(usage.cache_creation_input_tokens or 0)
        got = int(usage.output_tokens)
        dollars = (self.price or FREE).dollars(sent, got, cached)
        finish = {"max_tokens": "length", "refusal": "refusal"}.get(reply.stop_reason, "stop")
        return Answer(text, Usage(self.model, sent, got, cached, dollars), finish)
