"""What is installed: plugins are found one by one, checked, and reported when broken while the others live.

Built-ins enter through the same door as plugins (`accelcore.builtin` is registered first).  Discovery happens on the
first call of `registry()`; `--help` never calls it.  Environment: ACCELCORE_DISABLE is a comma-separated list of entry
points that are not loaded, ACCELCORE_NO_PLUGINS=1 leaves the built-ins alone.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pluggy

from accelcore import hookspecs, protocols
from accelcore.errors import PluginError, UsageError

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Model, Pool, Proposer, Strategy, Target, Translator, Verifier

API = 1
"""Version of hooks, protocols and values.  A plugin module may say `requires_api = 1`."""

GROUP = "accelcore"

KINDS: Mapping[str, type] = {
    "translators": protocols.Translator,
    "verifiers": protocols.Verifier,
    "targets": protocols.Target,
    "evaluators": protocols.Evaluator,
    "strategies": protocols.Strategy,
    "proposers": protocols.Proposer,
    "models": protocols.Model,
    "pools": protocols.Pool,
}
"""Hook name without its prefix, and the protocol that its objects follow."""

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A plugin that is not used, or in part: its entry point, its distribution, what is wrong and what to do."""

    plugin: str
    owner: str
    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.plugin} (from {self.owner}): {self.what}\n  hint: {self.hint}"


@dataclass(frozen=True)
class Offer:
    """An object that a plugin offers, with the plugin's entry point and distribution."""

    kind: str
    item: Any
    plugin: str
    owner: str


class Registry:
    """Every usable object by kind and name, and every problem.

    Invariant: names are unique within a kind.  The first registration keeps a name, a later one of another owner is a
    problem that names both.  A name may be offered to several kinds.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._offers: list[Offer] = []
        self._problems: list[Problem] = []

    def add(self, plugin: object, name: str, owner: str) -> None:
        """Register one plugin object (a module); whatever is wrong with it becomes a Problem."""
        try:
            _check_api(plugin, name)
            self._manager.register(plugin, name)
            self._manager.check_pending()
            self._collect(plugin, name, owner)
        except PluginError as error:
            self._reject(plugin, name, owner, error.what, error.hint)
        except pluggy.PluginValidationError as error:
            self._reject(plugin, name, owner, str(error), "see accelcore.hookspecs for the hooks and their spelling")
        except Exception as error:  # noqa: BLE001  # somebody else's hook may raise anything; the others must live
            what = f"{type(error).__name__} in one of its hooks: {error}"
            self._reject(plugin, name, owner, what, f"report it to the authors of {owner}, or ACCELCORE_DISABLE={name}")

    def load(self, entry: Any) -> None:
        """Import and register one entry point whose distribution is made for this accelcore."""
        owner = entry.dist.name if entry.dist else "an unknown distribution"
        if entry.name in _disabled():
            return
        if wanted := _unmet(entry.dist):
            from accelcore import __version__

            what = f"it is made for accelcore{wanted}, this is {__version__}"
            hint = f"pip install -U {owner}, or pip install 'accelcore{wanted}'"
            self._problems.append(Problem(entry.name, owner, what, hint))
            return
        try:
            plugin = entry.load()
        except Exception as error:  # noqa: BLE001  # an import may raise anything; the others must live
            what = f"cannot be imported: {type(error).__name__}: {error}"
            hint = f"reinstall {owner}, or leave it out with ACCELCORE_DISABLE={entry.name}"
            self._problems.append(Problem(entry.name, owner, what, hint))
            return
        self.add(plugin, entry.name, owner)

    def _reject(self, plugin: object, name: str, owner: str, what: str, hint: str) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)
        self._offers = [offer for offer in self._offers if offer.plugin != name]
        self._problems.append(Problem(name, owner, what, hint))

    def _collect(self, plugin: object, name: str, owner: str) -> None:
        for kind, protocol in KINDS.items():
            hook = getattr(plugin, f"accelcore_{kind}", None)
            for item in hook() if hook else ():
                _check_shape(item, kind, protocol)
                self._offer(Offer(kind, item, name, owner))

    def _offer(self, offer: Offer) -> None:
        for other in self._offers:
            if other.kind == offer.kind and other.item.name == offer.item.name:
                named = f"{_singular(offer.kind)} {offer.item.name!r}"
                what = f"{named} is already offered by {other.plugin} of {other.owner}"
                hint = f"uninstall one of them, or ACCELCORE_DISABLE={offer.plugin}"
                self._problems.append(Problem(offer.plugin, offer.owner, what, hint))
                return
        self._offers.append(offer)

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with installed plugins."""
        return tuple(self._problems)

    def offers(self, kind: str | None = None) -> tuple[Offer, ...]:
        """All offers, or those of one kind, in order of registration."""
        return tuple(offer for offer in self._offers if kind in (None, offer.kind))

    def _all(self, kind: str) -> tuple[Any, ...]:
        return tuple(offer.item for offer in self.offers(kind))

    def _one(self, kind: str, name: str, options: Mapping[str, object]) -> Any:
        for item in self._all(kind):
            if item.name == name:
                return configured(item, options)
        raise UsageError(
            f"there is no {_singular(kind)} {name!r} here; installed: {_names(self._all(kind))}", hint=self._hint(name)
        )

    def _hint(self, name: str) -> str:
        for problem in self._problems:
            if name in (problem.plugin, problem.owner, problem.plugin.removeprefix("accelcore_")):
                return f"its plugin is broken: {problem.what}"
        package = _known().get(name)
        return f"pip install {package}" if package else "accelcore targets lists what is installed"

    def translators(self) -> tuple[Translator, ...]:
        """Front ends in order of registration."""
        return self._all("translators")

    def verifiers(self) -> tuple[Verifier, ...]:
        """Verifiers, strongest first."""
        order = {"proved": 0, "bounded": 1, "tested": 2}
        return tuple(sorted(self._all("verifiers"), key=lambda v: order.get(v.strongest, 3)))

    def targets(self) -> tuple[Target, ...]:
        """All targets."""
        return self._all("targets")

    def target(self, name: str, **options: object) -> Target:
        """The target of that name with these options; UsageError otherwise."""
        return cast("Target", self._one("targets", name, options))

    def evaluators(self, target: str) -> tuple[Evaluator, ...]:
        """Evaluators of a target: usable ones first, else in order of registration."""
        matching = [e for e in self._all("evaluators") if e.target == target]
        return tuple(sorted(matching, key=lambda e: bool(e.missing())))

    def evaluator(self, name: str, **options: object) -> Evaluator:
        """The evaluator of that name with these options."""
        return cast("Evaluator", self._one("evaluators", name, options))

    def strategies(self) -> tuple[Strategy, ...]:
        """All strategies."""
        return self._all("strategies")

    def strategy(self, name: str, **options: object) -> Strategy:
        """The strategy of that name with these options."""
        return cast("Strategy", self._one("strategies", name, options))

    def proposers(self) -> tuple[Proposer, ...]:
        """All proposers."""
        return self._all("proposers")

    def models(self) -> tuple[Model, ...]:
        """All model providers."""
        return self._all("models")

    def model(self, prefix: str) -> Model:
        """The model provider of that prefix."""
        for item in self.models():
            if item.prefix == prefix:
                return item
        known = ", ".join(sorted(m.prefix for m in self.models())) or "none"
        raise UsageError(f"there is no model provider {prefix!r}; installed: {known}", hint="--model PREFIX:NAME")

    def pools(self) -> tuple[Pool, ...]:
        """All pools."""
        return self._all("pools")

    def pool(self, name: str, **options: object) -> Pool:
        """The pool of that name with these options."""
        return cast("Pool", self._one("pools", name, options))


