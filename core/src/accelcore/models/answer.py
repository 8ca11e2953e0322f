"""What an adapter gives back, and how it says that it could not."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelcore.errors import ModelError
from accelcore.values import Usage


@dataclass(frozen=True)
class Answer:
    """A model's reply.  finish: "stop", "length" (cut at a limit) or "refusal"."""

    text: str
    usage: Usage = field(default_factory=Usage)
    finish: str = "stop"


class TransientError(ModelError):
    """A failure that another attempt may mend.  retry_after: seconds that the server asked to wait, if it did."""

    def __init__(self, what: str, *, retry_after: float | None = None, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.retry_after, self.where, self.hint)


class UnreachableError(TransientError):
    """Nobody answers at the address: passing where somebody has answered before, else probably a wrong address."""


def _rebuild(what: str, retry_after: float | None, where: str, hint: str) -> TransientError:
    return TransientError(what, retry_after=retry_after, where=where, hint=hint)
