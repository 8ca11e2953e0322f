"""What costs time, and how the account of a run says so."""

from __future__ import annotations

import json

import numpy as np
import pytest

from accelcore.errors import RunFailure
from accelcore.values import Status
from accelcore_gemmini import FENCE, Command, Config, Machine, chrome_trace, layout
from accelcore_gemmini.isa import GARBAGE, acc, compute, config_ex, config_ld, config_st, mvin, mvout, preload
from accelcore_gemmini.timeline import spans

BASE = 0x8000_0000


def run(commands, **config):
    memory = {"M": np.zeros(1 << 16, np.int8)}
    return Machine(Config(**config)).run([config_ex(), config_ld(64), config_st(64), *commands, FENCE], memory)


def per_repeat(commands, few=8, many=40, **config):
    """Cycles that one more repeat costs."""
    return (run(commands * many, **config).cycles - run(commands * few, **config).cycles) / (many - few)


def test_a_block_product_takes_sixteen_cycles():
    assert per_repeat([preload(4096, acc(0)), compute(0)]) == pytest.approx(16, abs=0.5)


def test_operands_in_one_bank_take_twice_as_long():
    assert per_repeat([preload(32, acc(0)), compute(0)]) == pytest.approx(32, abs=0.5)


def test_transposed_weights_cost_sixteen_cycles_more():
    outcome = [config_ex(b_transpose=True)]
    few = run(outcome + [preload(4096, acc(0)), compute(0)] * 8).cycles
    many = run(outcome + [preload(4096, acc(0)), compute(0)] * 40).cycles
    assert (many - few) / 32 == pytest.approx(32, abs=0.5)


@pytest.mark.parametrize("latency", [10, 40])
def test_wide_loads_are_bound_by_the_port(latency):
    assert per_repeat([mvin(BASE, 0, 16, 64)], latency=latency) == pytest.approx(64, abs=1)


def test_short_loads_are_bound_by_latency():
    near, far = (per_repeat([mvin(BASE, 0, 16, 16)], latency=n) for n in (10, 100))
    assert far - near == pytest.approx(87.6, abs=3)  # LAT + 7.4 against about 20


def test_a_fence_ends_a_segment():
    two = run([mvin(BASE, 0, 16, 64), FENCE, mvin(BASE, 0, 16, 64)])
    assert len(two.timing.segments) == 2
    assert two.timing.segments[1][0] >= two.timing.segments[0][1] + 12


def test_a_slow_host_is_waited_for():
    commands = [Command(*mvin(0, 0, 1, 16)[:3], host_cycles=100)] * 10
    assert run(commands).cycles > 1000


def test_times_are_in_order_and_dependents_wait():
    outcome = run([mvin(BASE, 0, 16, 16), mvin(BASE, 4096, 16, 16), preload(4096, acc(0)), compute(0),
                   mvout(BASE, acc(0), 16, 16)])  # fmt: skip
    times = outcome.timing.times[:-1]
    assert (np.diff(times, axis=1) >= 0).all()
    preload_at, store = times[5], times[7]
    assert preload_at[2] > times[4][3]  # the load of B
    assert store[2] > preload_at[3]  # the owner of C


def test_feedback_names_what_is_wrong():
    pairs = [preload(32, acc(0)), compute(0)] * 32
    told = run(pairs).feedback()
    assert told.utilization == pytest.approx(0.5, abs=0.06)
    assert told.repeated_weights == 31
    assert told.counters["bank_conflict"] > 400
    assert "scratchpad bank" in told.text()
    assert (told.conflicts[0].a, told.conflicts[0].b, told.conflicts[0].steps) == (0, 32, 31)
    assert "A at scratchpad row 0 and the weights at row 32 are in one bank" in told.text()
    assert "compute_accumulated" in told.text()


def test_feedback_counts_traffic_per_buffer():
    memory = {"A": np.zeros((16, 16), np.int8), "C": np.zeros((16, 16), np.int8)}
    at = {b.name: b.base for b in layout(memory)}
    commands = [
        config_ld(16),
        config_st(16),
        *[mvin(at["A"], 0, 16, 16)] * 3,
        mvin(0, 16, 4, 16),
        mvout(at["C"], 0, 16, 16),
    ]
    told = Machine().run(commands, memory).feedback()
    assert [(t.buffer, t.read, t.written, t.reread) for t in told.traffic] == [("A", 768, 0, 3.0), ("C", 0, 256, 1.0)]
    assert told.zero_loads == 1
    assert told.scratchpad_rows == (20, 16384)
    assert told.commands == {"config_ld": 1, "config_st": 1, "mvin": 4, "mvout": 1}


