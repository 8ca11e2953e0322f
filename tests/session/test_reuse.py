"""What earlier runs of similar tasks found: carried over where it is legal, told to models where it is words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelcore.bench import landscapes
from accelcore.cache import Cache
from accelcore.ir import expr as E
from accelcore.journal import Journal
from accelcore.models.client import Client
from accelcore.proposers.rules import RulesProposer
from accelcore.session import Session
from accelcore.session.reuse import pattern_of
from accelcore.strategies.beam import Beam
from accelcore.strategies.greedy import Greedy
from accelcore.values import Budget, Param, Role, Source, Summary, Task

GEMM = next(land for land in landscapes() if land.name == "gemm")
BEST = "BI=64 BJ=256 BK=32 ORDER=1 UNROLL=8"


def searched(folder, land, strategy=None, *, journal=None, **options):
    """Candidates' texts in order, and the best."""
    texts = []

    def watch(progress):
        if progress.candidate is not None:
            texts.append(progress.candidate.kernel.text)

    log = journal or Journal.memory(seed=1)
    with Session(log, cache=Cache(folder), proposers=[RulesProposer()], watch=watch, jobs=1, **options) as session:
        session.focus(land.task(), land, land)
        best = session.search(strategy or Greedy(), session.start(land.lower(session.task), lowered=True))
        assert best is not None
        return texts, best.kernel.text


def another(land, **changes):
    """The same task on a device of other costs: nothing in the cache of evaluations is about it."""
    return type("Other", (type(land),), {"fingerprint": "another device"})(
        **{**{f: getattr(land, f) for f in ("name", "base", "settings", "together")}, **changes}
    )


@pytest.mark.parametrize("strategy", [Greedy(), Beam()], ids=lambda s: s.name)
def test_the_second_run_begins_with_what_the_first_found(tmp_path, strategy):
    assert searched(tmp_path, GEMM, strategy)[1] == BEST
    texts, best = searched(tmp_path, another(GEMM), strategy, budget=Budget(evaluations=2))
    assert texts[1] == best == BEST, "the first kernel after the start"


def test_moves_that_are_not_legal_there_are_left_out(tmp_path):
    searched(tmp_path, GEMM)
    fewer = tuple(s for s in GEMM.settings if s.name != "UNROLL")
    texts, _ = searched(tmp_path, _Strict(another(GEMM, settings=fewer)), budget=Budget(evaluations=2))
    assert texts[1] == "BI=64 BJ=256 BK=32 ORDER=1"


def test_without_a_cache_a_run_begins_anew(tmp_path):
    first = searched(tmp_path, GEMM)[0]
    assert searched(None, GEMM)[0] == first


def test_a_resumed_run_begins_as_it_began(tmp_path):
    """The cache learns a schedule between the sittings; the second one does not look."""
    cache = tmp_path / "cache"
    first = searched(cache / "one", GEMM, journal=Journal.create(tmp_path, id="r", seed=1))
    searched(cache / "two", GEMM)
    again = searched(cache / "two", GEMM, journal=Journal.resume(tmp_path / "r"))
    assert again == first
    with_reuse = searched(cache / "two", another(GEMM), journal=Journal.create(tmp_path, id="s", seed=1))
    assert searched(None, another(GEMM), journal=Journal.resume(tmp_path / "s")) == with_reuse


def test_what_another_target_did_is_an_idea_for_a_model(tmp_path):
    searched(tmp_path, GEMM)
    land = another(GEMM, name="elsewhere")
    client = Client([])
    with Session(cache=Cache(tmp_path), client=client, budget=Budget(tokens=1)) as session:
        session.focus(GEMM.task(), land, land)
        assert not list(session.replays(session.start(land.lower(session.task))))
        assert "ORDER=1" in [move.text for move in session.ideas]
        assert {move.name for move in session.ideas} == {"idea"}
    with Session(cache=Cache(tmp_path)) as session:
        session.focus(GEMM.task(), land, land)
        assert session.ideas == (), "without a model nobody could carry them out"


class _Strict:
    """A landscape that refuses moves of settings that it does not have."""

    def __init__(self, land):
        self._land = land

    def __getattr__(self, name):
        return getattr(self._land, name)

    def rewrite(self, move, task, kernel):
        name = move.name.partition("=")[0]
        return self._land.rewrite(move, task, kernel) if name in {s.name for s in self._land.settings} else []


def scaled(x, a, dtype="f32", by=2.0):
    n = E.size("n")
    params = (Param(x, dtype, (n,)), Param(a, dtype, (), Role.SCALAR), Param("out", dtype, (n,), Role.OUT))
    product = E.comp(n, lambda i: E.array(x, dtype, 1)[i] * E.param(a, dtype))
    return Task("scale", params, Summary((("out", product),)), sizes=((("n", 64),),))


def test_similar_tasks_differ_in_names_types_and_shapes_only():
    one = scaled("x", "a")
    assert pattern_of(one) == pattern_of(replace(scaled("y", "s", "f64"), sizes=((("n", 4096),),)))
    n = E.size("n")
    other = Summary((("out", E.comp(n, lambda i: E.array("x", "f32", 1)[i] + E.param("a", "f32"))),))
    assert pattern_of(replace(one, reference=other)) != pattern_of(one)
    assert pattern_of(replace(one, reference=Source("f", "python", "f"))) != pattern_of(one)
