"""Evaluating: order, identity, charges, errors."""

from __future__ import annotations

import random
import threading
import time

import pytest

from accelcore.cache import Cache
from accelcore.errors import BudgetSpent, JournalError, MissingTool, PluginError
from accelcore.journal import Journal
from accelcore.session import Session
from accelcore.values import Budget, Candidate, Status


def candidates(fakes, *texts):
    return [Candidate(fakes.word(text)) for text in texts]


def test_results_come_in_order_under_random_delays(begin, fakes):
    rng = random.Random(0)
    bench = fakes.bench(before=lambda stage, text: time.sleep(rng.random() * 0.003))
    bench.lanes = 3
    session, _ = begin(bench)
    texts = [f"w{n}" for n in range(40)]
    found = list(session.evaluate(candidates(fakes, *texts)))
    assert fakes.words(found) == texts
    assert [(c.step, c.slot) for c, _ in found] == [(1, slot) for slot in range(40)]
    assert all(e.kernel == c.digest for c, e in found)


def test_equal_kernels_are_judged_once(begin, fakes):
    bench = fakes.bench({"a": 5})
    session, _ = begin(bench)
    found = list(session.evaluate(candidates(fakes, "a", "b", "a", "a")))
    assert fakes.words(found) == ["a", "b", "a", "a"]
    assert [e.cost.value for _, e in found] == [5, 100, 5, 5]
    assert next(iter(session.evaluate(candidates(fakes, "a")))).evaluation.cost.value == 5
    assert bench.judged == {"s": 1, "a": 1, "b": 1}
    assert session.meter.spent["evaluations"] == 3


def test_only_what_is_asked_for_is_judged(begin, fakes):
    bench = fakes.bench()
    session, _ = begin(bench)
    line = session.evaluate(candidates(fakes, *"abcdef"), ahead=0)
    assert next(line).candidate.kernel.text == "a"
    assert next(line).candidate.kernel.text == "b"
    line.close()
    assert set(bench.judged) == {"s", "a", "b"}
    assert session.meter.spent["evaluations"] == 3


def test_while_one_is_judged_the_next_are_built(begin, fakes):
    """The judge of the first kernel waits until the second is built: without overlap this would never end."""
    second = threading.Event()

    def before(stage, text):
        if (stage, text) == ("build", "b"):
            second.set()
        if (stage, text) == ("judge", "a"):
            assert second.wait(20)

    session, _ = begin(fakes.bench(before=before))
    line = session.evaluate(candidates(fakes, "a", "b"), ahead=0)
    assert next(line).evaluation.status is Status.OK
    line.close()


def test_kernels_that_wait_are_built_together(begin, fakes):
    """While the only builder is held up by the first kernel, the others gather into batches of at most four."""
    bench = fakes.bench()
    session, _ = begin(bench, jobs=1)
    started, release = threading.Event(), threading.Event()

    def before(stage, text):
        if (stage, text) == ("build", "a"):
            started.set()
            assert release.wait(20)

    def source():
        first, *rest = candidates(fakes, *"abcdefghij")
        yield first
        assert started.wait(20)
        yield from rest
        release.set()

    bench.before = before
    assert len(list(session.evaluate(source()))) == 10
    assert bench.batches == [1, 1, 4, 4, 1]


def test_the_budget_cuts_after_what_was_paid_for(begin, fakes):
    session, _ = begin(fakes.bench({"b": 7}), budget=Budget(evaluations=3))
    line, found = session.evaluate(candidates(fakes, *"abcd")), []
    with pytest.raises(BudgetSpent, match="3 evaluations"):
        found.extend(line)
    assert session.best is not None and session.best.kernel.text == "b"
    assert session.meter.spent["evaluations"] == 3
    with pytest.raises(BudgetSpent):
        list(session.evaluate(candidates(fakes, "e")))
    assert len(list(session.evaluate(candidates(fakes, "a", "s")))) == 2, "known kernels stay free"


def test_seconds_are_a_budget_too(begin, fakes):
    session, _ = begin(budget=Budget(seconds=1000))
    session.meter._started -= 1000
    with pytest.raises(BudgetSpent, match="1000 seconds"):
        list(session.evaluate(candidates(fakes, "a")))