def configured(item: T, options: Mapping[str, object]) -> T:
    """The object with other values in its option fields; UsageError names the field and what exists."""
    if not options:
        return item
    if not dataclasses.is_dataclass(item) or isinstance(item, type):
        raise UsageError(f"{getattr(item, 'name', item)} takes no options")
    known = {field.name for field in dataclasses.fields(item) if field.init}
    unknown = sorted(set(options) - known)
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise UsageError(f"{getattr(item, 'name', item)} has no option {unknown[0]!r}; it has: {there}")
    return dataclasses.replace(item, **options)


def _unmet(distribution: Any) -> str:
    """The versions of accelcore that a distribution asks for, where this one is none of them; else "".

    pip keeps such pairs apart, but not when something is installed later, from a checkout, or without dependencies.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    from accelcore import __version__

    for line in getattr(distribution, "requires", None) or ():
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if not applies or canonicalize_name(wanted.name) != "accelcore":
            continue
        if not wanted.specifier.contains(__version__, prereleases=True):
            return str(wanted.specifier)
    return ""


def _check_api(plugin: object, name: str) -> None:
    wanted = getattr(plugin, "requires_api", API)
    if wanted != API:
        raise PluginError(
            f"it requires plugin API {wanted}, this accelcore has API {API}",
            where=name,
            hint="upgrade accelcore" if wanted > API else "upgrade the plugin",
        )


def _check_shape(item: object, kind: str, protocol: type) -> None:
    members = sorted(n for n in _members(protocol) if not hasattr(item, n))
    if members:
        raise PluginError(
            f"it offers {type(item).__name__} among its {kind}, but it lacks {', '.join(members)}",
            hint=f"see accelcore.protocols.{protocol.__name__}",
        )


def _members(protocol: type) -> set[str]:
    found: set[str] = set()
    for base in protocol.__mro__:
        if getattr(base, "_is_protocol", False) and base.__module__ == protocols.__name__:
            found |= {n for n in vars(base) if not n.startswith("_")}
    return found


def _singular(kind: str) -> str:
    return "strategy" if kind == "strategies" else kind.removesuffix("s")


def _names(items: Sequence[Any]) -> str:
    return ", ".join(sorted(item.name for item in items)) or "none"


def _disabled() -> frozenset[str]:
    return frozenset(filter(None, os.environ.get("ACCELCORE_DISABLE", "").split(",")))


@cache
def _known() -> Mapping[str, str]:
    """Names of published plugins and the package that brings each, for hints only."""
    import tomllib
    from importlib.resources import files

    return cast("Mapping[str, str]", tomllib.loads(files("accelcore").joinpath("known_plugins.toml").read_text()))


_current: list[Registry] = []


def registry() -> Registry:
    """The process's registry; plugins are discovered on the first call."""
    if not _current:
        _current.append(discover())
    return _current[0]


def discover() -> Registry:
    """A new registry: the built-ins, then every entry point of the group."""
    from accelcore import builtin

    found = Registry()
    found.add(builtin, "builtin", "accelcore")
    if os.environ.get("ACCELCORE_NO_PLUGINS"):
        return found
    import importlib_metadata

    for entry in sorted(importlib_metadata.entry_points(group=GROUP), key=lambda e: e.name):
        found.load(entry)
    return found


class using:
    """Context manager that makes another registry the process's: for tests and embedders."""

    def __init__(self, replacement: Registry) -> None:
        self._replacement = replacement
        self._before: list[Registry] = []

    def __enter__(self) -> Registry:
        self._before = list(_current)
        _current[:] = [self._replacement]
        return self._replacement

    def __exit__(self, *exception: object) -> None:
        _current[:] = self._before
