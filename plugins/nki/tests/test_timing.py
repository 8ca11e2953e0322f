"""The timing model: its invariants, what it must see, and the feedback made from it."""

from __future__ import annotations

import json
from dataclasses import fields

import numpy as np
import pytest
from nki_kernels import nisa, nl

from accelcore_nki import Shape, trace
from accelcore_nki.feedback import chrome_trace, feedback
from accelcore_nki.timing import modelled
from accelcore_nki.timing.constants import CONSTANTS, Constant
from accelcore_nki.timing.costs import cost, runs


def matmul(left, right):
    """Hoisted loads of the left columns, the right tile in the inner loop."""
    depth, rows = left.shape
    columns = right.shape[1]
    out = nl.ndarray((rows, columns), dtype=left.dtype, buffer=nl.shared_hbm)
    for m in range(rows // 128):
        tiles = [nl.load(left[k * 128 : k * 128 + 128, m * 128 : m * 128 + 128]) for k in range(depth // 128)]
        for n in range(columns // 512):
            acc = nl.ndarray((128, 512), dtype=nl.float32, buffer=nl.psum)
            for k, tile in enumerate(tiles):
                nisa.nc_matmul(acc, tile, nl.load(right[k * 128 : k * 128 + 128, n * 512 : n * 512 + 512]))
            nl.store(out[m * 128 : m * 128 + 128, n * 512 : n * 512 + 512], acc)
    return out


def elementwise(x, *, width):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    for start in range(0, x.shape[1], width):
        part = nl.ds(start, width)
        nl.store(out[:, part], nl.exp(nl.load(x[:, part])))
    return out


def timeline(kernel, *shapes, target="trn2", **options):
    return modelled(trace(kernel, *shapes, target=target, **options)[0])


def first_cost(body, target="trn2"):
    def kernel(x):
        body(nl.load(x))

    program = trace(kernel, Shape((128, 512), "bfloat16"), target=target)[0]
    return cost(program.instructions[-1], CONSTANTS[target])


@pytest.mark.parametrize("target", ["trn1", "trn2", "trn3"])
def test_a_schedule_respects_queues_and_data(target):
    found = timeline(matmul, Shape((512, 256)), Shape((512, 1024)), target=target)
    last = {}
    for n, i in enumerate(found.program.instructions):
        if i.engine != "dma":
            assert found.start[n] >= last.get(i.engine, 0.0)
            last[i.engine] = found.start[n] + found.costs[n].busy
    writer = {}
    for n, i in enumerate(found.program.instructions):
        for view in i.src:
            if view.storage.on_chip and view.storage.index in writer:
                before = writer[view.storage.index]
                assert found.start[n] >= found.start[before] + found.costs[before].busy
        for view in i.dst:
            writer[view.storage.index] = n
    assert found.total >= max(found.busy(e) for e in ("tensor", "vector", "dma"))


def test_the_same_program_takes_the_same_time():
    one, two = (timeline(matmul, Shape((256, 256)), Shape((256, 512))) for _ in range(2))
    assert (one.start, one.finish) == (two.start, two.finish)


def test_a_product_takes_the_documented_cycles():
    found = timeline(matmul, Shape((512, 128)), Shape((512, 512)))
    assert found.busy("tensor") == pytest.approx(4 * 4 * 512 / 2.4)
    narrow = timeline(matmul, Shape((512, 128), "bfloat16"), Shape((512, 512), "bfloat16"))
    assert narrow.busy("tensor") == pytest.approx(4 * 512 / 2.4)


def test_overlap_hides_the_cheaper_engine():
    found = timeline(elementwise, Shape((128, 1 << 16)), width=4096)
    bound = max(found.busy(e) for e in ("dma", "scalar"))
    assert found.total - found.launch < 1.3 * bound


def test_one_buffer_makes_the_load_wait_for_its_reader():
    def kernel(x, *, buffers):
        tiles = [nl.ndarray((128, 2048), dtype=x.dtype, buffer=nl.sbuf) for _ in range(buffers)]
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        for n in range(x.shape[1] // 2048):
            part, tile = nl.ds(n * 2048, 2048), tiles[n % buffers]
            nisa.dma_copy(tile, x[:, part])
            nisa.activation(tile, nl.exp, tile)
            nisa.dma_copy(out[:, part], tile)
        return out

    single, double, many = (timeline(kernel, Shape((128, 1 << 16)), buffers=n).total for n in (1, 2, 8))
    assert single > 1.2 * double > double > many


def test_small_transfers_cost_their_issue_interval():
    small, large = (timeline(elementwise, Shape((128, 1 << 14)), width=w).total for w in (64, 4096))
    assert small > 4 * large


def test_ports_are_shared_only_on_the_oldest_chip():
    def kernel(x):
        one, two = nl.load(x), nl.load(x)
        for _ in range(50):
            nisa.tensor_scalar(one, one, nl.multiply, 2.0)
            nisa.tensor_scalar(two, two, nl.multiply, 2.0, engine=nisa.engine.gpsimd)

    kinds = {t: set(timeline(kernel, Shape((128, 512)), target=t).kind) for t in ("trn1", "trn2")}
    assert "port" in kinds["trn1"]
    assert "port" not in kinds["trn2"]


@pytest.mark.parametrize(
    ("body", "cycles", "ghz"),
    [
        (lambda x: nisa.tensor_copy(nl.ndarray(x.shape, dtype=nl.bfloat16), x), 512 / 4, 0.96),
        (lambda x: nisa.tensor_copy(nl.ndarray(x.shape, dtype=nl.float32), x), 512, 0.96),
        (lambda x: nisa.activation(nl.ndarray(x.shape, dtype=nl.float32), nl.exp, x), 512, 1.2),
        (lambda x: nisa.activation(nl.ndarray((128, 8), dtype=nl.float32), nl.exp, x[:, :8]), 64, 1.2),
        (lambda x: nisa.tensor_tensor(nl.ndarray(x.shape, dtype=nl.bfloat16), x, x, nl.add), 512 / 2, 0.96),
        (lambda x: nisa.tensor_tensor(nl.ndarray(x.shape, dtype=nl.float32), x, x, nl.maximum), 1024, 0.96),
        (lambda x: nisa.iota(nl.ndarray((128, 512), dtype=nl.int32), [[1, 512]]), 662, 1.2),
    ],
)
def test_published_costs(body, cycles, ghz):
    assert first_cost(body).busy == pytest.approx(cycles / ghz)


def test_runs_of_contiguous_elements():
    seen = {}

    def kernel(x):
        seen.update(whole=runs(x), columns=runs(x[:, 0:8]), rows=runs(x[0:4]), strided=runs(x[:, ::2]))
        seen["tile"] = runs(nl.load(x))

    trace(kernel, Shape((128, 16)))
    assert seen == {"whole": 1, "columns": 128, "rows": 1, "strided": 1024, "tile": 128}


def test_every_constant_says_where_it_comes_from():
    for constants in CONSTANTS.values():
        for entry in fields(constants):
            value = getattr(constants, entry.name)
            assert isinstance(value, Constant)
            assert value.origin in ("documented", "fitted", "guessed")
            assert value.source
            assert value.unit


def test_feedback_counts_traffic_and_names_lines():
    found = feedback(timeline(matmul, Shape((512, 256)), Shape((512, 1024))))
    numbers = json.loads(json.dumps(found.numbers))
    assert numbers["dma"]["read"] == 4 * (512 * 256 + 2 * 512 * 1024)
    assert numbers["dma"]["written"] == 4 * 256 * 1024
    assert numbers["dma"]["compulsory"] == 4 * (512 * 256 + 512 * 1024 + 256 * 1024)
    assert numbers["roofline"]["flops"] == 2 * 512 * 256 * 1024
    assert numbers["lines"][0]["line"].rsplit(":", 1)[0].endswith("test_timing.py")
    assert 0 < numbers["memory"]["sbuf_peak"] <= numbers["memory"]["sbuf_limit"]
    assert "modelled" in found.text
    assert "not measured" in found.text


def test_the_critical_path_adds_up_to_the_time():
    line = timeline(matmul, Shape((256, 256)), Shape((256, 1024)))
    path = feedback(line).numbers["critical_path"]
    assert sum(step["us"] for step in path) <= (line.total - line.launch) / 1000 * (1 + 1e-9)
    assert path[-1]["op"] == "dma_copy"


def test_a_chrome_trace_has_every_instruction_on_its_engine():
    line = timeline(elementwise, Shape((128, 4096)), width=1024)
    events = json.loads(json.dumps(chrome_trace(line)))["traceEvents"]
    work = [e for e in events if e["ph"] == "X"]
    assert len(work) == len(line.program.instructions)
    assert all(e["dur"] > 0 for e in work)
    names = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert [names[e["tid"]] for e in work] == [i.engine for i in line.program.instructions]


def test_an_empty_program_takes_its_launch():
    def kernel():
        return nl.shared_constant(np.ones((1, 1), np.float32))

    line = timeline(kernel)
    assert line.total == line.launch
    assert feedback(line).numbers["critical_path"] == []