def test_what_waits_when_the_time_is_over_is_not_judged(begin, fakes):
    def before(stage, text):
        if (stage, text) == ("judge", "b"):
            session.meter._started -= 1000

    bench = fakes.bench({"b": 5}, before=before)
    session, _ = begin(bench, budget=Budget(seconds=1000))
    found = []
    with pytest.raises(BudgetSpent, match="1000 seconds"):
        found.extend(session.evaluate(candidates(fakes, *"abcdef")))
    assert set(bench.judged) == {"s", "a", "b"}
    assert session.best is not None and session.best.kernel.text == "b"


def test_failures_are_statuses(begin, fakes):
    fail = {"a": Status.WRONG, "b": Status.COMPILE_ERROR, "c": ValueError("boom"), "d": Status.TIMEOUT}
    session, _ = begin(fakes.bench({"e": 1}, fail=fail))
    found = {c.kernel.text: e for c, e in session.evaluate(candidates(fakes, *"abcde"))}
    assert [found[text].status.value for text in "abcde"] == [
        "wrong",
        "compile_error",
        "harness_error",
        "timeout",
        "ok",
    ]
    assert "boom" in found["c"].log
    assert session.best is not None and session.best.kernel.text == "e"


def test_a_missing_tool_ends_the_search(begin, fakes):
    session, _ = begin(fakes.bench(fail={"b": MissingTool("no gcc")}))
    found = []
    with pytest.raises(MissingTool):
        found.extend(session.evaluate(candidates(fakes, *"abc")))


def test_verbs_need_a_task():
    with Session() as session, pytest.raises(PluginError, match="focus"):
        list(session.evaluate([]))


def test_a_timed_kernel_races_the_fastest_before_it(begin, fakes):
    bench = fakes.bench({"s": 100, "a": 50, "b": 80, "c": 49.9, "d": 20, "e": 30}, timed=True)
    session, start = begin(bench)
    found = [c for c, _ in session.evaluate(candidates(fakes, *"abcde"))]
    # c is within 1 % of a: a tie, so the incumbent stays.
    assert bench.rivals == [("s", None), ("a", "s"), ("b", "a"), ("c", "a"), ("d", "a"), ("e", "d")]
    assert [c.kernel.text for c in session.fastest([start, *found], 4)] == ["d", "e", "a", "c"]
    assert session.relative(found[0]) == pytest.approx(0.5)
    assert not session.better(found[2], found[0])


def test_a_narrow_win_counts_when_it_is_repeated(begin, fakes):
    """b is three percent faster by luck, once; d is five percent faster."""
    bench = fakes.bench({"s": 100, "b": 97, "d": 95, "e": 50}, timed=True)
    bench.before = lambda stage, text: bench.costs.update({"b": 101}) if bench.judged["b"] else None
    session, start = begin(bench)
    b, d, _ = (c for c, _ in session.evaluate(candidates(fakes, *"bde")))
    assert [bench.judged[text] for text in "bde"] == [2, 2, 1], "a wide win needs no second sitting"
    assert session.relative(b) == pytest.approx(1.01) and not session.better(b, start)
    assert session.relative(d) == pytest.approx(0.95)
    assert bench.rivals[-1] == ("e", "d")
    assert session.meter.spent["evaluations"] == 4


def test_equal_kernels_under_noise_stay_equal(begin, fakes):
    """Sixty kernels as fast as the start, each ratio with one percent of noise: the best does not run away."""

    class Noisy(dict):
        draw = random.Random(1)

        def get(self, key, default=None):
            return 100 * self.draw.gauss(1.0, 0.007)

    bench, names = fakes.bench({}, timed=True), [f"k{n}" for n in range(60)]
    bench.costs = Noisy()
    session, start = begin(bench)
    rows = [c for c, _ in session.evaluate(candidates(fakes, *names))]
    (best,) = session.fastest([start, *rows], 1)
    incumbents = {rival for _, rival in bench.rivals if rival}
    assert len(incumbents) <= 4
    assert session.best is not None and 0.95 < session.relative(session.best) <= 1.0
    assert session.relative(best) > 0.95


