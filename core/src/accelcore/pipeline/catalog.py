"""`targets`: what is installed, its options, what it lacks here."""

from __future__ import annotations

from typing import Any

from accelcore.options import options_of, split, values_for
from accelcore.pipeline.results import TargetInfo, TargetsResult
from accelcore.protocols import Evaluator, Pool, Strategy, Target
from accelcore.registry import Offer, Registry, registry

_OTHERS = ("strategies", "translators", "verifiers", "proposers", "models", "pools")


def targets(name: str | None = None) -> TargetsResult:
    """All targets, or one in full with its evaluators, options and machine.

    Raises UsageError for a name that is not installed, saying what is and how to get it.
    """
    found = registry()
    if name is not None:
        found.target(name)  # raises the error that names what exists
    offers = [o for o in found.offers("targets") if name in (None, o.item.name)]
    rows = tuple(_info(found, offer, full=name is not None) for offer in offers)
    others = () if name else tuple((kind, _rows(found, kind)) for kind in _OTHERS)
    return TargetsResult(rows, others, tuple(str(p) for p in found.problems()))


def _info(found: Registry, offer: Offer, *, full: bool) -> TargetInfo:
    target: Target = offer.item
    evaluators = tuple((e.name, e.about, tuple(e.missing())) for e in found.evaluators(target.name))
    return TargetInfo(
        name=target.name,
        about=target.about,
        language=target.language,
        owner=offer.owner,
        missing=tuple(target.missing()) or _nothing_runs(evaluators),
        options=options_of(target),
        evaluators=evaluators,
        machine=target.machine() if full and not target.missing() else None,
        knowledge=str(target.knowledge) if target.knowledge else None,
    )


def _nothing_runs(evaluators: tuple[tuple[str, str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    """What the evaluators lack, when none of them is usable."""
    if not evaluators or any(not missing for _, _, missing in evaluators):
        return ()
    return tuple(dict.fromkeys(line for _, _, missing in evaluators for line in missing))


def _rows(found: Registry, kind: str) -> tuple[Any, ...]:
    return tuple(
        (o.item.name, o.item.about, o.owner, tuple(o.item.missing()), options_of(o.item)) for o in found.offers(kind)
    )


def choose_target(spec: str | Target) -> Target:
    """A target from `NAME:OPTION=VALUE,...`; UsageError names what exists."""
    if not isinstance(spec, str):
        return spec
    name, given = split(spec)
    return registry().target(name, **_own_options(registry().target(name), given))


def _own_options(target: Target, given: dict[str, str]) -> dict[str, object]:
    """The target's options; those that only its evaluator has are left to it, unknown ones are refused."""
    mine = {o.name for o in options_of(target)}
    theirs = {o.name for e in registry().evaluators(target.name) for o in options_of(e)} | {"evaluator"}
    return values_for(target, {k: v for k, v in given.items() if k in mine or k not in theirs})


def choose_evaluator(spec: str | Target) -> Evaluator | None:
    """The evaluator of a target: the one named by `evaluator=NAME`, else the first usable; None when it has none.

    Options of the target that the evaluator has too are given to both.  Raises MissingTool, with the commands that
    mend it, when there are evaluators but none is usable here.
    """
    from accelcore.errors import MissingTool
    from accelcore.registry import configured

    name, given = split(spec) if isinstance(spec, str) else (spec.name, {})
    wanted = given.pop("evaluator", None)
    candidates = [e for e in registry().evaluators(name) if wanted in (None, e.name)]
    if wanted and not candidates:
        registry().evaluator(wanted)  # raises the error that names what exists
    if not candidates:
        return None
    usable = [e for e in candidates if not e.missing()]
    if not usable:
        lacking = "; ".join(dict.fromkeys(line for e in candidates for line in e.missing()))
        raise MissingTool(f"target {name} cannot run kernels here", where="--target", hint=lacking)
    evaluator = usable[0]
    known = {o.name for o in options_of(evaluator)}
    shared = {**_same_fields(spec, known), **values_for(evaluator, {k: v for k, v in given.items() if k in known})}
    return configured(evaluator, shared)


def most_operations(spec: str) -> float:
    """Operations of a call that the target's evaluator affords at default sizes: fewer where it simulates."""
    from accelcore.pipeline.work import AFFORDABLE

    found = registry().evaluators(split(spec)[0])
    return float(getattr(found[0], "affordable", AFFORDABLE)) if found else AFFORDABLE


def _same_fields(spec: str | Target, known: set[str]) -> dict[str, object]:
    """Options of a ready target object that its evaluator has as well."""
    if isinstance(spec, str):
        return {}
    return {o.name: getattr(spec, o.name) for o in options_of(spec) if o.name in known}


def choose_pool(spec: str, target: str) -> Pool:
    """A pool from `NAME:OPTION=VALUE,...`; one that places tasks by tags (`tag`) gets the target's name as its tag.

    Raises MissingTool when it is not usable here.
    """
    from accelcore.errors import MissingTool

    name, given = split(spec)
    known = registry().pool(name)
    if any(o.name == "tag" for o in options_of(known)):
        given.setdefault("tag", target)
    found = registry().pool(name, **values_for(known, given))
    if lacking := list(found.missing()):
        raise MissingTool(f"the pool {name} is not usable here", where="--pool", hint="; ".join(lacking))
    return found


def choose_strategy(spec: str, given: dict[str, str]) -> Strategy:
    """A strategy from `NAME:OPTION=VALUE,...` and further options; "" takes the default, or the first there is."""
    name, own = split(spec) if spec else (_default_strategy(), {})
    found = registry().strategy(name, **values_for(registry().strategy(name), {**own, **given}))
    if lacking := list(found.missing()):
        from accelcore.errors import MissingTool

        raise MissingTool(f"the strategy {name} is not usable here", where="--strategy", hint="; ".join(lacking))
    return found


def _default_strategy() -> str:
    from accelcore.errors import UsageError
    from accelcore.strategies import DEFAULT

    names = [s.name for s in registry().strategies()]
    if not names:
        raise UsageError("no search strategy is installed", hint="accelcore doctor says why")
    return DEFAULT if DEFAULT in names else names[0]
