"""Our own strategies pass the kit, and the kit catches strategies that are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from accelcore.registry import Registry, registry, using
from accelcore.testing import SMALL_TASKS, ProposerSuite, StrategySuite
from accelcore.testing.light import heavy_imports
from accelcore.testing.redteam import Sabotage, wrapped
from accelcore.testing.tasks import matmul
from accelcore.values import Kernel


class TestGreedy(StrategySuite):
    strategy = "greedy"


class TestBeam(StrategySuite):
    strategy = "beam"


class TestRandom(StrategySuite):
    strategy = "random"
    finds_the_valley = False


class TestRules(ProposerSuite):
    proposer = "rules"


def test_small_tasks_agree_with_their_oracles() -> None:
    """The summary, evaluated by the oracle, is what NumPy computes."""
    import numpy as np

    from accelcore.judge.inputs import draw
    from accelcore.judge.oracle import expect

    for small in SMALL_TASKS:
        sizes = dict(small.task.sizes[0])
        buffers = draw(small.task, sizes, "normal", np.random.default_rng(7))
        wide = {n: b.astype(np.float64 if b.dtype.kind == "f" else np.int64) for n, b in buffers.items()}
        expected = expect(small.task, buffers, sizes)
        for name, want in small.oracle(wide).items():
            np.testing.assert_allclose(np.asarray(expected[name].value, float), want, rtol=1e-5, atol=1e-6)


def test_small_tasks_cover_what_a_target_needs() -> None:
    traits = frozenset().union(*(t.traits for t in SMALL_TASKS))
    assert {"elementwise", "reduction", "matmul", "integers", "scan", "argmax", "window", "data movement"} <= traits
    assert len({t.name for t in SMALL_TASKS}) == len(SMALL_TASKS) >= 10


def test_heavy_imports_are_seen(tmp_path, monkeypatch) -> None:
    (tmp_path / "heavy_plugin.py").write_text("import numpy\n")
    (tmp_path / "light_plugin.py").write_text("def accelcore_targets():\n    return []\n")
    (tmp_path / "sly_plugin.py").write_text("def accelcore_targets():\n    import numpy\n    return []\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert heavy_imports("heavy_plugin") == ("numpy",)
    assert heavy_imports("sly_plugin") == ("numpy",)
    assert heavy_imports("light_plugin") == ()
    with pytest.raises(RuntimeError, match="cannot be imported"):
        heavy_imports("no_such_plugin_anywhere")


@dataclass(frozen=True)
class Shuffler:
    """Breaks the rule that a search is deterministic in its seed."""

    name: ClassVar[str] = "shuffler"
    about: ClassVar[str] = "wrong on purpose"

    def missing(self):
        return ()

    def search(self, session, start) -> None:

        parents = [start]
        for _ in range(3):
            judged = list(session.expand(parents, n=next(_CLOCK)))
            parents = [j.candidate for j in judged] or parents


_CLOCK = __import__("itertools").cycle([1, 3, 2, 4, 1])


@dataclass(frozen=True)
class Idle:
    """Does nothing."""

    name: ClassVar[str] = "idle"
    about: ClassVar[str] = "wrong on purpose"

    def missing(self):
        return ()

    def search(self, session, start) -> None:
        return None


def with_strategies(*items: object) -> Registry:
    from accelcore import builtin
    from accelcore.hookspecs import hookimpl

    class Plugin:
        @staticmethod
        @hookimpl
        def accelcore_strategies():
            return items

    found = Registry()
    found.add(builtin, "builtin", "accelcore")
    found.add(Plugin, "planted", "tests")
    return found


@pytest.mark.parametrize(
    ("item", "test"),
    [(Shuffler(), "test_it_is_deterministic_in_its_seed"), (Idle(), "test_it_finds_what_is_there")],
)
def test_the_strategy_suite_catches(item: object, test: str) -> None:
    class Suite(StrategySuite):
        strategy = item.name

    with using(with_strategies(item)):
        assert any(s.name == item.name for s in registry().strategies())
        with pytest.raises(AssertionError):
            getattr(Suite(), test)()


def test_sabotage_of_a_listing_speaks_of_the_task_and_leaves_the_kernels_own_words_alone() -> None:
    honest = Kernel("new FAR f32\nstore INPUT FAR FIRST", "listing", "ac_matmul")
    one = Sabotage("odd", "listing", before="acc add INPUT i8:1 FIRST", after="store RESULT i8:0 FAR")
    before, *own, after = wrapped(matmul().task, honest, one).text.splitlines()
    assert own == honest.text.splitlines()
    assert before == "acc add a i8:1 i64:0 i64:0"
    assert after == "store c i8:0 i64:1000000000 i64:1000000000"
