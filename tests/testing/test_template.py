"""The plugin that third parties copy passes the kit as it is, and the kit catches it when it is spoilt."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import accelcore
from accelcore import builtin
from accelcore.registry import Registry, using
from accelcore.simulation import Account
from accelcore.testing import EvaluatorSuite, RedTeamSuite, TargetSuite
from accelcore.testing.tasks import elementwise
from accelcore.values import Cost, Status

SOURCE = Path(__file__).resolve().parents[2] / "plugins" / "_template" / "src"


@pytest.fixture(scope="module")
def plugin() -> Iterator[ModuleType]:
    sys.path.insert(0, str(SOURCE))
    try:
        yield importlib.import_module("accelcore_mychip")
    finally:
        sys.path.remove(str(SOURCE))


@pytest.fixture(autouse=True)
def installed(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    found = Registry()
    found.add(builtin, "builtin", "accelcore")
    found.add(plugin, "mychip", "accelcore-mychip")
    assert not [p for p in found.problems() if p.plugin == "mychip"]
    with using(found):
        yield found


class TestMyChip(TargetSuite):
    target = "mychip"
    strictly = frozenset({"row_sum"})  # plain loops of a product are slow to simulate


class TestMyChipModel(EvaluatorSuite):
    evaluator = "mychip-model"


class TestRedTeam(RedTeamSuite):
    target = "mychip"


def test_a_search_finds_the_lanes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from accelcore import codec

    monkeypatch.chdir(tmp_path)
    (tmp_path / "task.json").write_text(json.dumps(codec.encode(elementwise().task)))
    seed = accelcore.registry.registry().target("mychip").lower(elementwise().task)
    assert seed.text.startswith("loop i n 1\n")
    result = accelcore.optimize(seed, "task.json", "mychip", cache=False, max_evaluations=4)
    assert result.kernel_text.startswith("lanes i n ")
    assert result.speedup is not None and result.speedup > 4


def spoilt(monkeypatch: pytest.MonkeyPatch, plugin: ModuleType, name: str) -> None:
    chip, model = plugin.MyChip, plugin.MyChipModel
    execute, lower = model.execute, chip.lower

    def tail_forgotten(self, program, buffers, sizes, clock):
        account = execute(self, program, buffers, sizes, clock)
        if "y" in buffers and buffers["y"].size % 16:
            buffers["y"].reshape(-1)[-1] = 0
        return account

    def random_text(self, task):
        import itertools

        counter = vars(plugin).setdefault("_COUNTER", itertools.count())
        kernel = lower(self, task)
        return kernel.__class__(kernel.text + "\n" * next(counter), kernel.language, kernel.entry)

    def accepts_all(self, program, buffers, sizes, clock):
        return Account(Cost(1.0, "cycles"))

    def picky(self, task):
        from accelcore.errors import UnsupportedLowering

        if task.name not in ("elementwise", "transpose"):
            raise UnsupportedLowering("not this one")
        return lower(self, task)

    changes = {
        "tail": (model, "execute", tail_forgotten),
        "random": (chip, "lower", random_text),
        "nothing": (model, "execute", accepts_all),
        "picky": (chip, "lower", picky),
    }
    monkeypatch.setattr(*changes[name])


@pytest.mark.parametrize(
    ("how", "test"),
    [
        ("tail", "test_seed_kernels_are_correct"),
        ("random", "test_lowering_is_deterministic"),
        ("nothing", "test_seed_kernels_are_correct"),
        ("picky", "test_lowers_enough_small_tasks"),
    ],
)
def test_the_kit_catches_a_spoilt_target(
    plugin: ModuleType, monkeypatch: pytest.MonkeyPatch, how: str, test: str
) -> None:
    spoilt(monkeypatch, plugin, how)
    with pytest.raises((AssertionError, KeyError)):
        getattr(TestMyChip(), test)()


def test_what_was_not_exercised_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    suite = TestMyChip()
    suite.test_a_crash_is_reported()
    suite.test_zz_what_was_not_exercised()
    assert "mychip: a crash: override crashing()" in capsys.readouterr().out


def test_a_forged_status_is_not_believed(plugin: ModuleType) -> None:
    """Only the judge makes an evaluation OK: an evaluator that builds nothing right gets none."""
    suite = TestMyChip()
    wrong = suite.wrong(elementwise(), plugin.MyChip().lower(elementwise().task))
    assert suite.judge(elementwise().task, wrong).status is Status.WRONG
