"""Kernels are traced in a child and executed here: what a kernel does in the child is a program or a status."""

import json

import pytest

from accelcore.errors import RunFailure, UsageError
from accelcore.pipeline.benches import judged_once
from accelcore.testing import small_tasks
from accelcore.values import Kernel, Limits, Status
from accelcore_nki.errors import NkiError
from accelcore_nki.judging.interface import call_of, further_sizes
from accelcore_nki.judging.replay import BadTrace, Replay, results
from accelcore_nki.judging.runner import NkiRunner
from accelcore_nki.kernels import Shape
from accelcore_nki.lowering import kernel
from accelcore_nki.target import NkiSimulator, sizes_in

pytestmark = pytest.mark.redteam(times=20)

TASKS = {small.name: small.task for small in small_tasks()}
HONEST = """
import nki.language as nl, nki.isa as nisa

def row_sum(x):
    m, n = x.shape
    out = nl.ndarray((m,), dtype=nl.float32, buffer=nl.shared_hbm)
    for p in range(0, m, 128):
        rows = min(128, m - p)
        tile = nl.ndarray((rows, n), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=x[p:p + rows])
        total = nl.ndarray((rows, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_reduce(total, nl.add, tile, axis=1)
        nisa.dma_copy(dst=out.ap([[1, rows], [1, 1]], p), src=total)
    return out
"""


def judged(text, seconds=20.0, task="row_sum"):
    written = Kernel(text, "python", task)
    return judged_once(NkiSimulator(), TASKS[task], written, strict=False, limits=Limits(seconds=seconds))


def in_body(line):
    """The honest kernel with a line at its start."""
    return HONEST.replace("    m, n = x.shape\n", f"    m, n = x.shape\n    {line}\n")


def test_an_honest_kernel_is_ok_and_its_cost_is_modelled():
    found = judged(HONEST)
    assert (found.status, found.fidelity) == (Status.OK, "modelled")
    assert found.cost.value > 0
    assert "sandbox" not in found.log


CHILD = {
    "prints the verdict": ("print('PASS', 'latency: 1')", Status.OK),
    "leaves": ("import os; os._exit(0)", Status.CRASHED),
    "asks to end": ("raise SystemExit(0)", Status.CRASHED),
    "raises": ("raise ValueError('no')", Status.CRASHED),
    "computes with numpy": ("import numpy as np; return np.asarray(x).sum(axis=1)", Status.COMPILE_ERROR),
    "returns its input": ("return x", Status.COMPILE_ERROR),
    "writes nothing": ("return nl.ndarray((m,), dtype=nl.float32, buffer=nl.shared_hbm)", Status.COMPILE_ERROR),
    "no such instruction": ("nisa.sendrecv(x, x)", Status.UNSUPPORTED),
    "branches on data": ("x[0, 0] > 0 and 1", Status.COMPILE_ERROR),
    "returns a view of its input": ("return x[:, 0]", Status.WRONG),
    "returns nothing": ("return []", Status.COMPILE_ERROR),
    "never ends": ("while True: pass", Status.TIMEOUT),
    "takes memory": ("hold = [bytearray(1 << 26) for _ in range(1000)]", Status.CRASHED),
    "calls home": ("import socket; socket.create_connection(('192.0.2.1', 80), timeout=0.1)", Status.CRASHED),
    "starts a process": ("import subprocess; subprocess.run(['true'], check=True)", Status.CRASHED),
    "rewrites the package": ("open(nl.__file__, 'a')", Status.CRASHED),
    "reads a file": ("open('/etc/passwd')", Status.CRASHED),
    "looks for a seed": (
        "import os; assert any('KEY' in e or 'SEED' in e or 'PYTEST' in e for e in os.environ)",
        Status.CRASHED,
    ),
    "walks frames": (
        "import sys; f = sys._getframe()\n    while f: assert 'expected' in f.f_locals; f = f.f_back",
        Status.CRASHED,
    ),
    "more than fits on chip": (
        "big = nl.ndarray((128, 1 << 20), dtype=nl.float32, buffer=nl.sbuf)",
        Status.COMPILE_ERROR,
    ),
    "more partitions than there are": (
        "tall = nl.ndarray((256, 4), dtype=nl.float32, buffer=nl.sbuf)",
        Status.COMPILE_ERROR,
    ),
}
"""Lines at the start of the honest kernel, and what comes of them."""


@pytest.mark.parametrize("name", CHILD)
def test_redteam_what_a_kernel_does_in_the_child(name):
    line, status = CHILD[name]
    assert judged(in_body(line)).status is status


