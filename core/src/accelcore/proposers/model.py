"""Language models as a proposer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from accelcore.knowledge import IDEA, Knowledge
from accelcore.proposers import summaries
from accelcore.proposers.answers import BESIDE, IDEAS, Refused, ideas_in, plan_in, score_in
from accelcore.proposers.edits import kernel_in
from accelcore.proposers.prompts import Message, language_of, messages, refusal
from accelcore.proposers.translation import translated
from accelcore.values import Move, Phase, Proposal, Request, Usage

if TYPE_CHECKING:
    from accelcore.models.answer import Answer
    from accelcore.models.client import Client
    from accelcore.protocols import Target
    from accelcore.session import Session

_PHASES = frozenset({Phase.PLAN, Phase.IMPLEMENT, Phase.REPAIR, Phase.COMBINE, Phase.TRANSLATE, Phase.INVENT})
_FEW, _WINDOW = 8, 2
"""Up to eight answers are asked for at once; of a longer stream, which its reader may leave, two are in flight."""


@dataclass(frozen=True)
class ModelProposer:
    """Summaries, plans, ideas and kernels by the models of the session's client; nothing without one.

    An answer that is not of the form that was asked for is refused with a reason, and the model may answer once more; a
    second refusal makes no proposal.  Deterministic in (request, seed) as far as journal and cache know the answers.
    """

    client: Client | None = None
    target: Target | None = None
    knowledge: Knowledge = field(default_factory=Knowledge)

    name: ClassVar[str] = "model"
    about: ClassVar[str] = "summaries, plans and kernels by the language models of --model"

    def missing(self) -> Sequence[str]:
        """Nothing: without --model it has no client and stays silent."""
        return ()

    def bind(self, session: Session) -> ModelProposer:
        """The same with the session's client and target, and what is known of it."""
        return replace(self, client=session.client, target=session.target, knowledge=session.knowledge)

    def propose(self, request: Request, *, n: int, seed: int) -> Iterator[Proposal]:
        """At most n; fewer where answers were refused.  Ideas (INVENT) all come from one answer."""
        client = self.client
        asked, place = self._asked(request), f"{seed:016x}"
        if client is None or not asked:
            return
        flying: deque[tuple[int, Future[Answer]]] = deque()
        window = n if n <= _FEW else _WINDOW
        try:
            for ordinal in range(1 if request.phase is Phase.INVENT else n):
                flying.append((ordinal, client.submit(asked, place=place, ordinal=ordinal)))
                if len(flying) == window:
                    yield from self._read(client, request, asked, place, *flying.popleft())
            while flying:
                yield from self._read(client, request, asked, place, *flying.popleft())
        finally:
            for _, future in flying:
                future.cancel()

    def _asked(self, request: Request) -> list[Message]:
        """The messages of a request; none for one that no model is asked."""
        if self.client is None:
            return []
        if request.phase is Phase.SUMMARIZE:
            return summaries.messages(request) if request.task.source else []
        if request.parent is None or request.phase not in _PHASES:
            return []
        return messages(self._with_menu(request), self.target, self.knowledge)

    def _with_menu(self, request: Request) -> Request:
        """A request without moves gets the target's and the known ideas as a menu; a single move is the plan.

        The menu of a translation is the target's own.
        """
        if request.phase is Phase.TRANSLATE and not request.moves:
            return replace(request, moves=self.knowledge.translate)
        if request.moves or self.target is None or request.parent is None or request.phase is Phase.TRANSLATE:
            return request
        moves = self.target.moves(request.task, request.parent.kernel)
        return replace(request, moves=(*moves, *self.knowledge.menu))

    def _read(
        self, client: Client, request: Request, asked: list[Message], place: str, ordinal: int, future: Future[Answer]
    ) -> Iterator[Proposal]:
        answer = future.result()
        try:
            yield from self._proposals(request, answer)
            return
        except Refused as reason:
            said: list[Message] = [{"role": "assistant", "content": answer.text or "(no text)"}]
            again = [*asked, *said, {"role": "user", "content": refusal(str(reason))}]
        second = client.ask(again, place=place, ordinal=ordinal)
        try:
            yield from self._proposals(request, replace(second, usage=_sum(answer.usage, second.usage)))
        except Refused:
            return

    def _proposals(self, request: Request, answer: Answer) -> Sequence[Proposal]:
        """The proposal in an answer, or its ideas; Refused when there is none."""
        if answer.finish != "stop":
            raise Refused("it was cut off at the limit of tokens" if answer.finish == "length" else "it is a refusal")
        origin = answer.usage.model or self.name
        if request.phase is Phase.SUMMARIZE:
            found = summaries.summary_in(answer.text, request.task)
            return [Proposal(answer.text, "", origin, answer.usage, summary=found)]
        if request.phase is Phase.PLAN:
            plan = plan_in(answer.text)
            return [Proposal("", plan, origin, answer.usage, move=Move("plan", plan))]
        if request.phase is Phase.INVENT:
            shares = [answer.usage, *[Usage(answer.usage.model)] * IDEAS]  # the first carries what all of them cost
            ideas = [Move(IDEA, text) for text in ideas_in(answer.text)]
            return [Proposal("", m.text, origin, usage, move=m) for m, usage in zip(ideas, shares, strict=False)]
        return [self._kernel(request, answer, origin)]

    def _kernel(self, request: Request, answer: Answer, origin: str) -> Proposal:
        """The kernel in an answer; a translation says how far it has come."""
        assert request.parent is not None
        kernel, language = request.parent.kernel, language_of(request, self.target)
        is_translated = request.phase is Phase.TRANSLATE
        score = score_in(answer.text) if is_translated else 0
        beside = (*BESIDE, "score") if is_translated else BESIDE
        text = kernel_in(answer.text, language, kernel.entry, kernel.text, beside=beside)
        made = replace(kernel, text=text, language=language, schedule=())
        plan = _plan(request, answer.text)
        move = translated(score, plan) if is_translated else None
        return Proposal(text, plan, origin, answer.usage, kernel=made, move=move)


def _plan(request: Request, answer: str) -> str:
    """What the kernel is about, in words: the plan that was asked for, or the one that the answer begins with."""
    if len(request.moves) == 1:
        return request.moves[0].text or request.moves[0].name
    try:
        return plan_in(answer)
    except Refused:
        return request.phase.value


def _sum(a: Usage, b: Usage) -> Usage:
    total = (a.tokens_in + b.tokens_in, a.tokens_out + b.tokens_out, a.tokens_cached + b.tokens_cached)
    return Usage(b.model, *total, a.dollars + b.dollars)
