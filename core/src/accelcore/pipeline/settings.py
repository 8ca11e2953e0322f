"""What all paid commands share: sizes, budget, seed, strategy, model, folders; one frozen value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from accelcore.errors import UsageError
from accelcore.values import Budget

if TYPE_CHECKING:
    from typing import Unpack

    from accelcore.pipeline.progress import Event

DEFAULT_SECONDS = 30.0
"""Wall time of a search when no limit is given: with lifting, confirmation and baselines a run stays below a minute."""


def _quiet(event: Event) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Settings:
    """Settings of a run.

    sizes: values of size parameters of the first size set, the one whose cost is reported.
    max_*: limits of the run; with none of them, DEFAULT_SECONDS.
    strategy: NAME or NAME:OPTION=VALUE,...; strategy_options: further options by name.
    model: PREFIX:NAME of a language model; None uses none, and no key is ever read.
    evaluator: NAME of one of the target's evaluators, or replay:RUN, where a recorded run stands in for the machine.
    pool: where kernels are judged: NAME:OPTION=VALUE,... or an Executor of the caller's; "" is this process.
    knowledge: folder whose files stand in for the target's own knowledge in prompts.
    cache: whether results of earlier runs may be reused.  runs: where the journals live.
    accept: the weakest proof with which `compile` goes on: "proved", "bounded" or "tested".
    proof_seconds: wall time that a verifier gets for one summary.
    allow_unsafe: run what a model writes also where the sandbox is weak.
    progress: called with an event whenever something worth telling happened.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    max_evaluations: int | None = None
    max_seconds: float | None = None
    max_proposals: int | None = None
    max_tokens: int | None = None
    max_dollars: float | None = None
    strategy: str = ""
    strategy_options: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    evaluator: str = ""
    pool: str | Executor = ""
    knowledge: Path | None = None
    cache: bool = True
    runs: Path = Path("accelcore-runs")
    accept: str = "proved"
    proof_seconds: float = 60.0
    allow_unsafe: bool = False
    progress: Callable[[Event], None] = _quiet

    def __post_init__(self) -> None:
        if self.accept not in ("proved", "bounded", "tested"):
            raise UsageError(f"accept is proved, bounded or tested, not {self.accept!r}", where="--accept")
        for name, value in self.sizes.items():
            if value < 1:
                raise UsageError(f"size {name} must be at least 1, not {value}", where="--size")
        for limit in ("max_evaluations", "max_seconds", "max_proposals", "max_tokens", "max_dollars"):
            given = getattr(self, limit)
            if given is not None and given < 0:
                raise UsageError(f"{limit} must not be negative", where=f"--{limit.replace('_', '-')}")

    @property
    def recorded(self) -> str | None:
        """The run that stands in for the machine; None when kernels are really judged."""
        name, _, run = self.evaluator.partition(":")
        return (run or "last") if name == "replay" else None

    @property
    def budget(self) -> Budget:
        """The limits as a Budget; without any, DEFAULT_SECONDS of wall time."""
        limits = (self.max_evaluations, self.max_proposals, self.max_tokens, self.max_dollars, self.max_seconds)
        return Budget(seconds=DEFAULT_SECONDS) if limits == (None,) * 5 else Budget(*limits)


class Changes(TypedDict, total=False):
    """The keyword arguments of the public functions: the fields of `Settings`."""

    sizes: Mapping[str, int]
    seed: int
    max_evaluations: int | None
    max_seconds: float | None
    max_proposals: int | None
    max_tokens: int | None
    max_dollars: float | None
    strategy: str
    strategy_options: Mapping[str, str]
    model: str | None
    evaluator: str
    pool: str | Executor
    knowledge: Path | None
    cache: bool
    runs: Path
    accept: str
    proof_seconds: float
    allow_unsafe: bool
    progress: Callable[[Event], None]


def settings(**changes: Unpack[Changes]) -> Settings:
    """Settings with these fields; UsageError names one that does not exist."""
    known = {f.name for f in fields(Settings)}
    for name in changes:
        if name not in known:
            raise UsageError(f"there is no setting {name!r}; there are: {', '.join(sorted(known))}")
    return replace(Settings(), **changes)
