"""Each rule of the chip, broken by a kernel that the checks must refuse with that rule's name."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import nisa, nl, traced

from accelcore_nki import NkiError, Shape, simulate, trace
from accelcore_nki.nki1 import isa as first_isa
from accelcore_nki.nki1 import language as first_language
from accelcore_nki.occupancy import occupancy


def new(*shape, dtype="float32", buffer="sbuf", address=None):
    return nl.ndarray(shape, dtype=dtype, buffer=buffer, address=address)


def set_(*shape, **options):
    tile = new(*shape, **options)
    nisa.memset(tile, 0)
    return tile


def matmul(
    *, left=(128, 64), right=(128, 64), out=(64, 64), kind="float32", kinds=None, buffer="psum", result="float32"
):
    kinds = kinds or (kind, kind)
    nisa.nc_matmul(new(*out, buffer=buffer, dtype=result), set_(*left, dtype=kinds[0]), set_(*right, dtype=kinds[1]))


def hbm(*shape, dtype="float32"):
    return nl.ndarray(shape, dtype=dtype, buffer=nl.hbm)


def pair(**options):
    return set_(8, 8, **options), set_(8, 8, **options)


def column(*shape, **options):
    return set_(*shape, **options)


def tensor_scalar(op0=nl.add, operand0=1.0, dtype="float32", **options):
    nisa.tensor_scalar(set_(8, 8, dtype=dtype), set_(8, 8, dtype=dtype), op0, operand0, **options)


def live_at_once():
    tiles = [set_(128, 16384) for _ in range(4)]
    total = new(128, 16384)
    for tile in tiles:
        nisa.tensor_copy(total, tile)


def overlapping():
    a, b = set_(32, 64, address=(0, 0)), set_(32, 64, address=(0, 128))
    nisa.tensor_tensor(new(32, 64), a, b, nl.add)


ENGINE = nisa.engine
BROKEN = {
    "shape": [
        lambda: nisa.tensor_copy(new(8, 8), set_(8, 9)),
        lambda: nisa.tensor_tensor(new(8, 8), *pair()[:1], set_(4, 8), nl.add),
        lambda: new(0, 4),
        lambda: new(4, -1),
        lambda: matmul(right=(64, 64)),
        lambda: matmul(out=(64, 32)),
        lambda: nisa.dma_copy(new(8, 8), set_(8, 4)),
        lambda: nisa.tensor_reduce(new(8, 2), nl.add, set_(8, 8), 1),
        lambda: nisa.bn_stats(new(8, 5), set_(8, 8)),
        lambda: nisa.bn_aggr(new(8, 2), set_(8, 8)),
        lambda: nisa.max8(new(8, 7), set_(8, 16)),
        lambda: nisa.iota(new(8, 8), [[1, 7]]),
        lambda: nisa.nc_transpose(new(8, 8, buffer="psum"), set_(16, 8)),
        lambda: nisa.tensor_partition_reduce(new(8, 8), nl.add, set_(8, 8)),
        lambda: nisa.activation(new(8, 8), nl.exp, set_(8, 8), bias=column(4, 1)),
        lambda: nisa.dma_transpose(new(8, 8), set_(4, 8)),
        lambda: nisa.register_load(nisa.register_alloc(), set_(2, 1)),
        lambda: nisa.dma_compute(new(8, 8), [set_(8, 4)], nl.add),
        lambda: nisa.local_gather(new(32, 9), set_(32, 8), set_(32, 1, dtype="uint16")),
        lambda: hbm(8, 8).ap([[8, 8], [1, 8]], vector_offset=set_(4, 1, dtype="uint32")),
    ],
    "buffer": [
        lambda: nisa.tensor_copy(new(8, 8), hbm(8, 8)),
        lambda: matmul(buffer="sbuf"),
        lambda: nisa.nc_matmul(new(8, 8, buffer="psum"), set_(8, 8, buffer="psum"), set_(8, 8)),
        lambda: nisa.dma_copy(hbm(8, 8), set_(8, 8, buffer="psum")),
        lambda: new(8, 8, buffer="cache"),
        lambda: nisa.iota(new(8, 8, buffer="psum"), [[1, 8]]),
        lambda: nisa.nc_transpose(set_(8, 8), set_(8, 8, buffer="psum"), engine=ENGINE.tensor),
        lambda: set_(8, 8).ap([[8, 8], [1, 8]], vector_offset=set_(8, 1, dtype="uint32")),
    ],
    "engine": [
        lambda: nisa.tensor_copy(new(8, 8), set_(8, 8, buffer="psum"), engine=ENGINE.gpsimd),
        lambda: nisa.tensor_tensor(new(8, 8), *pair(), nl.add, engine=ENGINE.scalar),
        lambda: tensor_scalar(nl.subtract, engine=ENGINE.scalar),
        lambda: nisa.memset(new(8, 8), 0, engine=ENGINE.tensor),
        lambda: tensor_scalar(nl.bitwise_and, 1, "int32", engine=ENGINE.gpsimd),
    ],
    "partitions": [lambda: new(129, 4)],
    "partition-start": [
        lambda: nisa.tensor_copy(new(8, 8), set_(128, 8)[8:16]),
        lambda: nisa.tensor_copy(new(64, 8), set_(128, 8)[32:96]),
        lambda: nisa.tensor_copy(new(65, 8), set_(128, 8)[63:128]),
        lambda: set_(64, 8, address=(96, 0)),
    ],
    "partition-stride": [lambda: nisa.tensor_copy(new(8, 8), set_(16, 8)[::2])],
    "psum-ports": [
        lambda: nisa.tensor_tensor(new(8, 8), *pair(buffer="psum"), nl.add),
        lambda: nisa.tensor_tensor_scan(new(8, 8), *pair(buffer="psum"), 0.0, nl.multiply, nl.add),
        lambda: nisa.scalar_tensor_tensor(
            new(8, 8), pair(buffer="psum")[0], nl.add, 1.0, nl.add, pair(buffer="psum")[1]
        ),
    ],
    "psum-bank": [
        lambda: nisa.nc_matmul(new(64, 1024, buffer="psum")[:, 256:768], set_(128, 64), set_(128, 512)),
    ],
    "tile-size": [
        lambda: matmul(left=(128, 129), out=(128, 64)),
        lambda: matmul(right=(128, 513), out=(64, 513)),
        lambda: nisa.nc_transpose(new(8, 64), set_(64, 8), engine=ENGINE.vector),
        lambda: nisa.bn_stats(new(8, 6), set_(8, 513)),
        lambda: nisa.max8(new(8, 8), set_(8, 7)),
    ],
    "dtype": [
        lambda: matmul(kind="int32"),
        lambda: matmul(kinds=("float32", "bfloat16")),
        lambda: matmul(result="bfloat16"),
        lambda: nisa.tensor_tensor(new(8, 8), *pair(), nl.bitwise_and),
        lambda: new(8, 8, dtype="float64"),
        lambda: new(8, 8, dtype="quaternion"),
        lambda: nisa.memset(new(8, 8, dtype="int32"), 0.5),
        lambda: nisa.tensor_copy_predicated(set_(8, 8), set_(8, 8), set_(8, 8)),
        lambda: nisa.tensor_copy_predicated(set_(8, 8), set_(8, 8, dtype="bfloat16"), set_(8, 8, dtype="uint8")),
        lambda: nisa.nc_transpose(new(8, 8, buffer="psum"), set_(8, 8, dtype="bfloat16")),
        lambda: tensor_scalar(operand0=column(8, 1, dtype="bfloat16")),
        lambda: nisa.activation(new(8, 8), nl.exp, set_(8, 8), scale=column(8, 1, dtype="bfloat16")),
        lambda: nisa.dma_copy(new(8, 8), set_(8, 8, dtype="bfloat16"), dge_mode=nisa.dge_mode.hwdge),
        lambda: nisa.dma_transpose(new(8, 8, dtype="uint8"), set_(8, 8, dtype="uint8")),
        lambda: nisa.nc_n_gather(new(8, 8), set_(8, 8), set_(8, 8, dtype="int32")),
        lambda: nisa.nc_find_index8(new(8, 8), set_(8, 8), set_(8, 8)),
        lambda: nisa.select_reduce(new(8, 8), set_(8, 8), set_(8, 8), 0.0),
    ],
    "operator": [
        lambda: tensor_scalar(nl.exp),
        lambda: nisa.activation(new(8, 8), nl.add, set_(8, 8)),
        lambda: tensor_scalar(nl.bitwise_and, 1, "int32", op1=nl.add, operand1=1),
        lambda: nisa.activation_reduce(new(8, 8), nl.exp, set_(8, 8), nl.maximum, new(8, 1)),
        lambda: nisa.dma_compute(new(8, 8), [set_(8, 8)], nl.multiply),
    ],
    "axes": [
        lambda: nisa.tensor_reduce(new(8, 8), nl.add, set_(8, 4, 8), 1),
        lambda: nisa.tensor_reduce(new(1, 8), nl.add, set_(8, 8), 0),
        lambda: nisa.dma_transpose(new(8, 8), set_(8, 8), axes=(0, 1)),
    ],
    "operand": [
        lambda: nisa.tensor_copy(new(8, 8), np.zeros((8, 8))),
        lambda: tensor_scalar(operand0=None),
        lambda: tensor_scalar(operand0="1"),
        lambda: nisa.nc_stream_shuffle(new(32, 8), set_(32, 8), [40] * 32),
        lambda: nisa.memset(new(8, 8), np.zeros(2)),
        lambda: nl.add(1, 2),
        lambda: nisa.range_select(
            new(8, 8), set_(8, 8), nl.less, nl.less, column(8, 1), column(8, 1), on_false_value=0.0
        ),
    ],
    "read-before-write": [lambda: nisa.tensor_copy(new(8, 8), new(8, 8)), lambda: bool(nisa.register_alloc())],
    "uninitialised": [lambda: _half_written(), lambda: _chosen_elements()],
    "capacity": [lambda: new(8, 1 << 17), lambda: new(8, 1 << 13, buffer="psum"), live_at_once],
    "overlap": [overlapping],
    "address": [lambda: set_(32, 64, address=(0, 1 << 20)), lambda: set_(32, 64, buffer="psum", address=(0, 100))],
    "usage": [lambda: _two_offsets()],
    "psum-accumulate": [lambda: _added_to_a_fill()],
    "host-read": [
        lambda: bool(set_(8, 8)),
        lambda: bool(nl.equal(set_(8, 8), set_(8, 8))),
        lambda: set_(8, 8) == set_(8, 8),
        lambda: set_(8, 8) != set_(8, 8),
        lambda: np.asarray(set_(8, 8)),
        lambda: np.exp(set_(8, 8)),
        lambda: set_(8, 8) in [set_(8, 8)],
    ],
    "unsupported": [
        lambda: nisa.quantize_mx(new(8, 8), set_(8, 8)),
        lambda: nl.rand((8, 8)),
        lambda: nl.sort,
    ],
    "generation": [lambda: nisa.exponential(new(8, 8), set_(8, 8))],
    "bounds": [lambda: _wild_gather()],
}


def _half_written():
    tile = new(8, 8)
    nisa.memset(tile[:, :4], 0)
    nisa.tensor_copy(new(8, 8), tile)


def _chosen_elements():
    tile, mask = new(8, 8), new(8, 8, dtype="uint8")
    nisa.memset(mask[:, :4], 1)
    nisa.memset(mask[:, 4:], 0)
    nisa.tensor_copy_predicated(tile, 1.0, mask)
    nisa.tensor_copy(new(8, 4), tile[:, :4])
    nisa.tensor_copy(new(8, 4), tile[:, 4:])


def _two_offsets():
    table, rows = nl.shared_constant(np.zeros((4, 8), np.float32)), set_(2, 1, dtype="uint32")
    table.ap([[8, 2], [1, 8]], scalar_offset=nisa.register_alloc(1), vector_offset=rows, indirect_dim=0)


def _added_to_a_fill():
    total = new(8, 8, buffer="psum")
    nisa.memset(total, 1.0)
    nisa.nc_matmul(total, set_(8, 8), set_(8, 8), accumulate=True)


def _wild_gather():
    table = nl.shared_constant(np.zeros((4, 8), np.float32))
    rows = new(2, 1, dtype="uint32")
    nisa.memset(rows, 4)
    nisa.dma_copy(new(2, 8), table.ap([[8, 2], [1, 8]], vector_offset=rows, indirect_dim=0))


@pytest.mark.parametrize(
    ("rule", "body"), [(rule, body) for rule, bodies in BROKEN.items() for body in bodies],
    ids=[f"{rule}-{n}" for rule, bodies in BROKEN.items() for n in range(len(bodies))],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_by_its_name_and_line(rule, body):
    with pytest.raises(NkiError) as caught:
        traced(body)
    assert caught.value.rule == rule, str(caught.value)
    assert "test_rules.py:" in caught.value.where


def test_a_tensor_is_itself_and_none_of_anything_else():
    def body():
        tile = set_(8, 8)
        assert tile == tile and tile in [tile]
        assert tile != None and tile != 8  # noqa: E711  # what kernels write

    traced(body)


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [
        (nisa, "tensor_tensr", "tensor_tensor"), (nl, "exponent", "exp"), (nl, "ndaray", "ndarray"),
        (first_isa, "tensor_tensr", "tensor_tensor"), (first_language, "lod", "load"), (first_language, "summ", "sum"),
    ],
)  # fmt: skip
def test_the_nearest_of_what_there_is(module, name, near):
    with pytest.raises(NkiError, match=f"{name} is not simulated") as caught:
        getattr(module, name)
    assert near in caught.value.hint


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("generation", lambda: nisa.activation(new(8, 8), nl.exp, set_(8, 8), bias=1.0)),
        ("generation", lambda: nisa.tensor_copy(new(8, 8), set_(8, 8), engine=ENGINE.scalar)),
        ("generation", lambda: nisa.range_select(new(8, 8), set_(8, 8), nl.less, nl.less, column(8, 1), column(8, 1))),
        ("generation", lambda: nisa.dma_copy(new(8, 8), set_(8, 8), dge_mode=nisa.dge_mode.hwdge)),
    ],
)
def test_what_only_newer_chips_have(rule, body):
    with pytest.raises(NkiError) as caught:
        traced(body, target="trn1")
    assert caught.value.rule == rule
    traced(body, target="trn2")


def test_newer_chips_allow_more():
    traced(lambda: matmul(right=(128, 1024), out=(64, 1024)), target="trn3")
    traced(lambda: matmul(kind="bfloat16", result="bfloat16"), target="trn3")
    traced(lambda: nisa.exponential(new(8, 8), set_(8, 8)), target="trn3")


def test_results_live_in_shared_hbm_and_are_written():
    def kernel(buffer, part):
        tile = nl.zeros((8, 8), dtype=nl.float32)
        out = nl.ndarray((8, 8), dtype=nl.float32, buffer=buffer)
        if part:
            nisa.dma_copy(out[:part], tile[:part])
        return out

    for buffer, part, rule in (
        ("sbuf", 8, "output-buffer"), ("private_hbm", 8, "output-buffer"), ("shared_hbm", 0, "output-not-written"),
        ("shared_hbm", 4, "output-not-written"),
    ):  # fmt: skip
        with pytest.raises(NkiError) as caught:
            simulate(kernel)(buffer, part)
        assert caught.value.rule == rule


def test_outside_a_kernel_instructions_say_so():
    with pytest.raises(NkiError) as caught:
        nl.ndarray((1, 1), dtype=nl.float32)
    assert caught.value.rule == "outside-kernel"


def test_a_loop_on_a_register_needs_data():
    def kernel(x):
        register = nisa.register_alloc(3)
        for _ in nl.dynamic_range(register):  # a constant is known
            pass
        nisa.register_load(register, nl.load(x)[0:1, 0:1])
        for _ in nl.dynamic_range(register):
            pass

    with pytest.raises(NkiError) as caught:
        trace(kernel, Shape((8, 8)))
    assert caught.value.rule == "needs-data"


def test_memory_is_reused_only_after_its_last_reader():
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        for column in range(0, x.shape[1], 8192):
            part = nl.ds(column, 8192)
            nl.store(out[:, part], nl.exp(nl.load(x[:, part])))
        return out

    (program,) = trace(kernel, Shape((128, 8192 * 16)))
    found = occupancy(program)
    assert found.sbuf_peak <= program.generation.usable
    for a in found.placements.values():
        for b in found.placements.values():
            if a.storage is not b.storage and a.first <= b.last and b.first <= a.last:
                assert a.end <= b.start or b.end <= a.start


def test_an_error_survives_pickling_and_shows_its_parts():
    import pickle

    with pytest.raises(NkiError) as caught:
        traced(lambda: nisa.tensor_copy(new(8, 8), set_(8, 9)))
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert "[shape]" in str(again)
    assert "operand:" in str(again)


def test_float8_values_are_held_in_their_type():
    data = np.linspace(-4, 4, 64, dtype=np.float32).reshape(8, 8).astype(ml_dtypes.float8_e4m3)

    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, nl.load(x))
        return out

    have = simulate(kernel)(data)
    assert have.dtype == data.dtype
    assert (have == data).all()
