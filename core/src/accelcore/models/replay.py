"""Answers from the journal of an earlier run: the same search again, without network and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.errors import ModelError
from accelcore.models.answer import Answer
from accelcore.models.prices import FREE, Price

if TYPE_CHECKING:
    from accelcore.values import Limits


@dataclass(frozen=True)
class ReplayModel:
    """`--model replay:RUN` with RUN as for `accelcore report`: a path, an id or `last`.

    A request is answered as it was answered then, sample by sample; one that was not asked is an error.
    """

    model: str = field(default="last", metadata={"help": "the run whose answers are used"})

    name: ClassVar[str] = "replay"
    prefix: ClassVar[str] = "replay"
    about: ClassVar[str] = "answers of an earlier run"

    def missing(self) -> Sequence[str]:
        """Nothing."""
        return ()

    @property
    def price(self) -> Price | None:
        """Nothing is paid."""
        return FREE

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, schema: Mapping[str, Any] | None, limits: Limits
    ) -> Answer:
        """The first sample of the request, wherever it was asked."""
        from accelcore.models.client import request_text

        return self.recorded(request_text(messages, schema))

    def recorded(self, request: str, place: str = "", ordinal: int = 0) -> Answer:
        """The sample of that number at that place of the recorded search; with no place, the first of all."""
        row = self._row(request, place, ordinal)
        if row is None:
            raise ModelError(
                "the recorded run has no answer to this request",
                where=f"replay:{self.model}",
                hint="replay with the source, seed, settings and versions of the recorded run",
            )
        return Answer(row[0], finish=row[1])

    def _row(self, request: str, place: str, ordinal: int) -> tuple[str, str] | None:
        from accelcore.journal import find, schema

        file = find(self.model) / schema.FILE
        query = "SELECT reply, finish FROM call JOIN blob ON sha=request WHERE status='done' AND data=?"
        values: tuple[object, ...] = (request,)
        if place:
            query, values = f"{query} AND place=? AND ordinal=?", (request, place, ordinal)
        db = schema.connect(file, write=False)
        try:
            with schema.Explained(file):
                row: tuple[str, str] | None = db.execute(f"{query} ORDER BY place, ordinal", values).fetchone()
                return row
        finally:
            db.close()
