"""`compile`, `optimize` and `resume`: the paid part of the straight line.

A run is described by a `Plan`, which its journal keeps; `resume` carries out the same plan over the same journal, whose
rows answer everything that was done already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelcore.errors import JournalError, UsageError
from accelcore.pipeline.catalog import (
    choose_evaluator,
    choose_pool,
    choose_strategy,
    choose_target,
    most_operations,
)
from accelcore.pipeline.inputs import one_source, own_kernel, place, task_from, with_sizes
from accelcore.pipeline.lifting import lift_source
from accelcore.pipeline.results import LiftedFunction, OptimizeResult
from accelcore.pipeline.scaling import scaled
from accelcore.pipeline.sessions import Watch, interruptible, opened
from accelcore.pipeline.settings import Changes, Settings, settings
from accelcore.pipeline.work import affordable
from accelcore.values import Kernel, Proof, Source, Summary, Task

if TYPE_CHECKING:
    from typing import Unpack

    from accelcore.journal import Journal
    from accelcore.session import Session

_ACCEPTS = {
    "proved": {Proof.PROVED},
    "bounded": {Proof.PROVED, Proof.BOUNDED},
    "tested": {Proof.PROVED, Proof.BOUNDED, Proof.TESTED},
}


@dataclass(frozen=True)
class Plan:
    """What a run does.  source: the program to lift, or None where the task came ready; kernel: the user's own."""

    verb: str
    target: str
    source: Source | None = None
    task: Task | None = None
    kernel: Kernel | None = None
    out: Path | None = None

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.source.entry if self.source else self.task.name if self.task else "run"


def compile(  # the command's name; the builtin is not used here
    file: str | Path, target: str = "c", *, out: str | Path | None = None, **changes: Unpack[Changes]
) -> OptimizeResult:
    """Lift a function, lower it to the target, search for the fastest kernel, write the export folder.

    file: `FILE` or `FILE:FUNCTION`.  target: `NAME` or `NAME:OPTION=VALUE,...`.  out: the export folder, by default
    `NAME-TARGET-export`.  A verdict other than proved ends it without a kernel unless accept="bounded" or "tested".
    Raises UsageError and MissingTool before anything is spent.
    """
    return compile_with(file, target, settings(**changes), out=out)


def compile_with(file: str | Path, target: str, chosen: Settings, *, out: str | Path | None = None) -> OptimizeResult:
    """`compile` with ready settings."""
    source = one_source(place(file))
    return start(Plan("compile", target, source=source, out=_out(out, source.entry, target)), chosen)


def optimize(
    kernel: str | Path | Kernel,
    task: str | Path | Task,
    target: str = "c",
    *,
    out: str | Path | None = None,
    bind: Mapping[str, str] | None = None,
    **changes: Unpack[Changes],
) -> OptimizeResult:
    """Search from a kernel that the user has.

    task: `FILE[:FUNCTION]`, `task.json` or a Task.  Where the task lifts, the search also starts from the derived
    kernel, and the better of the two ends counts.  bind: arguments of a kernel with its own signature, by parameter.
    """
    return optimize_with(kernel, task, target, settings(**changes), out=out, bind=bind)


def optimize_with(
    kernel: str | Path | Kernel,
    task: str | Path | Task,
    target: str,
    chosen: Settings,
    *,
    out: str | Path | None = None,
    bind: Mapping[str, str] | None = None,
) -> OptimizeResult:
    """`optimize` with ready settings."""
    plain = task_from(task, chosen.sizes)
    mine = own_kernel(kernel, plain, choose_target(target).language, bind or {}, chosen.progress)
    source = plain.reference if isinstance(plain.reference, Source) else None
    plan = Plan("optimize", target, source=source, task=plain, kernel=mine, out=_out(out, plain.name, target))
    return start(plan, chosen)


