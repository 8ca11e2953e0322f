"""The simulator against the hardware: sampled command traces of the RTL."""

from __future__ import annotations

import statistics
from collections import defaultdict

import pytest

from accelcore_gemmini.traces import Replay, read, replay


@pytest.fixture(scope="module")
def replays(rtl_traces) -> list[Replay]:
    return [replay(trace) for trace in read(rtl_traces)]


def test_all_kinds_are_sampled(replays):
    assert {r.kind for r in replays} == set("abcdef")


def test_outputs_are_those_of_the_hardware(replays):
    assert [r.name for r in replays if r.wrong_outputs] == []


def test_cycles_of_every_trace_are_close(replays):
    assert {r.name: r.error for r in replays if abs(r.error) > 0.12} == {}


def test_cycles_are_close_overall_and_by_kind(replays):
    errors = defaultdict(list)
    for r in replays:
        errors[r.kind].append(abs(r.error))
    assert statistics.median(e for kind in errors.values() for e in kind) <= 0.02
    assert all(statistics.mean(kind) <= 0.05 for kind in errors.values()), errors


def test_variants_of_gemm_are_ranked_as_by_the_hardware(replays):
    gemm = [r for r in replays if r.kind == "c"]
    by_hardware = sorted(gemm, key=lambda r: r.measured)
    assert sorted(gemm, key=lambda r: r.outcome.cycles) == by_hardware


def test_requests_and_bytes_are_those_of_the_hardware(rtl_traces, replays):
    for trace, mine in zip(read(rtl_traces), replays, strict=True):
        counters = mine.outcome.timing.counters
        assert counters["read_requests"] == trace["rd_requests"], trace["name"]
        assert counters["write_requests"] == trace["wr_requests"], trace["name"]
        assert counters["read_bytes"] == trace["rd_bytes"], trace["name"]


@pytest.mark.parametrize("name", ["mvin_16x48_stride64@40", "mvin_16x16_misaligned56@40"])
def test_every_issue_and_completion_of_a_simple_stream_is_exact(rtl_traces, name):
    trace = next(t for t in read(rtl_traces) if t["name"] == name)
    timing = replay(trace).outcome.timing
    segment = 0
    for mine, real in zip(timing.times.tolist(), trace["times"], strict=True):
        if real is None:
            segment += 1
            continue
        ours = [cycle - timing.segments[segment][0] for cycle in mine[2:]]
        assert ours == [cycle - trace["segments"][segment][0] for cycle in real[2:]]
