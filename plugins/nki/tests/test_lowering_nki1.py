"""The source for NKI 1: side by side with that for NKI 2, judged like it, and searched like it.

That both give the same on all shapes is checked for every kernel that the other tests of the lowering run
(`nki_lowering.run`).
"""

import ast
import os
from pathlib import Path

import pytest

from accelcore.errors import UnsupportedLowering, UsageError
from accelcore.pipeline.benches import judged_once
from accelcore.testing import small_tasks
from accelcore.values import Kernel, Limits, Status
from accelcore_nki.lowering import kernel
from accelcore_nki.moves import rewrite
from accelcore_nki.nki1.source import first_generation
from accelcore_nki.target import NkiSimulator, NkiTarget

GOLDEN = Path(__file__).parent / "golden"
TASKS = {small.name: small.task for small in small_tasks()}
FIRST = NkiTarget(surface=1)


@pytest.mark.parametrize(
    ("name", "schedule"), [("softmax", ("rows(whole)", "fuse(all)")), ("matmul", ("hoist(both)",))]
)
def test_the_two_sources_side_by_side(name, schedule):
    text = kernel(TASKS[name], ("surface(1)", *schedule)).text
    path = GOLDEN / f"{name}.first.py.txt"
    if os.environ.get("ACCELCORE_UPDATE"):
        path.write_text(text)
    assert text == path.read_text(), "ACCELCORE_UPDATE=1 records the new text"


@pytest.mark.parametrize("name", ["elementwise", "softmax", "matmul", "transpose", "conv1d"])
@pytest.mark.parametrize("target", [FIRST, NkiTarget()], ids=["first", "second"])
def test_seeds_of_both_generations_are_judged_ok(target, name):
    seed = target.lower(TASKS[name])
    assert ("neuronxcc" in seed.text) == (target is FIRST)
    found = judged_once(NkiSimulator(), TASKS[name], seed, strict=False, limits=Limits(seconds=60.0))
    assert found.status is Status.OK, found.log


BY_HAND = """
import neuronxcc.nki as nki, neuronxcc.nki.language as nl, neuronxcc.nki.isa as nisa

@nki.jit
def row_sum(x):
    m, n = x.shape
    out = nl.ndarray((m,), dtype=nl.float32, buffer=nl.shared_hbm)
    for p in nl.affine_range((m + 127) // 128):
        i_p, i_f, i_one = nl.arange(128)[:, None], nl.arange(n)[None, :], nl.arange(1)[None, :]
        inside = p * 128 + i_p < m
        tile = nl.load(x[p * 128 + i_p, i_f], mask=inside)
        {body}
        total = nl.sum(tile, axis=1, keepdims=True, mask=inside)
        nl.store(out[p * 128 + i_p + 0 * i_one], total, mask=inside)
    return out
"""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", Status.OK),
        ("tile = nl.add(tile, 1.0, mask=inside)", Status.WRONG),
        ("tile = nl.floor(tile, mask=inside)", Status.UNSUPPORTED),
        ("tile = nl.multiply(tile, 1.0, mask=inside & (i_p + i_f > 2))", Status.UNSUPPORTED),
        ("tile = nisa.affine_select(pred=i_p >= 0 * i_f, on_true_tile=tile, on_false_value=0.0, mask=inside)",
         Status.UNSUPPORTED),
        ("while True: pass", Status.TIMEOUT),
        ("nl.summ(tile)", Status.UNSUPPORTED),
        ("import numpy as np; tile = np.asarray(tile)", Status.COMPILE_ERROR),
    ],
)  # fmt: skip
def test_kernels_of_nki_1_by_hand_are_judged(body, status):
    written = Kernel(BY_HAND.format(body=body), "python", "row_sum")
    limits = Limits(seconds=3.0 if status is Status.TIMEOUT else 60.0)
    found = judged_once(NkiSimulator(), TASKS["row_sum"], written, strict=False, limits=limits)
    assert found.status is status, found.log
    assert status is not Status.UNSUPPORTED or "not judged" in found.feedback or "nearest: sum" in found.feedback


def test_moves_stay_in_the_generation():
    seed = FIRST.lower(TASKS["softmax"])
    moves = FIRST.moves(TASKS["softmax"], seed)
    assert moves
    (faster,) = rewrite(moves[0], TASKS["softmax"], seed)
    assert "neuronxcc" in faster.text and faster.schedule[0] == "surface(1)"


def test_tiles_in_turns_are_left_to_the_compiler_of_nki_1():
    alone, turned = (kernel(TASKS["softmax"], ("surface(1)", *more)).text for more in ((), ("pipeline(4)",)))
    assert alone.partition("\n")[2] == turned.partition("\n")[2]
    text = kernel(TASKS["softmax"], ("pipeline(4)",)).text
    with pytest.raises(UnsupportedLowering, match="in turns"):
        first_generation(text)


def test_no_such_generation():
    with pytest.raises(UsageError, match="no NKI 3"):
        NkiTarget(surface=3)


LOOPS = """
def on_chip(rows, columns):
    return nl.ndarray((rows, columns), dtype=nl.float32, buffer=nl.sbuf)

def kernel(x):
    total = on_chip(128, 8)
    sums = nl.ndarray((128, 8), dtype=nl.float32, buffer=nl.psum)
    for i in range(8):
        tile = on_chip(128, 8)
        nisa.dma_copy(dst=tile, src=x.ap([[8, 128], [1, 8]], i * 1024))
        {body}
"""


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("nisa.nc_matmul(total[0:64, 0:8], tile, tile)", "used again"),
        ("nisa.nc_matmul(sums, tile, tile, accumulate=i > 0)", "added to what is there"),
        ("nisa.max8(total, tile)", "nisa.max8"),
        ("nisa.iota(total, [[1, 2], [1, 4]], 0, 0)", "several axes"),
        ("yield", "in turns"),
    ],
)
def test_what_has_no_source_for_nki_1_is_refused(body, why):
    with pytest.raises(UnsupportedLowering, match=why):
        first_generation(LOOPS.format(body=body))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("nisa.dma_copy(dst=x.ap([[8, 128], [1, 8]], i * 1024), src=tile)", "affine"),
        ("nisa.tensor_tensor(total, total, tile, nl.add)", "sequential"),
        ("nisa.nc_matmul(sums, tile, tile)", "sequential"),
        ("nisa.nc_matmul(sums[0:8, 0:8], tile, tile)", "sequential"),
        ("nisa.activation(tile, nl.exp, tile, reduce_op=nl.add, reduce_res=total)", "sequential"),
        ("held[i] = tile", "static"),
        ("n = min(8, 60 - i)", "static"),
        ("nisa.tensor_copy(tile, total[0:128, i:i + 8])", "static"),
        ("for j in range(i):\n            nisa.memset(tile, 0.0)", "static"),
        ("if i:\n            nisa.memset(tile, 0.0)", "static"),
        ("at = 2 * i\n        other = on_chip(at + 1, 8)", "static"),
    ],
)
def test_loops_are_symbolic_where_nothing_needs_their_variable(body, kind):
    text = first_generation(LOOPS.format(body=body))
    loop = next(n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.For) and getattr(n.target, "id", "") == "i")
    assert loop.iter.func.attr == f"{kind}_range"