@pytest.mark.parametrize(
    "line",
    [
        # the executor, the comparison and the costs are another process's
        "import accelcore_nki.timing.constants as c; c.CONSTANTS.clear()",
        "import accelcore_nki.execute.maths as m_; m_.tensor_reduce = None",
        "import numpy; numpy.allclose = lambda *a, **k: True",
        "import time; time.monotonic = lambda: 0.0",
    ],
    ids=["costs", "executor", "comparison", "clock"],
)
def test_redteam_patches_of_the_simulator_change_nothing(line):
    assert judged(in_body(line)).cost == judged(HONEST).cost


def test_redteam_calls_that_are_not_told_are_not_executed():
    line = "import accelcore_nki.judging.calls as c; c.Log._note = lambda *a: None"
    assert judged(in_body(line)).status in (Status.COMPILE_ERROR, Status.CRASHED)


def test_redteam_an_answer_of_ones_own_is_just_a_trace():
    forged = json.dumps({"status": "ok", "format": 1, "cost": 0})
    line = f"import os; open('answer.json', 'w').write({forged!r}); os._exit(0)"
    found = judged(in_body(line))
    assert found.status is Status.CRASHED
    assert "well-formed" in found.feedback


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rows = min(128, m - p)", "rows = max(1, min(128, m - p) - 1)"),
        ("    return out\n", "    nisa.memset(tile, 0.0)\n"
         "    nisa.dma_copy(dst=x[p:p + rows], src=tile)\n    return out\n"),
        ("rows = min(128, m - p)", "rows = 1"),
        ("nl.add, tile", "nl.maximum, tile"),
        ("tile = nl.ndarray((rows, n), dtype=nl.float32", "tile = nl.ndarray((rows, n), dtype=nl.bfloat16"),
        ("m, n = x.shape", "m, n = x.shape[0], x.shape[1] // 2 or 1"),
        ("m, n = x.shape", "m, n = x.shape[0], 67"),
        ("    return out\n", "    nisa.memset(total, float('nan'))\n"
         "    nisa.dma_copy(dst=out.ap([[1, rows], [1, 1]], p), src=total)\n    return out\n"),
        ("    return out\n", "    nisa.memset(total, 0.0)\n"
         "    nisa.dma_copy(dst=out.ap([[1, rows], [1, 1]], p), src=total)\n    return out\n"),
    ],
    ids=["last row", "input", "rows", "operation", "precision", "half", "one size", "nan", "constant"],
)  # fmt: skip
def test_redteam_wrong_programs_are_wrong(before, after):
    assert before in HONEST
    found = judged(HONEST.replace(before, after))
    assert found.status in (Status.WRONG, Status.COMPILE_ERROR), found
    assert found.cost is None


def test_redteam_an_answer_without_work_is_wrong():
    text = """
import nki.language as nl, nki.isa as nisa

def row_sum(x):
    out = nl.ndarray((x.shape[0],), dtype=nl.float32, buffer=nl.shared_hbm)
    nisa.dma_copy(dst=out, src=x[:, 0])
    return out
"""
    assert judged(text).status is Status.WRONG


def test_a_kernel_that_is_a_constant_brings_its_values():
    text = HONEST.replace(
        "    return out\n", "    nl.shared_constant([[1.0, 2.0]], dtype=nl.float32)\n    return out\n"
    )
    assert judged(text).status is Status.OK


def test_another_language_is_unsupported_and_no_program_does_not_build():
    task = TASKS["row_sum"]
    other, garbage = NkiSimulator().build(
        task, [Kernel("x", "c", "row_sum"), Kernel("def (", "python", "row_sum")], limits=Limits()
    )
    assert (other.status, garbage.status) == (Status.UNSUPPORTED, Status.COMPILE_ERROR)


# The trace.


def told(text=HONEST, sizes=(("m", 5), ("n", 67))):
    runner = NkiRunner(TASKS["row_sum"], Kernel(text, "python", "row_sum"), "trn2", Limits(seconds=30))
    call = call_of(runner.task, dict(sizes))
    return runner._child(call), call


@pytest.fixture(scope="module")
def trace():
    return told()


def changed(trace, change):
    answer = json.loads(json.dumps(trace[0]))
    change(answer)
    return Replay(answer, "trn2", trace[1].tensors)


