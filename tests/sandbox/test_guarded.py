"""Checked calls: arrays lie at both ends of their pages, so that no run past one can be made harmless; a busy machine
makes no kernel late."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from accelcore.sandbox import COMPILER, run_child
from accelcore.sandbox.native import Guarded, Library
from accelcore.values import AbiArg, Limits, Role, Status

WHERE = """#include <stdint.h>
int where(const float *x, int64_t *out, int64_t n) {
    out[0] = (uintptr_t)x % 4096 == 0;
    out[1] = (uintptr_t)(x + n) % 4096 == 0;
    out[2] = (uintptr_t)out % 4096 == 0;
    return 0;
}
"""
ARGUMENTS = (
    AbiArg("x", "pointer", "f32", Role.IN),
    AbiArg("out", "pointer", "i64", Role.OUT),
    AbiArg("n", "size", "i64", Role.SIZE),
)


@pytest.fixture
def house(tmp_path):
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    (tmp_path / "k.c").write_text(WHERE)
    built = run_child(["gcc", "-shared", "-fPIC", "k.c", "-o", "k.so"], COMPILER, Limits(60), cwd=tmp_path)
    assert built.status is Status.OK, built.text
    code = Library(str(tmp_path / "k.so"), "where", ARGUMENTS)
    with Guarded(code, {"x": 4 * 1500, "out": 24}, Limits(1.0)) as guarded:
        yield guarded


def _where(house, n):
    buffers = {"x": np.zeros(n, np.float32), "out": np.empty(3, np.int64)}
    house.call(buffers, {"n": n})
    return tuple(map(int, buffers["out"]))


def test_of_each_two_calls_one_is_at_either_end(house):
    seen = [(_where(house, n), _where(house, n)) for n in (1, 7, 500, 1500) * 5]
    for first, second in seen:
        assert {first[:2], second[:2]} == {(1, 0), (0, 1)}, "x: flush at its start once, and at its end once"
        assert first[2] + second[2] == 1, "and so is out"
    orders = {first for first, _ in seen}
    assert len(orders) > 1, "in an order that is drawn anew"


# Keeps a CPU as the candidate of another judge may, where that priority is granted, until it is ended or a while later.
RIVAL = """
import os, sys, time
try:
    os.sched_setaffinity(0, {int(sys.argv[1])})
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
except OSError:
    pass
print("ready", flush=True)
until = time.monotonic() + 20
while time.monotonic() < until:
    pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="real-time priorities are asked for on Linux only")
def test_a_rival_at_the_same_priority_takes_turns(house):
    """Once it kept the processor until the candidate was late."""
    _where(house, 7)
    cpu = min(os.sched_getaffinity(0))
    house.session.pin(cpu, realtime=True)
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", RIVAL, str(cpu)], stdout=subprocess.PIPE) as rival:
        try:
            assert rival.stdout.readline() == b"ready\n"
            for _ in range(3):
                _where(house, 7)
        finally:
            rival.kill()
