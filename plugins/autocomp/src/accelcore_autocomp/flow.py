"""Requests that follow from answers, without barriers: plans lead to kernels, invented menus to plans."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelcore.session import Session, Stream
    from accelcore.values import Candidate, Proposal, Request


@dataclass
class Link:
    """A request in flight and what follows from it.

    each: the link that follows from one answer, or None.  end: the one that follows from all of them.  Both are called
    in the order of the answers of this request, as soon as these are there, so they may depend on earlier answers to it
    and on nothing else that changes.  A link with neither has kernels for answers.
    """

    request: Request
    stream: Stream
    each: Callable[[Proposal], Link | None] | None = None
    end: Callable[[Sequence[Proposal]], Link] | None = None
    seen: list[Proposal] = field(default_factory=list)
    following: deque[Link | None] = field(default_factory=deque)
    last: Link | None = None
    growing: list[Link] = field(default_factory=list)

    def advance(self) -> bool:
        """Ask for whatever follows from what has arrived; whether more may follow."""
        for proposal in self.stream.arrived():
            self.seen.append(proposal)
            self.following.append(self._grown(self.each(proposal) if self.each else None))
        if self.end is not None and self.last is None and self.stream.ended:
            self.last = self._grown(self.end(self.seen))
        self.growing = [link for link in self.growing if link.advance()]
        return bool(self.growing) or not self.stream.ended or (self.end is not None and self.last is None)

    def _grown(self, link: Link | None) -> Link | None:
        if link is not None:
            self.growing.append(link)
        return link


class Flow:
    """The kernels that some links lead to.

    Invariant: whatever follows from an answer is asked for as soon as the answer is there; answers are taken (and so
    charged) in logical order, which does not depend on time: link by link, an answer, what follows from it, the next.
    A kernel is handed out when everything before it has been, while later plans and kernels are still being written.
    """

    def __init__(self, session: Session, links: Sequence[Link]) -> None:
        self._session, self._links, self._growing = session, deque(links), list(links)

    def candidates(self) -> Iterator[Candidate]:
        """In logical order."""
        while self._links:
            yield from self._read(self._links[0])
            self._links.popleft()

    def _read(self, link: Link) -> Iterator[Candidate]:
        is_kernels = link.each is None and link.end is None
        while True:
            self._session.wait(lambda: self._has_come(link))
            proposal = next(link.stream, None)
            if proposal is None:
                break
            found = self._session.candidate(link.request, proposal) if is_kernels else None
            if found is not None:
                yield found
            following = link.following[0] if link.following else None
            if following is not None:
                yield from self._read(following)
            link.following.popleft()
        if link.last is not None:
            yield from self._read(link.last)

    def _has_come(self, link: Link) -> bool:
        self._growing = [known for known in self._growing if known.advance()]
        return link.stream.settled