def test_times_are_ordered_by_ratios_not_by_clocks(begin, fakes):
    """The machine gets twice as slow after the start: absolute times would put the start before the better kernel."""
    bench = fakes.bench({"s": 100, "a": 60}, timed=True)
    session, start = begin(bench)
    bench.costs = {"s": 200, "a": 120}
    (a, evaluation), *_ = session.evaluate(candidates(fakes, "a"))
    assert evaluation.cost.value > session.evaluation(start).cost.value
    assert session.better(a, start)


def test_costs_of_unlike_fingerprints_are_not_ordered(begin, fakes):
    bench = fakes.bench({"a": 1})
    session, start = begin(bench)
    bench.fingerprint = "fake 2"
    (a, _), *_ = session.evaluate(candidates(fakes, "a"))
    assert session.relative(a) is None
    assert not session.better(a, start)
    assert session.fastest([a, start], 2) == [start]
    bench.fingerprint = "fake 1"


def test_a_run_is_not_resumed_under_another_fingerprint(tmp_path, task, fakes):
    with Session(Journal.create(tmp_path, id="r")) as session:
        session.focus(task, fakes.target(), fakes.bench())
    bench = fakes.bench()
    bench.fingerprint = "other machine"
    with pytest.raises(JournalError, match="another machine"), Session(Journal.resume(tmp_path / "r")) as session:
        session.focus(task, fakes.target(), bench)


def test_a_resumed_run_judges_nothing_twice(tmp_path, task, fakes):
    def search(journal, bench):
        with Session(journal, budget=Budget(evaluations=4)) as session:
            session.focus(task, fakes.target(), bench)
            start = session.start(fakes.word("s"))
            found = [start.digest]
            with pytest.raises(BudgetSpent):
                found.extend(c.digest for c, _ in session.evaluate(candidates(fakes, *"abcd"), ahead=0))
            return found, session.best, dict(session.meter.spent, seconds=0)

    first, second = fakes.bench({"b": 3}, timed=True), fakes.bench({"b": 3}, timed=True)
    whole = search(Journal.create(tmp_path, id="r"), first)
    again = search(Journal.resume(tmp_path / "r"), second)
    assert again == whole
    assert not second.judged


def test_a_resumed_run_whose_time_is_over_ends_where_it_ended(tmp_path, task, fakes):
    def search(journal, texts, seconds):
        with Session(journal, budget=Budget(seconds=seconds)) as session:
            session.focus(task, fakes.target(), fakes.bench({"b": 3}))
            session.start(fakes.word("s"))
            found = []
            try:
                found.extend(c.kernel.text for c, _ in session.evaluate(candidates(fakes, *texts)))
            finally:
                session.meter._started -= 1000
                assert session.best is not None and session.best.kernel.text == "b"
            return found

    assert search(Journal.create(tmp_path, id="r"), "ab", 900) == ["a", "b"]
    assert search(Journal.resume(tmp_path / "r"), "ab", 900) == ["a", "b"]
    with pytest.raises(BudgetSpent, match="900 seconds"):
        search(Journal.resume(tmp_path / "r"), "abc", 900)


def test_after_a_resume_new_kernels_race_the_rebuilt_incumbent(tmp_path, task, fakes):
    first, second = fakes.bench({"a": 10}, timed=True), fakes.bench({"a": 10, "b": 5}, timed=True)
    for journal, bench, texts in ((Journal.create(tmp_path, id="r"), first, "a"), (None, second, "ab")):
        with Session(journal or Journal.resume(tmp_path / "r")) as session:
            session.focus(task, fakes.target(), bench)
            session.start(fakes.word("s"))
            list(session.evaluate(candidates(fakes, *texts)))
            relative = session.relative(session.best)
    assert second.rivals == [("b", "a")]
    assert second.built == {"a": 1, "b": 1}
    assert relative == pytest.approx(0.05)


