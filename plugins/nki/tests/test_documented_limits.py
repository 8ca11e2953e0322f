"""Limits that the API pages state of single instructions: each is kept, and each is violated here."""

from __future__ import annotations

import numpy as np
import pytest
from nki_kernels import close, nisa, nl, seeded, through, traced

from accelcore_nki import NkiError, simulate

A = seeded(64, 32)


def refused(body, *arrays, target="trn2"):
    with pytest.raises(NkiError) as error:
        traced(body, *arrays, target=target)
    return error.value.rule


def product(x, *, columns=32, **more):
    tile = nl.load(x)
    result = nl.ndarray((columns, 32), nl.float32, buffer=nl.psum)
    nisa.nc_matmul(result, tile[:, :columns], tile, **more)


@pytest.mark.parametrize("tile", [((0, 0), (64, 32)), ((64, 96), (64, 32)), ((0, 0), (128, 128)), ((0, 64), (64, 64))])
def test_products_on_a_part_of_the_array(tile):
    traced(lambda x: product(x, tile_position=tile[0], tile_size=tile[1]), A)


@pytest.mark.parametrize(
    ("tile", "target"),
    [
        (((0, 0), ()), "trn2"), (((), (64, 64)), "trn2"), (((0, 0), (48, 64)), "trn2"), (((32, 0), (64, 64)), "trn2"),
        (((128, 0), (64, 64)), "trn2"), (((0, 0), (32, 64)), "trn2"), (((0, 0), (64, 32)), "trn1"),
    ],
)  # fmt: skip
def test_parts_of_the_array_that_there_are_not(tile, target):
    assert refused(lambda x: product(x, tile_position=tile[0], tile_size=tile[1]), A, target=target) == "tiling"


def test_double_rows_use_all_columns():
    def body(x):
        tile = nl.copy(nl.load(x), dtype=nl.float8_e4m3).reshape((64, 2, 16))
        result = nl.ndarray((16, 16), nl.float32, buffer=nl.psum)
        nisa.nc_matmul(result, tile, tile, perf_mode=nisa.matmul_perf_mode.double_row, tile_position=(0, 0),
                       tile_size=(64, 64))  # fmt: skip

    assert refused(body, A) == "tiling"


@pytest.mark.parametrize(
    ("kinds", "target", "rule"),
    [(("float8_e4m3fn", "float8_e4m3fn"), "trn2", "generation"), (("float8_e4m3", "float8_e4m3fn"), "trn3", "dtype")],
)
def test_the_two_formats_of_8_bits(kinds, target, rule):
    def body(x):
        left, right = (nl.copy(nl.load(x), dtype=kind) for kind in kinds)
        nisa.nc_matmul(nl.ndarray((32, 32), nl.float32, buffer=nl.psum), left, right)

    assert refused(body, A, target=target) == rule


def gathering(x, index, rows, width, **more):
    at = nl.load(index)
    source = x.ap([[32, rows], [1, width]], vector_offset=at, indirect_dim=0)
    if more.pop("transposed", False):
        nisa.dma_transpose(nl.ndarray((width, rows), x.dtype, buffer=nl.sbuf), source, **more)
    else:
        nisa.dma_copy(nl.ndarray((rows, width), x.dtype, buffer=nl.sbuf), source, **more)


def index(rows):
    return np.zeros((rows, 1), np.uint32)


def test_hardware_makes_no_descriptors_from_indices():
    hwdge = nisa.dge_mode.hwdge
    assert refused(lambda x, i: gathering(x, i, 16, 32, dge_mode=hwdge), A, index(16)) == "dge"
    traced(lambda x, i: gathering(x, i, 16, 32), A, index(16))


@pytest.mark.parametrize(
    ("rows", "kind", "target", "rule"),
    [(16, "float32", "trn2", "shape"), (24, "float16", "trn2", "shape"), (16, "float16", "trn1", "generation")],
)
def test_gathered_rows_that_are_not_transposed(rows, kind, target, rule):
    body = lambda x, i: gathering(x, i, rows, 32, transposed=True)  # noqa: E731  # a body with its parameters
    assert refused(body, A.astype(kind), index(rows), target=target) == rule


@pytest.mark.parametrize(("shape", "kind"), [((32, 128), "float16"), ((16, 100), "float16"), ((16, 128), "float32")])
def test_what_hardware_does_not_transpose(shape, kind):
    def body(x):
        dst = nl.ndarray(shape[::-1], x.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(dst, x, dge_mode=nisa.dge_mode.hwdge)

    assert refused(body, seeded(*shape).astype(kind)) == "dge"


def test_hardware_transposes_sixteen_rows():
    def kernel(x):
        dst = nl.ndarray((128, 16), x.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(dst, x, dge_mode=nisa.dge_mode.hwdge)
        out = nl.ndarray((128, 16), x.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(out, dst)
        return out

    x = seeded(16, 128).astype(np.float16)
    close(simulate(kernel)(x), x.T)


@pytest.mark.parametrize("kind", ["int32", "uint32"])
def test_running_operations_do_not_take_words(kind):
    with pytest.raises(NkiError, match="dtype"):
        through(lambda d, x: nisa.tensor_scalar_cumulative(d, x, nl.add, nl.add, 0.0), A.astype(kind), dtype=kind)


def selecting(x, low, high, *, op=nl.less, kind=None):
    tile = nl.copy(nl.load(x), dtype=kind) if kind else nl.load(x)
    nisa.range_select(nl.ndarray(x.shape, nl.float32, buffer=nl.sbuf), tile, nl.greater_equal, op, nl.load(low),
                      nl.load(high))  # fmt: skip


def test_ranges_by_order_of_floats():
    bound = np.zeros((64, 1), np.float32)
    traced(selecting, A, bound, bound)
    assert refused(lambda *a: selecting(*a, op=nl.not_equal), A, bound, bound) == "operator"
    assert refused(lambda *a: selecting(*a, kind=nl.int16), A, bound, bound) == "dtype"


def test_words_are_not_selected():
    def body(x):
        tile = nl.copy(nl.load(x), dtype=nl.int32)
        test = nl.copy(nl.load(x), dtype=nl.uint8)
        nisa.select_reduce(nl.ndarray(x.shape, nl.int32, buffer=nl.sbuf), test, tile, 0.0)

    assert refused(body, A) == "dtype"


def test_bounds_of_sequences_are_words():
    def body(x):
        tile = nl.copy(nl.load(x), dtype=nl.int16)
        nisa.sequence_bounds(nl.ndarray((1, 2, 32), nl.int16, buffer=nl.sbuf), tile)

    assert refused(body, A[:1]) == "dtype"