def test_a_trace_replays_to_the_same_program(trace):
    replay = changed(trace, lambda a: None)
    assert [i.op for i in replay.program.instructions] == ["dma_copy", "tensor_reduce", "dma_copy"]
    assert results(replay, [shape for _, shape in trace[1].results])
    assert replay.program.instructions[1].line.startswith("kernel.py:")


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a["calls"][0].__setitem__(0, "exec"),
        lambda a: a["calls"][0].__setitem__(1, 10**6),
        lambda a: a["calls"][0][2].__setitem__("dst", {"view": 99}),
        lambda a: a["calls"][0][2].__setitem__("dst", {"enum": ["os", "system"]}),
        lambda a: a["calls"][0][2].__setitem__("nonsense", 1),
        lambda a: a["storages"].clear(),
        lambda a: a["storages"].append({**a["storages"][-1], "role": "input"}),
        lambda a: a["storages"].append({**a["storages"][-1], "buffer": "shared_hbm", "shape": [1 << 20, 1 << 20]}),
        lambda a: a["views"].append([0, "object", 0, [1], [1], None]),
        lambda a: a["views"].append([0, "float32", 0, [0], [1], None]),
        lambda a: a.pop("outputs"),
        lambda a: a.__setitem__("format", 0),
    ],
)
def test_redteam_what_no_tracer_writes_is_refused(trace, change):
    with pytest.raises(BadTrace):
        changed(trace, change)


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a["views"].append([0, "float32", 300, [100], [1], None]),  # past the end
        lambda a: a["calls"].pop(),  # the result is never written
        lambda a: a["calls"].pop(0),  # reads what nothing wrote
        lambda a: a["calls"][1][2].__setitem__("axis", 0),
    ],
)
def test_redteam_a_forged_trace_keeps_the_rules(trace, change):
    with pytest.raises(NkiError):
        changed(trace, change)


def test_results_have_the_shapes_of_the_task(trace):
    replay = changed(trace, lambda a: None)
    for wanted in ([], [Shape((6,))], [Shape((5,), "bfloat16")]):
        with pytest.raises(NkiError, match="returns"):
            results(replay, wanted)


def test_sizes_that_no_input_shows_are_arguments():
    task = TASKS["matmul"]
    assert further_sizes(task) == ()
    assert [name for name, _ in call_of(task, {"m": 2, "n": 3, "p": 4}).arguments] == ["a", "b"]


def test_arrays_without_elements_are_unsupported():
    with pytest.raises(RunFailure) as raised:
        call_of(TASKS["row_sum"], {"m": 0, "n": 3})
    assert raised.value.status == "unsupported"


# Time at other sizes.


def test_the_cost_may_stand_for_other_sizes():
    task = TASKS["row_sum"]
    own = judged_once(NkiSimulator(), task, kernel(task, ()), strict=False)
    larger = judged_once(NkiSimulator("trn2", "m=512+n=4096"), task, kernel(task, ()), strict=False)
    assert larger.cost.value > own.cost.value
    assert larger.fingerprint != own.fingerprint


LARGE = HONEST.replace("nl.add, tile", "nl.maximum if m > 300 else nl.add, tile")


@pytest.mark.parametrize(("text", "strict", "status"), [
    (HONEST, True, Status.OK), (LARGE, False, Status.OK), (LARGE, True, Status.WRONG),
])  # fmt: skip
def test_a_champion_is_executed_in_full_where_a_candidate_is_only_timed(text, strict, status):
    written = Kernel(text, "python", "row_sum")
    found = judged_once(NkiSimulator("trn2", "m=400+n=67"), TASKS["row_sum"], written, strict=strict)
    assert found.status is status, found.feedback


def test_an_accepted_kernel_says_where_its_time_goes():
    found = judged(HONEST)
    assert "dma is the busiest engine" in found.feedback
    assert "critical path: kernel.py:10 dma_copy" in found.feedback
    facts = dict(found.metrics)
    assert facts["modelled_us"] == pytest.approx(found.cost.value * 1e6)
    assert facts["hbm_read_bytes"] == facts["hbm_compulsory_bytes"] - 20 == 5 * 67 * 4
    assert 0 < facts["dma_busy_us"] < facts["modelled_us"]
    assert {engine for engine, *_ in found.timeline} == {"dma", "vector"}
    assert all(0 <= start < end <= found.cost.value for _, _, start, end in found.timeline)


def test_a_crash_is_told_from_the_kernels_own_line_on():
    found = judged(in_body("raise ValueError('no good')"))
    assert 'File "kernel.py", line 6, in row_sum' in found.feedback
    assert "raise ValueError('no good')" in found.feedback
    assert "tracer.py" not in found.feedback


def test_a_kernel_without_imports_has_the_usual_names():
    text = HONEST.replace("import nki.language as nl, nki.isa as nisa\n", "")
    assert judged(text.replace("m, n = x.shape", "m, n = (int(np.int64(s)) for s in x.shape)")).status is Status.OK


def test_a_refused_kernel_keeps_its_reason():
    found = judged(in_body("return x"))
    assert "busiest" not in found.feedback
    assert found.timeline == ()


@pytest.mark.parametrize("text", ["m", "m=0", "m=x", "=3"])
def test_sizes_are_written_as_pairs(text):
    with pytest.raises(UsageError):
        NkiSimulator("trn2", text)
    assert sizes_in("m=2+n=3") == {"m": 2, "n": 3}