def test_an_exact_cost_of_an_earlier_run_is_used_again(tmp_path, begin, fakes):
    first, second = fakes.bench({"a": 5}, fail={"b": Status.WRONG, "c": Status.TIMEOUT}), fakes.bench({"c": 4})
    for bench in (first, second):
        session, _ = begin(bench, cache=Cache(tmp_path))
        found = [e.status.value for _, e in session.evaluate(candidates(fakes, *"abc"))]
    assert found == ["ok", "wrong", "ok"]
    assert set(second.judged) == {"c"}, "a timeout may have been the machine's fault"
    assert session.meter.spent["evaluations"] == 1


def test_old_times_only_prune(tmp_path, begin, fakes):
    costs = {"s": 100, "a": 50, "b": 55, "c": 90}
    first, second = fakes.bench(costs, timed=True), fakes.bench(costs, timed=True)
    for bench in (first, second):
        session, _ = begin(bench, cache=Cache(tmp_path))
        found = [c for c, _ in session.evaluate(candidates(fakes, *"abc"))]
    assert set(second.judged) == {"s", "a", "b"}, "c was far behind the best of the first run"
    assert session.relative(found[2]) == pytest.approx(0.9)
    assert [c.kernel.text for c in session.fastest(found, 1)] == ["a"]


def test_a_build_that_failed_in_another_run_is_tried_again(tmp_path, begin, fakes):
    broken = fakes.bench(fail={"a": Status.COMPILE_ERROR, "b": Status.WRONG})
    session, _ = begin(broken, cache=Cache(tmp_path))
    list(session.evaluate(candidates(fakes, "a", "b")))
    session.close()
    bench = fakes.bench()
    session, _ = begin(bench, cache=Cache(tmp_path))
    found = [e.status for _, e in session.evaluate(candidates(fakes, "a", "b"))]
    assert found == [Status.OK, Status.WRONG], "a missing linker is the machine's fault, a wrong result is not"
    assert bench.built["a"] == 1 and bench.built["b"] == 0


def test_what_the_cache_learns_later_does_not_prolong_a_finished_run(tmp_path, task, begin, fakes):
    def judged(journal):
        with Session(journal, cache=Cache(tmp_path), budget=Budget(evaluations=2)) as session:
            session.focus(task, fakes.target(), fakes.bench())
            session.start(fakes.word("s"))
            found = []
            with pytest.raises(BudgetSpent):
                for candidate, _ in session.evaluate(candidates(fakes, "a", "b"), ahead=0):
                    found.append(candidate.kernel.text)
        return found

    assert judged(Journal.create(tmp_path, id="r")) == ["a"]
    other, _ = begin(fakes.bench(fail={"b": Status.WRONG}), cache=Cache(tmp_path))
    assert [e.status for _, e in other.evaluate(candidates(fakes, "b"))] == [Status.WRONG]
    assert judged(Journal.resume(tmp_path / "r")) == ["a"], "b is known now, but this run had ended before it"


def test_a_broken_cache_is_no_cache(tmp_path, begin, fakes):
    (tmp_path / "cache-1.sqlite").write_bytes(b"not a database, and long enough to be looked at" * 20)
    cache = Cache(tmp_path)
    assert "off for this run" in cache.trouble
    session, _ = begin(fakes.bench(), cache=cache)
    assert len(list(session.evaluate(candidates(fakes, "a")))) == 1


def test_progress_is_told(begin, fakes):
    told = []
    session, _ = begin(fakes.bench({"a": 50}), watch=told.append)
    list(session.evaluate(candidates(fakes, "a", "b")))
    session.event("note", "hello")
    assert [p.kind for p in told] == ["best", "best", "judged", "event"]
    assert told[1].relative == 0.5
    assert told[2].spent["evaluations"] == 3


def test_closing_ends_the_bench_and_the_run(tmp_path, task, fakes):
    from accelcore import journal

    bench = fakes.bench()
    with pytest.raises(KeyboardInterrupt), Session(Journal.create(tmp_path, id="r")) as session:
        session.focus(task, fakes.target(), bench)
        session.start(fakes.word("s"))
        raise KeyboardInterrupt
    for thread in threading.enumerate():  # an interrupted run does not wait for what clears up
        if thread.name == "accelcore-clearing":
            thread.join(20)
    assert bench.closed
    run = journal.read(tmp_path / "r")
    assert (run.status, run.best) == ("interrupted", fakes.word("s").digest)
