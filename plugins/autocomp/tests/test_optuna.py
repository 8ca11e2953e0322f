"""Optuna's samplers over the knobs of moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelcore.bench import landscapes, trace
from accelcore.errors import IllegalRewrite
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.testing import StrategySuite
from accelcore.values import Kernel, Move
from accelcore_autocomp.optuna import OptunaSearch, knobs

GEMM, VALLEY = landscapes()


def test_moves_that_differ_in_their_numbers_are_one_knob():
    names = ["vectorize(j, 8)", "vectorize(j, 16)", "vectorize(i, 8)", "tile(i0, 4, 8)", "tile(i0, 2, 8)", "fuse(i, j)"]
    found = knobs([Move(name) for name in names])
    assert {knob: list(options) for knob, options in found.items()} == {
        "vectorize(j, _)": names[:2],
        "vectorize(i, _)": names[2:3],
        "tile(i0, _, _)": names[3:5],
        "fuse(i, j)": names[5:],
    }


@pytest.mark.parametrize("land", [GEMM, VALLEY], ids=lambda land: land.name)
def test_it_comes_near_the_best(land):
    """The valley too, which pays for two settings only together: a trial sets all of them at once."""
    found = trace(OptunaSearch(), land, 1)
    assert found.reached(1.05 * land.optimum) is not None
    assert found.repeats == 0 and found.evaluations <= 200


def test_equal_seeds_make_equal_searches():
    strategy = OptunaSearch(trials=30)
    assert trace(strategy, GEMM, 3) == trace(strategy, GEMM, 3)
    assert trace(strategy, GEMM, 3) != trace(strategy, GEMM, 4)


class Fussy:
    """A landscape on which one setting is illegal, another makes wrong kernels, and a third needs a fourth first."""

    def __init__(self):
        self.rewritten = []

    def __getattr__(self, name):
        return getattr(GEMM, name)

    def moves(self, task, kernel):
        found = [m for m in GEMM.moves(task, kernel) if not m.name.startswith("BJ")]
        return found if "ORDER=1" not in kernel.text else list(GEMM.moves(task, kernel))

    def rewrite(self, move, task, kernel):
        self.rewritten.append(move.name)
        if move.name.startswith("UNROLL"):
            raise IllegalRewrite("no unrolling here")
        made = GEMM.rewrite(move, task, kernel)
        wrong = move.name == "BK=8"
        return [replace(k, text=f"WRONG {k.text}") for k in made] if wrong else made


def test_what_is_illegal_is_left_out_and_what_a_move_brings_up_is_set_too():
    land, texts = Fussy(), []
    with Session(
        Journal.memory(seed=2), watch=lambda p: texts.append(p.candidate and p.candidate.kernel.text)
    ) as session:
        session.focus(land.task(), land, land)
        best = session.search(OptunaSearch(trials=60), session.start(land.lower(session.task)))
        assert best is not None and "ORDER=1" in best.kernel.text
    assert not any("UNROLL=2" in str(text) for text in texts)
    assert any("BJ=8 " not in str(text) for text in texts), "a knob of the second round"
    assert any(name.startswith("UNROLL") for name in land.rewritten), "it was tried"


def test_it_ends_when_nothing_new_comes():
    one = replace(GEMM, settings=(GEMM.settings[0],))
    found = trace(OptunaSearch(trials=10_000, patience=15), one, 1)
    assert found.evaluations <= len(one.settings[0].values)


def test_without_moves_it_judges_nothing():
    land = type("Bare", (), {"__getattr__": lambda self, name: getattr(GEMM, name), "moves": lambda *_: []})()
    with Session(Journal.memory()) as session:
        session.focus(GEMM.task(), land, land)
        start = session.start(Kernel(GEMM.lower(session.task).text, GEMM.language, GEMM.name))
        assert session.search(OptunaSearch(), start) == start


class TestConformance(StrategySuite):
    strategy = "optuna"
    finds_the_valley = False  # a trial is two rounds of moves away from the start, and no more
