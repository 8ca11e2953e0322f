"""What every simulator gets from core: refusals with reasons, a clock, an account, sizes that it can afford."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest

from accelcore.errors import RunFailure
from accelcore.judge.spans import condensed
from accelcore.loops.target import LoopTarget
from accelcore.loops.unit import VectorUnit
from accelcore.pipeline.benches import judged_once
from accelcore.pipeline.work import affordable, work
from accelcore.simulation import Account, Clock, SimulatedEvaluator
from accelcore.testing.tasks import elementwise, matmul
from accelcore.values import Artifact, Cost, Evaluation, Fidelity, Kernel, Limits, Status, sizes_of


@dataclass(frozen=True)
class Unit(LoopTarget):
    """A target in as few lines as there can be."""

    name: ClassVar[str] = "unit"

    def unit(self) -> VectorUnit:
        return VectorUnit("unit")


@dataclass(frozen=True)
class Plain(SimulatedEvaluator):
    """Executes listings; each costs a cycle."""

    wide: int = 1
    name: ClassVar[str] = "plain"
    target: ClassVar[str] = "unit"

    def execute(self, program, buffers, sizes, clock):
        from accelcore.loops.execute import Execution

        Execution(buffers, sizes, clock.tick).run(program)
        return Account(Cost(1.0, "cycles"), "all in one", {"steps": 1.0}, [("alu", "all", 0.0, 1.0)])


def listed(text: str) -> Kernel:
    return Kernel(text, "listing", "ac_elementwise")


def test_an_account_reaches_the_evaluation() -> None:
    task = elementwise().task
    found = judged_once(Plain(), task, Unit().lower(task))
    assert (found.status, found.cost, found.fidelity) == (Status.OK, Cost(1.0, "cycles"), Fidelity.SIMULATED)
    assert found.feedback == "all in one" and found.metric("steps") == 1.0
    assert found.timeline == (("alu", "all", 0.0, 1.0),)


def test_text_that_does_not_load_is_a_compile_error_and_spoils_no_neighbour() -> None:
    task = elementwise().task
    bad, good = Plain().build(task, [listed("jump"), Unit().lower(task)], limits=Limits())
    assert isinstance(good, Artifact)
    assert isinstance(bad, Evaluation) and bad.status is Status.COMPILE_ERROR and "line 1 is no operation" in bad.log


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("loop i i64:999999999999 1\nend", Status.TIMEOUT),
        ("store y f32:1 i64:99999999", Status.CRASHED),
        ("%1 = cast nonsense a b c", Status.CRASHED),
        ("", Status.WRONG),
    ],
)
def test_a_program_ends_as_what_it_did(text: str, status: Status) -> None:
    found = judged_once(Plain(), elementwise().task, listed(text), limits=Limits(seconds=0.3))
    assert found.status is status, found.feedback
    assert found.feedback and found.cost is None and found.timeline == ()


def test_the_clock_lets_work_go_on_until_it_is_over() -> None:
    clock = Clock(60.0)
    for _ in range(1000):
        clock.tick()
    over = Clock(-1.0)
    with pytest.raises(RunFailure, match="too long to simulate"):
        for _ in range(1000):
            over.tick()


def test_options_are_part_of_the_fingerprint() -> None:
    assert Plain().fingerprint() != Plain(wide=2).fingerprint()
    assert "plain" in Plain().fingerprint() and "wide=2" in Plain(wide=2).fingerprint()


def test_default_sizes_are_those_that_a_simulator_affords() -> None:
    large = replace(matmul().task, sizes=(sizes_of({"m": 1024, "n": 1024, "p": 1024}),))
    found = affordable(large, {}, Plain.affordable)
    done = work(found, dict(found.sizes[0]))
    assert done is not None and done.operations <= Plain.affordable
    assert affordable(large, {"m": 1024, "n": 1024, "p": 1024}, Plain.affordable) == large


def test_a_long_timeline_is_condensed() -> None:
    spans = [("dma", f"op{n % 2}", float(n), n + 0.5) for n in range(10_000)] + [("pe", "mm", 0.0, 10_000.0)]
    short = condensed(spans)
    rows = [s for s in short if s[0] == "dma"]
    assert 100 <= len(rows) <= 161
    assert "x op0" in rows[0][1] and "x op1" in rows[0][1]
    assert rows[-1][3] == 9999.5 and [s for s in short if s[0] == "pe"] == [("pe", "mm", 0.0, 10_000.0)]
    assert all(a[3] <= b[2] + 64 for a, b in pairwise(rows))


def test_spans_that_cannot_be_are_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    odd = [("a", "x", 2.0, 1.0), ("a", "y", nan, 1.0), ("a", "z", 0.0, inf), ("a", "w", -1.0, 1.0)]
    assert condensed(odd) == ()
    assert condensed([("a", "point", 0.0, 0.0)]) == (("a", "point", 0.0, 0.0),)
    assert np.isfinite(condensed([*odd, ("a", "v", 0.0, 3.0)])[0][3])


def test_an_export_of_a_language_of_its_own_is_checked_by_accelcore(tmp_path, monkeypatch) -> None:
    import subprocess
    from types import SimpleNamespace

    import accelcore
    from accelcore import builtin
    from accelcore.hookspecs import hookimpl
    from accelcore.registry import Registry, using

    found = Registry()
    found.add(builtin, "builtin", "accelcore")
    offers = {
        f"accelcore_{kind}": hookimpl(lambda item=item: [item], specname=f"accelcore_{kind}")
        for kind, item in (("targets", Unit()), ("evaluators", Plain()))
    }
    found.add(SimpleNamespace(**offers), "unit", "accelcore-unit")
    monkeypatch.chdir(tmp_path)
    task = elementwise().task
    with using(found):
        made = accelcore.optimize(Unit().lower(task), task, "unit", out="out", cache=False, max_evaluations=2)
        text = (tmp_path / "out" / "Makefile").read_text()
        assert "accelcore check kernel.txt --task task.json --target unit" in text
        checked = accelcore.check("out/kernel.txt", "out/task.json", "unit")
    assert made.kernel_text == (tmp_path / "out" / "kernel.txt").read_text()
    assert checked.exit_code == 0
    dry = subprocess.run(["make", "-n", "-C", "out", "check"], capture_output=True, text=True, check=False)
    assert dry.returncode == 0 and "accelcore check" in dry.stdout, dry.stderr
