"""Optuna's samplers over the knobs of a target's moves."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from accelcore.session import Session
    from accelcore.values import Candidate, Move

_NUMBER = re.compile(r"(?<![A-Za-z_])\d+")
_NONE = "-"


@dataclass(frozen=True)
class OptunaSearch:
    """Moves that differ only in their numbers are one knob; a sampler sets all knobs of the start at once.

    Invariant: a kernel is the start after one move of every knob that is set, in the order of the target, and those
    that are not legal there are left out; the sampler is told the cost over the start's, or that the kernel failed.
    Each of `depth` rounds sets knobs that the moves of the rounds before it brought up.  Stops after `trials`, or when
    `patience` trials in a row made no kernel that had not been seen.

    After Akiba et al., "Optuna" (KDD 2019); its tree-structured Parzen estimator is the default.
    """

    trials: int = field(default=200, metadata={"help": "kernels that are tried"})
    depth: int = field(default=2, metadata={"help": "rounds of knobs: later ones are those that moves bring up"})
    random: bool = field(default=False, metadata={"help": "draw uniformly instead of by Parzen estimators"})
    patience: int = field(default=40, metadata={"help": "trials in a row without a new kernel before it stops"})

    name: ClassVar[str] = "optuna"
    about: ClassVar[str] = "Optuna's samplers over the knobs of the target's moves"

    def missing(self) -> Sequence[str]:
        """The package, where it is not installed."""
        found = importlib.util.find_spec("optuna")
        return () if found else ('optuna: pip install "accelcore-autocomp[optuna]"',)

    def search(self, session: Session, start: Candidate) -> None:
        """See the class."""
        study, seen, barren = self._study(session.seed), {start.digest}, 0
        for _ in range(self.trials):
            trial = study.ask()
            candidate = self._drawn(session, start, trial)
            is_new = candidate is not None and candidate.digest not in seen
            barren = 0 if is_new else barren + 1
            if candidate is None:
                study.tell(trial, 1.0)  # nothing is set: the start itself
            else:
                seen.add(candidate.digest)
                self._told(session, study, trial, candidate)
            if barren == self.patience:
                return

    def _told(self, session: Session, study: Any, trial: Any, candidate: Candidate) -> None:
        from optuna.trial import TrialState

        ((judged, _),) = session.evaluate([candidate])
        cost = session.relative(judged)
        if cost is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, cost)

    def _study(self, seed: int) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        samplers = optuna.samplers
        sampler = samplers.RandomSampler(seed=seed) if self.random else samplers.TPESampler(seed=seed)
        return optuna.create_study(sampler=sampler)

    def _drawn(self, session: Session, start: Candidate, trial: Any) -> Candidate | None:
        """The start with the knobs that the sampler sets."""
        target, found = session.target, start
        moves: list[Move] = []
        for _ in range(self.depth if target is not None else 0):
            assert target is not None
            known = {_NUMBER.sub("_", move.name) for move in moves}
            fresh = knobs(target.moves(session.task, found.kernel))
            for knob, options in fresh.items():
                if knob not in known:
                    # The values are part of the name: Optuna wants a parameter's choices never to change.
                    chosen = trial.suggest_categorical(f"{knob} of {', '.join(options)}", [_NONE, *options])
                    moves += [options[chosen]] if chosen != _NONE else []
            made = session.rewritten(start, moves, origin=self.name) if moves else None
            found = made or start
        return None if found is start else found


def knobs(moves: Sequence[Move]) -> dict[str, dict[str, Move]]:
    """Moves by their name without its numbers, and then by their name."""
    found: dict[str, dict[str, Move]] = {}
    for move in moves:
        found.setdefault(_NUMBER.sub("_", move.name), {})[move.name] = move
    return found