def test_new_data_under_the_same_address_is_no_repetition():
    pair = [mvin(BASE, 4096, 16, 16), preload(4096, acc(0)), compute(0)]
    assert run(pair * 4).feedback().repeated_weights == 0
    assert run([*pair, preload(GARBAGE, acc(0)), compute(0, preloaded=False)]).feedback().repeated_weights == 0


def test_the_bound_is_the_scarcest_resource():
    assert run([mvin(BASE, 0, 16, 64)] * 20).feedback().bound == "memory"
    assert run([preload(4096, acc(0)), compute(0)] * 20).feedback().bound == "compute"


def test_other_configurations_say_that_they_are_not_calibrated():
    assert "not calibrated" in run([mvin(BASE, 0, 16, 16)], latency=55).feedback().text()
    assert "not calibrated" not in run([mvin(BASE, 0, 16, 16)]).feedback().text()


def test_feedback_and_timeline_are_json():
    outcome = run([mvin(BASE, 0, 16, 16)])
    assert json.loads(json.dumps(outcome.feedback().json()))["cycles"] == outcome.cycles
    events = json.loads(chrome_trace(outcome))["traceEvents"]
    assert [e["name"] for e in events if e["ph"] == "X"] == ["config_ex", "config_ld", "config_st", "mvin"]


def test_a_timeline_has_every_operation_of_a_short_run_and_parts_of_a_long_one():
    short = list(spans(run([mvin(BASE, 0, 16, 16), mvin(BASE, 4096, 16, 16), preload(4096, acc(0)), compute(0)])))
    assert [name for queue, name, *_ in short if queue == "execute"] == ["config_ex", "preload", "compute"]
    outcome = run([preload(4096, acc(0)), compute(0)] * 2000)
    execute = [s for s in spans(outcome) if s[0] == "execute"]
    assert len(execute) <= 101 and max(end for *_, end in execute) <= outcome.cycles
    counted = [part.split() for _, name, *_ in execute for part in name.split(", ")]
    assert sum(int(n) for n, kind in (p for p in counted if len(p) == 2) if kind == "compute") == 2000
    assert len(list(spans(run([])))) == 3


def test_nothing_costs_nothing():
    assert Machine().run([]).cycles == 0
    assert Machine().run([], {}).feedback().utilization == 0
    assert Machine().run([config_ld(16)], timed=False).timing.segments == ()


def test_a_log_is_timed_without_its_memory():
    commands = [config_ld(64), config_st(64), mvin(BASE, 0, 16, 64), mvout(BASE + 4096, 0, 16, 64), FENCE]
    whole = Machine().run(commands, {"M": np.zeros(1 << 16, np.int8)})
    assert Machine().replay(commands).cycles == whole.cycles


def test_feedback_counts_rows_across_lines_reuse_and_configurations():
    told = run(
        [mvin(BASE + 8, 0, 16, 64), mvin(BASE, 4096, 16, 16), *[preload(4096, acc(0)), compute(0)] * 10]
    ).feedback()
    assert told.split_rows == 16
    assert told.reuse == 20 * 16 / (16 * 4 + 16)
    assert "cross a 64-byte line" in told.text()
    assert "configurations" in run([config_ld(64)] * 20).feedback().text()
    assert not told.json()["conflicts"]


@pytest.mark.parametrize("commands", [[config_ld(16)], []], ids=["in its function", "before its time"])
def test_a_simulation_without_time_left_is_a_timeout(commands) -> None:
    with pytest.raises(RunFailure, match="time limit") as caught:
        Machine(seconds=-1.0).run(commands)
    assert caught.value.status == Status.TIMEOUT


def test_the_model_of_time_ends_at_its_limit() -> None:
    """Its own look at the clock: the function is done before the limit, the cycles are not."""
    from accelcore_gemmini import machine

    commands = [config_ld(16), *([mvin(BASE, 0, 16, 16)] * 20_000), FENCE]
    with pytest.raises(RunFailure, match="time limit"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine._Handle, "left", lambda self: 1e-9)
        Machine().replay(commands)