def resume(run: str | Path = "last", *, out: str | Path | None = None, **changes: Unpack[Changes]) -> OptimizeResult:
    """Go on with a run: the same plan with the settings that it was started with.

    run: a path, an id or `last`.  Of the settings only `runs` and `progress` may be given; raises JournalError when
    there is no such run, another process writes it, or it was measured on another machine.
    """
    from accelcore.journal import Journal, find

    now = settings(**changes)
    journal = Journal.resume(find(run, now.runs))
    try:
        plan, chosen = _recalled(journal)
    except BaseException:
        journal.close()
        raise
    plan = replace(plan, out=Path(out)) if out else plan
    return start(plan, replace(chosen, runs=now.runs, progress=now.progress), journal=journal)


def _out(out: str | Path | None, name: str, target: str) -> Path:
    return Path(out) if out else Path(f"{name}-{target.partition(':')[0]}-export")


def start(plan: Plan, chosen: Settings, *, journal: Journal | None = None) -> OptimizeResult:
    """Carry out a plan.  Everything that can be wrong with names, options and folders is refused first."""
    from accelcore.export.folder import require_writable
    from accelcore.journal import find
    from accelcore.pipeline.benches import with_evaluator

    try:
        choose_strategy(chosen.strategy, dict(chosen.strategy_options))
        if chosen.recorded is None:
            choose_evaluator(with_evaluator(plan.target, chosen.evaluator))
        else:  # named before this run is the last one
            chosen = replace(chosen, evaluator=f"replay:{find(chosen.recorded, chosen.runs).resolve()}")
        if isinstance(chosen.pool, str) and chosen.pool:
            choose_pool(chosen.pool, plan.target.partition(":")[0])
        choose_target(plan.target)
        if plan.out is not None:
            require_writable(plan.out)
    except BaseException:
        if journal is not None:
            journal.close()
        raise
    watch = Watch(chosen)
    config = described(plan, chosen)
    with opened(chosen, config, journal=journal, watch=watch) as session, interruptible(watch, chosen):
        return _carried_out(session, plan, chosen, watch)


def _carried_out(session: Session, plan: Plan, chosen: Settings, watch: Watch) -> OptimizeResult:
    from accelcore.pipeline.line import Line

    lifted = lift_source(session, plan.source, chosen) if plan.source else None
    task = _task(plan, lifted, chosen)
    if task is None or (plan.verb == "compile" and not _accepted(lifted, chosen)):
        return _refused(plan, lifted, session)
    spec, task = scaled(plan.target, task) if not chosen.evaluator else (plan.target, task)
    line = Line(session, spec, chosen, watch, plan.out)
    return line.run(task, lifted if _accepted(lifted, chosen) else None, plan.kernel)


def _task(plan: Plan, lifted: LiftedFunction | None, chosen: Settings) -> Task | None:
    """The lifted task where its verdict is accepted, else the task as it came."""
    if lifted is not None and lifted.task is not None and _accepted(lifted, chosen):
        sized = with_sizes(lifted.task, chosen.sizes)
        return sized if _from_file(plan) else affordable(sized, chosen.sizes, most_operations(plan.target))
    if plan.task is not None:
        return plan.task
    return lifted.task if lifted else None


def _from_file(plan: Plan) -> bool:
    """Whether the task came ready, with sizes that its author chose."""
    return plan.task is not None and isinstance(plan.task.reference, Summary)


def _accepted(lifted: LiftedFunction | None, chosen: Settings) -> bool:
    return lifted is not None and lifted.summary is not None and lifted.verdict.proof in _ACCEPTS[chosen.accept]


def _refused(plan: Plan, lifted: LiftedFunction | None, session: Session) -> OptimizeResult:
    """The honest no of `compile`: there is no summary that may be lowered."""
    assert lifted is not None and plan.source is not None
    verdict = lifted.verdict
    weaker = verdict.proof in (Proof.BOUNDED, Proof.TESTED)
    hint = f"; --accept {verdict.proof} goes on" if weaker else ""
    reason = f"the summary is {verdict.proof}{hint}" + (f": {verdict.reason}" if verdict.reason else "")
    task = lifted.task or Task(plan.source.entry, (), plan.source)
    return OptimizeResult(
        verdict=verdict,
        task=task,
        target=plan.target,
        seed=None,
        best=None,
        candidates=(),
        spent=dict(session.meter.spent),
        run=session.journal.id,
        reason=reason,
        lifted=lifted,
    )


