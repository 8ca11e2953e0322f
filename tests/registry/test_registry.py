"""Discovery: what works is offered, what is broken is reported by name and owner, and the others live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar

import pytest

from accelcore import __version__, hookimpl
from accelcore.errors import UsageError
from accelcore.registry import API, Registry, configured, discover, registry, using


@dataclass(frozen=True)
class Idle:
    """A strategy that does nothing."""

    width: int = 4
    name: ClassVar[str] = "idle"
    about: ClassVar[str] = "does nothing"

    def missing(self) -> Sequence[str]:
        return ()

    def search(self, session: object, start: object) -> None:
        pass


def plugin(*items: object, kind: str = "strategies", **more: object) -> object:
    @hookimpl
    def hook() -> Sequence[object]:
        return items

    return SimpleNamespace(**{f"accelcore_{kind}": hook, **more})


@dataclass
class Entry:
    """An entry point whose import may fail."""

    name: str
    result: object
    requires: Sequence[str] | None = None

    @property
    def dist(self) -> object:
        return SimpleNamespace(name=f"dist-of-{self.name}", requires=self.requires)

    def load(self) -> object:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def test_a_plugin_is_offered_with_its_owner() -> None:
    found = Registry()
    found.add(plugin(Idle()), "mine", "accelcore-mine")
    assert [(o.kind, o.item.name, o.owner) for o in found.offers()] == [("strategies", "idle", "accelcore-mine")]
    assert found.strategy("idle", width=7) == Idle(width=7)
    assert found.problems() == ()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (ImportError("no module named rocks"), "cannot be imported: ImportError: no module named rocks"),
        (plugin(Idle(), requires_api=API + 1), f"it requires plugin API {API + 1}, this accelcore has API {API}"),
        (plugin(SimpleNamespace(name="x", about="")), "but it lacks missing, search"),
        (plugin(kind="strategeis"), "unknown hook"),
        (plugin(Idle(), accelcore_targets=hookimpl(lambda: 1 / 0)), "ZeroDivisionError in one of its hooks"),
    ],
    ids=["import", "api", "shape", "misspelt", "raises"],
)
def test_a_broken_plugin_is_reported_and_the_others_live(broken: object, said: str) -> None:
    found = Registry()
    found.load(Entry("bad", broken))
    found.load(Entry("good", plugin(Idle())))
    (problem,) = found.problems()
    assert (problem.plugin, problem.owner) == ("bad", "dist-of-bad")
    assert said in problem.what
    assert problem.hint
    assert [o.plugin for o in found.offers()] == ["good"]


@pytest.mark.parametrize(
    ("requires", "fits"),
    [
        (None, True),
        (["numpy", "not a requirement !!"], True),
        ([f"accelcore=={__version__}"], True),
        (["accelcore>=0.1,<99"], True),
        (["accelcore>=99"], False),
        (["accelcore<0.1"], False),
        (["Accelcore>=99"], False),
        (["accelcore>=99; extra == 'testing'"], True),
        (["accelcore>=99; python_version > '3'"], False),
    ],
)
def test_a_plugin_made_for_another_accelcore_is_not_imported(requires: Sequence[str] | None, fits: bool) -> None:
    found = Registry()
    found.load(Entry("old", plugin(Idle()) if fits else ImportError("must not be reached"), requires))
    assert [o.plugin for o in found.offers()] == (["old"] if fits else [])
    for problem in found.problems():
        assert f"this is {__version__}" in problem.what and "it is made for accelcore" in problem.what
        assert "pip install -U dist-of-old" in problem.hint
    assert len(found.problems()) == (not fits)


def test_a_clash_names_both_owners_and_keeps_the_first() -> None:
    found = Registry()
    found.add(plugin(Idle(width=1)), "one", "dist-one")
    found.add(plugin(Idle(width=2)), "two", "dist-two")
    assert found.strategy("idle") == Idle(width=1)
    (problem,) = found.problems()
    assert problem.owner == "dist-two"
    assert "strategy 'idle' is already offered by one of dist-one" in problem.what


def test_a_disabled_plugin_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELCORE_DISABLE", "other,bad")
    found = Registry()
    found.load(Entry("bad", ImportError("must not be reached")))
    assert found.problems() == () and found.offers() == ()


def test_an_unknown_name_says_what_exists_and_which_package_would_bring_it() -> None:
    found = Registry()
    with pytest.raises(UsageError) as error:
        found.target("gemmini")
    assert "there is no target 'gemmini' here; installed: none" in str(error.value)
    assert error.value.hint == "pip install accelcore-gemmini"
    found.load(Entry("gemmini", ImportError("broken")))
    with pytest.raises(UsageError, match="its plugin is broken: cannot be imported"):
        found.target("gemmini")


def test_options_are_fields() -> None:
    with pytest.raises(UsageError, match="idle has no option 'depth'; it has: width"):
        configured(Idle(), {"depth": 1})
    with pytest.raises(UsageError, match="takes no options"):
        configured(SimpleNamespace(name="plain"), {"depth": 1})


def test_built_ins_come_through_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCELCORE_NO_PLUGINS", "1")
    found = discover()
    assert found.problems() == ()
    assert {o.owner for o in found.offers()} == {"accelcore"}
    kinds = {"targets", "evaluators", "verifiers", "strategies", "proposers", "models", "pools"}
    assert {o.kind for o in found.offers()} == kinds


def test_a_registry_can_be_replaced_for_a_while() -> None:
    mine = Registry()
    before = registry()
    with using(mine) as current:
        assert registry() is mine is current
    assert registry() is before
