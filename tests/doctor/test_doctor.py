"""Doctor: what is well, what is missing with the command that mends it, what is broken and whose it is."""

from __future__ import annotations

import pytest

from accelcore import builtin
from accelcore.health import Diagnosis, examine
from accelcore.hookspecs import hookimpl
from accelcore.registry import Registry, using
from accelcore.testing import FakeEvaluator, FakeTarget


class Raising(FakeTarget):
    """Its missing() is broken."""

    def missing(self):
        raise RuntimeError("no driver")


class Lacking(FakeEvaluator):
    def missing(self):
        return ("the board: apt install board",)


def plugin(target: object, evaluator: object) -> object:
    class Plugin:
        accelcore_targets = staticmethod(hookimpl(lambda: [target], specname="accelcore_targets"))
        accelcore_evaluators = staticmethod(hookimpl(lambda: [evaluator], specname="accelcore_evaluators"))

    return Plugin


def examined(*plugins: tuple[object, str]) -> Diagnosis:
    found = Registry()
    found.add(builtin, "builtin", "accelcore")
    for item, name in plugins:
        found.add(item, name, f"accelcore-{name}")
    with using(found):
        return examine(attacks=False)


def states(diagnosis: Diagnosis) -> dict[tuple[str, str], str]:
    return {(f.group, f.name): f.state for f in diagnosis.findings}


def test_a_healthy_installation() -> None:
    found = examined()
    assert states(found)["targets", "c"] in ("ok", "missing")
    assert states(found)["sandbox", "level"] in ("ok", "weak")
    assert all(f.text for f in found.findings)
    assert found.json()["ok"] is (found.exit_code == 0)


def test_what_is_missing_has_its_command() -> None:
    found = examined((plugin(FakeTarget(), Lacking()), "fake"))
    (lacking,) = [f for f in found.findings if f.name == "fake-evaluator"]
    assert lacking.state == "missing" and lacking.mend == "the board: apt install board"


def test_a_broken_plugin_has_an_owner_and_the_others_live() -> None:
    found = examined((plugin(Raising(), FakeEvaluator()), "raising"), (plugin(object(), FakeEvaluator()), "shapeless"))
    broken = {f.name: f for f in found.findings if f.state == "broken"}
    assert "no driver" in broken["fake"].text and "accelcore-raising" in broken["fake"].mend
    (shapeless,) = [f for name, f in broken.items() if "shapeless" in name]
    assert "accelcore-shapeless" in shapeless.name and "lacks" in shapeless.text
    assert states(found)["strategies", "beam"] == "ok"
    assert found.exit_code == 1


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    from accelcore import health
    from accelcore.cgen import toolchain

    monkeypatch.setattr(toolchain, "compilers", lambda: ())
    (finding,) = list(health._compilers())
    assert finding.state == "missing" and "apt install gcc" in finding.mend


def test_the_attack_table_is_tried() -> None:
    tried = [f for f in examine().findings if f.group == "attacks"]
    assert len(tried) >= 12
    assert all("locked" in f.text for f in tried), "each is blocked, or NOT blocked"
    assert "attacks" not in {f.group for f in examined().findings}
