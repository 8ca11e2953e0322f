"""Options that all paid commands share, and how they become `Settings`."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Annotated

import typer

from accelcore.errors import UsageError
from accelcore.pipeline.settings import Settings

Sizes = Annotated[
    list[str] | None, typer.Option("--size", metavar="NAME=N", help="Value of a size parameter; repeatable.")
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of inputs and search.")]
Evaluations = Annotated[int | None, typer.Option("--max-evaluations", help="Candidates judged at most.")]
Seconds = Annotated[
    float | None, typer.Option("--max-seconds", help="Wall time of the search at most; 30 when no limit is given.")
]
Proposals = Annotated[int | None, typer.Option("--max-proposals", help="Proposals asked for at most.")]
Tokens = Annotated[int | None, typer.Option("--max-tokens", help="Tokens of a model at most.")]
Dollars = Annotated[float | None, typer.Option("--max-dollars", help="Dollars for a model at most.")]
Strategy = Annotated[str, typer.Option("--strategy", metavar="NAME[:OPTION=VALUE,...]", help="Search strategy.")]
Options = Annotated[
    list[str] | None, typer.Option("-O", metavar="[STRATEGY.]OPTION=VALUE", help="Option of the strategy; repeatable.")
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="PREFIX:NAME", help="Language model; none and no key is used without it."),
]
EvaluatorName = Annotated[
    str,
    typer.Option("--evaluator", metavar="NAME|replay:RUN", help="Who judges: an evaluator of the target, or a record."),
]
PoolName = Annotated[
    str, typer.Option("--pool", metavar="NAME[:OPTION=VALUE,...]", help="Judge in the workers of a pool.")
]
KnowledgeFolder = Annotated[
    Path | None,
    typer.Option("--knowledge", metavar="DIR", help="Folder whose files stand in for the target's knowledge."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Use no results of earlier runs.")]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of the journals.")]
AllowUnsafe = Annotated[
    bool, typer.Option("--allow-unsafe", help="Run a model's code also where the sandbox is weak.")
]
ProofSeconds = Annotated[float, typer.Option("--proof-seconds", help="Wall time for one proof.")]


def run_options(
    size: Sizes = None,
    seed: Seed = 0,
    max_evaluations: Evaluations = None,
    max_seconds: Seconds = None,
    max_proposals: Proposals = None,
    max_tokens: Tokens = None,
    max_dollars: Dollars = None,
    strategy: Strategy = "",
    option: Options = None,
    model: Model = None,
    evaluator: EvaluatorName = "",
    pool: PoolName = "",
    knowledge: KnowledgeFolder = None,
    no_cache: NoCache = False,
    runs: Runs = Path("accelcore-runs"),
    proof_seconds: ProofSeconds = 60.0,
    allow_unsafe: AllowUnsafe = False,
) -> Settings:
    """The settings that these options make, with progress on standard error."""
    from accelcore.options import assignments
    from accelcore.terminal import Progress

    name = strategy.partition(":")[0]
    return Settings(
        sizes=sizes_from(size or []),
        seed=seed,
        max_evaluations=max_evaluations,
        max_seconds=max_seconds,
        max_proposals=max_proposals,
        max_tokens=max_tokens,
        max_dollars=max_dollars,
        strategy=strategy,
        strategy_options=assignments(option or [], name),
        model=model,
        evaluator=evaluator,
        pool=pool,
        knowledge=knowledge,
        cache=not no_cache,
        runs=runs,
        proof_seconds=proof_seconds,
        allow_unsafe=allow_unsafe,
        progress=Progress(),
    )


def sizes_from(texts: list[str]) -> dict[str, int]:
    """`m=1024` or `m=1024,n=512`, repeatable; UsageError for what is no positive integer."""
    found: dict[str, int] = {}
    for text in (part for whole in texts for part in whole.split(",")):
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"{text!r} is no size", where="--size", hint="write --size NAME=N")
        try:
            found[name.strip()] = int(value, 0)
        except ValueError:
            raise UsageError(f"{value!r} is no integer", where=f"--size {name}", hint="write --size NAME=N") from None
    return found


def piped_input() -> int | None:
    """Standard input, when it is a pipe or a file that can only be read: programs must not reach a terminal."""
    try:
        kind, mode = os.fstat(0).st_mode, fcntl.fcntl(0, fcntl.F_GETFL)
    except OSError:
        return None
    return 0 if mode & os.O_ACCMODE == os.O_RDONLY and (stat.S_ISFIFO(kind) or stat.S_ISREG(kind)) else None