# What a journal keeps of a plan.


def described(plan: Plan, chosen: Settings) -> dict[str, Any]:
    """The plan and its settings as JSON: the configuration of a run."""
    from accelcore import codec

    kept = {
        f.name: getattr(chosen, f.name)
        for f in fields(Settings)
        if f.name not in ("progress", "runs", "sizes", "strategy_options", "knowledge", "pool")
    }
    return {
        "verb": plan.verb,
        "name": plan.name,
        "target": plan.target,
        "command": command(plan, chosen),
        "source": codec.encode(plan.source),
        "task": codec.encode(plan.task),
        "kernel": codec.encode(plan.kernel),
        "out": str(plan.out) if plan.out else None,
        "settings": {
            **kept,
            "sizes": dict(chosen.sizes),
            "strategy_options": dict(chosen.strategy_options),
            "knowledge": str(chosen.knowledge.resolve()) if chosen.knowledge else None,
            "pool": chosen.pool if isinstance(chosen.pool, str) else "",
        },
    }


def _recalled(journal: Journal) -> tuple[Plan, Settings]:
    """The plan of an existing run; JournalError when it is not one that can go on."""
    from accelcore import codec

    config: dict[str, Any] = json.loads(json.dumps(journal.config))
    if config.get("verb") not in ("compile", "optimize"):
        what = f"this run is a {config.get('verb', 'search')}, which does not resume"
        raise JournalError(what, where=str(journal.path), hint="start it again")
    try:
        plan = Plan(
            config["verb"],
            config["target"],
            codec.decode(config["source"]),
            codec.decode(config["task"]),
            codec.decode(config["kernel"]),
            Path(config["out"]) if config["out"] else None,
        )
        known = {f.name for f in fields(Settings)}
        kept = {k: v for k, v in config["settings"].items() if k in known}
        kept["knowledge"] = Path(kept["knowledge"]) if kept.get("knowledge") else None
        return plan, Settings(**kept)
    except (KeyError, TypeError, UsageError) as error:
        raise JournalError(f"its configuration cannot be read: {error}", where=str(journal.path)) from None


def command(plan: Plan, chosen: Settings) -> str:
    """The command line that starts the same run again."""
    import shlex

    words = ["accelcore", plan.verb]
    where = plan.source.path if plan.source and plan.source.path else "FILE"
    named = f"{where}:{plan.source.entry}" if plan.source else "task.json"
    words += [named] if plan.verb == "compile" else ["KERNEL", "--task", named]
    words += ["--target", plan.target, "--seed", str(chosen.seed)]
    for name, value in chosen.sizes.items():
        words += ["--size", f"{name}={value}"]
    for limit in ("max_evaluations", "max_seconds", "max_proposals", "max_tokens", "max_dollars"):
        if getattr(chosen, limit) is not None:
            words += [f"--{limit.replace('_', '-')}", f"{getattr(chosen, limit):g}"]
    words += ["--strategy", chosen.strategy] if chosen.strategy else []
    for name, text in chosen.strategy_options.items():
        words += ["-O", f"{name}={text}"]
    words += ["--model", chosen.model] if chosen.model else []
    words += ["--evaluator", chosen.evaluator] if chosen.evaluator else []
    words += ["--pool", chosen.pool] if isinstance(chosen.pool, str) and chosen.pool else []
    words += ["--knowledge", str(chosen.knowledge)] if chosen.knowledge else []
    words += ["--accept", chosen.accept] if chosen.accept != "proved" and plan.verb == "compile" else []
    return shlex.join(words)
