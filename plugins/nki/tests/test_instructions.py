"""Every instruction against a NumPy golden."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
from nki_kernels import nisa, nl, normal, through

from accelcore_nki import NkiError, simulate
from accelcore_nki.execute import threads
from accelcore_nki.operators import ACTIVATIONS

A, B = normal(128, 96), normal(128, 96)
COLUMN = normal(128, 1)
POSITIVE = np.abs(A) + np.float32(0.1)


def close(have, want, tolerance=1e-5):
    np.testing.assert_allclose(have, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("op", "golden"),
    [
        (nl.add, np.add), (nl.subtract, np.subtract), (nl.multiply, np.multiply), (nl.divide, np.divide),
        (nl.maximum, np.maximum), (nl.minimum, np.minimum), (nl.greater, np.greater), (np.less_equal, np.less_equal),
        (nl.not_equal, np.not_equal), (nl.logical_and, np.logical_and), (nl.power, None),
    ],
)  # fmt: skip
def test_tensor_tensor(op, golden):
    a = POSITIVE if golden is None else A
    close(through(lambda d, x, y: nisa.tensor_tensor(d, x, y, op), a, B), (golden or np.power)(a, B))


def test_integers_of_32_bits_are_exact_and_wrap():
    a = np.array([[2**30 + 1, -(2**31)]], np.int32)
    b = np.array([[5, -1]], np.int32)
    have = through(lambda d, x, y: nisa.tensor_tensor(d, x, y, nl.add), a, b, dtype="int32")
    assert have.tolist() == [[2**30 + 6, 2**31 - 1]]


@pytest.mark.parametrize("op", ["bitwise_and", "bitwise_or", "bitwise_xor"])
def test_bits(op):
    a, b = (np.random.default_rng(1).integers(0, 2**15, (4, 32)).astype(np.int32) for _ in range(2))
    have = through(lambda d, x, y: nisa.tensor_tensor(d, x, y, getattr(nl, op)), a, b, dtype="int32")
    assert (have == getattr(np, op)(a, b)).all()


def test_shifts_of_negative_numbers():
    a = np.array([[-8, 8]], np.int32)
    right = through(lambda d, x: nisa.tensor_scalar(d, x, nl.right_shift, 1), a, dtype="int32")
    arithmetic = through(lambda d, x: nisa.tensor_scalar(d, x, nl.arithmetic_shift_right, 1), a, dtype="int32")
    assert right.tolist() == [[2**31 - 4, 4]]
    assert arithmetic.tolist() == [[-4, 4]]


def test_tensor_scalar_forms():
    close(through(lambda d, x: nisa.tensor_scalar(d, x, nl.multiply, 2.0, op1=nl.add, operand1=1.0), A), A * 2 + 1)
    close(through(lambda d, x: nisa.tensor_scalar(d, x, nl.subtract, 3.0, reverse0=True), A), 3 - A)
    close(
        through(lambda d, x, c: nisa.tensor_scalar(d, x, nl.add, c, op1=nl.divide, operand1=2.0), A, COLUMN),
        (A + COLUMN) / 2,
    )
    close(through(lambda d, x: nisa.tensor_scalar(d, x, nl.rsqrt, None), POSITIVE), 1 / np.sqrt(POSITIVE))


def test_scalar_tensor_tensor():
    have = through(lambda d, x, y, c: nisa.scalar_tensor_tensor(d, x, nl.subtract, c, nl.multiply, y), A, B, COLUMN)
    close(have, (A - COLUMN) * B)
    have = through(
        lambda d, x, y: nisa.scalar_tensor_tensor(d, x, nl.multiply, 2.0, nl.subtract, y, reverse1=True), A, B
    )
    close(have, B - 2 * A)


@pytest.mark.parametrize(
    ("op", "golden"), [(nl.add, np.sum), (nl.max, np.max), (np.min, np.min), (nl.multiply, np.prod)]
)
def test_tensor_reduce(op, golden):
    close(
        through(lambda d, x: nisa.tensor_reduce(d, op, x, axis=1), A[:, :8], shape=(128, 1)),
        golden(A[:, :8], axis=1, keepdims=True),
    )


def test_tensor_reduce_of_two_axes_negated():
    data = normal(16, 3, 4, 5)
    have = through(lambda d, x: nisa.tensor_reduce(d, nl.add, x, axis=(2, 3), negate=True), data, shape=(16, 3))
    close(have, -data.sum(axis=(2, 3)))


def test_tensor_partition_reduce():
    close(
        through(lambda d, x: nisa.tensor_partition_reduce(d, nl.add, x), A, shape=(1, 96)),
        A.sum(0, keepdims=True),
        1e-4,
    )


def test_tensor_scalar_reduce_over_two_tiles():
    def body(dst, x):
        scratch = nl.ndarray((128, 48), dtype=nl.float32, buffer=nl.sbuf)
        nisa.tensor_scalar_reduce(scratch, x[:, :48], nl.multiply, 2.0, nl.add, dst)
        nisa.tensor_scalar_reduce(scratch, x[:, 48:], nl.multiply, 2.0, nl.add, dst, reduce_cmd=nisa.reduce_cmd.reduce)

    close(through(body, A, shape=(128, 1)), 2 * A.sum(1, keepdims=True), 1e-4)


def test_tensor_tensor_scan():
    state, want = np.zeros(128, np.float32), np.empty_like(A)
    for j in range(96):
        state = A[:, j] * state + B[:, j]
        want[:, j] = state
    close(through(lambda d, x, y: nisa.tensor_tensor_scan(d, x, y, 0.0, nl.multiply, nl.add), A, B), want)
    with_start = through(lambda d, x, y, c: nisa.tensor_tensor_scan(d, x, y, c, nl.multiply, nl.add), A, B, COLUMN)
    close(with_start[:, 0], A[:, 0] * COLUMN[:, 0] + B[:, 0])


def test_tensor_scalar_cumulative():
    close(
        through(lambda d, x: nisa.tensor_scalar_cumulative(d, x, nl.multiply, nl.add, 2.0), A),
        np.cumsum(2 * A, axis=1),
        1e-4,
    )
    have = through(
        lambda d, x: nisa.tensor_scalar_cumulative(
            d, x, nl.add, nl.maximum, 0.0, 1.5, reduce_cmd=nisa.reduce_cmd.load_reduce
        ),
        A,
    )
    close(have, np.maximum.accumulate(np.maximum(A, 1.5), axis=1))


GOLDEN = {
    "exp": np.exp, "tanh": np.tanh, "square": np.square, "relu": lambda x: np.maximum(x, 0), "copy": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "silu": lambda x: x / (1 + np.exp(-x)), "sign": np.sign, "abs": np.abs,
    "gelu": lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2, "erf": np.vectorize(math.erf),
    "sin": np.sin, "cos": np.cos, "arctan": np.arctan, "softplus": lambda x: np.log1p(np.exp(x)),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "gelu_apprx_sigmoid": lambda x: x / (1 + np.exp(-1.702 * x)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_activation(name):
    close(through(lambda d, x: nisa.activation(d, getattr(nl, name), x), A), GOLDEN[name](A.astype(np.float64)))


@pytest.mark.parametrize("name", ["log", "sqrt", "rsqrt", "reciprocal"])
def test_activation_of_positive_numbers(name):
    golden = {"log": np.log, "sqrt": np.sqrt, "rsqrt": lambda x: x**-0.5, "reciprocal": lambda x: 1 / x}[name]
    close(through(lambda d, x: nisa.activation(d, getattr(nl, name), x), POSITIVE), golden(POSITIVE))


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh", "erf"])
def test_derivatives_agree_with_differences(name):
    step = 1e-2
    up, down = (through(lambda d, x: nisa.activation(d, name, x), A + s) for s in (step, -step))
    close(through(lambda d, x: nisa.activation(d, f"{name}_dx", x), A), (up - down) / (2 * step), 1e-3)


def test_every_activation_has_a_meaning():
    for name in ACTIVATIONS:
        assert np.isfinite(through(lambda d, x, name=name: nisa.activation(d, name, x), POSITIVE[:1])).all()


def test_activation_scale_bias_and_sum():
    def body(dst, x, c):
        scratch = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation_reduce(scratch, nl.exp, x, nl.add, dst, bias=c, scale=0.5)

    close(through(body, A, COLUMN, shape=(128, 1)), np.exp(A * 0.5 + COLUMN).sum(1, keepdims=True), 1e-4)


def test_activation_registers_carry_over():
    def body(dst, x):
        scratch = nl.ndarray((128, 48), dtype=nl.float32, buffer=nl.sbuf)
        command = nisa.reduce_cmd
        nisa.activation(scratch, nl.copy, x[:, :48], reduce_op=nl.add, reduce_cmd=command.reset_reduce)
        nisa.activation(scratch, nl.copy, x[:, 48:], reduce_op=nl.add, reduce_res=dst, reduce_cmd=command.reduce)

    close(through(body, A, shape=(128, 1)), A.sum(1, keepdims=True), 1e-4)


def test_exponential_on_the_vector_engine():
    have = through(lambda d, x, c: nisa.exponential(d, x, c), A, COLUMN, target="trn3")
    close(have, np.exp(A - COLUMN))


def test_reciprocal():
    close(through(lambda d, x: nisa.reciprocal(d, x), POSITIVE), 1 / POSITIVE)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float8_e5m2"])
def test_matmul(kind):
    held = A.astype(getattr(ml_dtypes, kind, np.float32)) if kind != "float32" else A
    other = B.astype(held.dtype)

    def kernel(x, y):
        out = nl.ndarray((96, 96), dtype=nl.float32, buffer=nl.shared_hbm)
        acc = nl.ndarray((96, 96), dtype=nl.float32, buffer=nl.psum)
        for half in range(2):
            rows = nl.ds(64 * half, 64)
            nisa.nc_matmul(acc, nl.load(x[rows]), nl.load(y[rows]))
        nl.store(out, acc)
        return out

    close(simulate(kernel)(held, other), held.astype(np.float32).T @ other.astype(np.float32), 1e-4)


def test_matmul_accumulate_false_overwrites():
    def kernel(x, y):
        out = nl.ndarray((96, 96), dtype=nl.float32, buffer=nl.shared_hbm)
        acc = nl.ndarray((96, 96), dtype=nl.float32, buffer=nl.psum)
        left, right = nl.load(x), nl.load(y)
        nisa.nc_matmul(acc, right, right)
        nisa.nc_matmul(acc, left, right, accumulate=False)
        nisa.nc_matmul(acc, left, right, accumulate=True)
        nl.store(out, acc)
        return out

    close(simulate(kernel)(A, B), 2 * A.T @ B, 1e-4)


def test_double_row_contracts_twice_the_rows():
    x = normal(64, 2, 32).astype(ml_dtypes.float8_e5m2)

    def kernel(x):
        out = nl.ndarray((32, 32), dtype=nl.float32, buffer=nl.shared_hbm)
        acc = nl.ndarray((32, 32), dtype=nl.float32, buffer=nl.psum)
        tile = nl.load(x)
        nisa.nc_matmul(acc, tile, tile, perf_mode=nisa.matmul_perf_mode.double_row)
        nl.store(out, acc)
        return out

    flat = x.astype(np.float32).reshape(128, 32)
    close(simulate(kernel)(x), flat.T @ flat, 1e-4)


@pytest.mark.parametrize("edge", [32, 128])
def test_nc_transpose(edge):
    data = normal(edge, edge)

    def kernel(x):
        out = nl.ndarray((edge, edge), dtype=nl.float32, buffer=nl.shared_hbm)
        turned = nl.ndarray((edge, edge), dtype=nl.float32, buffer=nl.psum if edge > 32 else nl.sbuf)
        nisa.nc_transpose(turned, nl.load(x))
        nl.store(out, turned)
        return out

    assert (simulate(kernel)(data) == data.T).all()


def test_dma_transpose_of_three_axes():
    data = normal(4, 3, 16)
    have = through(lambda d, x: nisa.dma_transpose(d, x, axes=(2, 1, 0)), data, shape=(16, 3, 4))
    assert (have == data.transpose(2, 1, 0)).all()


def test_dma_compute():
    close(through(lambda d, x, y: nisa.dma_compute(d, [x, y], nl.add, scales=[1.0, 1.0]), A, B), A + B)


def test_iota_and_affine_select():
    have = through(
        lambda d: nisa.iota(d, [[10, 3], [1, 4]], offset=5, channel_multiplier=100), shape=(8, 12), dtype="int32"
    )
    p, y, x = np.ogrid[:8, :3, :4]
    assert (have == (5 + 100 * p + 10 * y + x).reshape(8, 12)).all()

    def causal(dst, x):
        nisa.affine_select(dst, [[-1, 96]], 1, x, -1e9, cmp_op=nl.greater_equal)

    row, column = np.ogrid[:128, :96]
    close(through(causal, A), np.where(row >= column, A, np.float32(-1e9)))


def test_copies_and_fills():
    assert (through(lambda d, x: nisa.tensor_copy(d, x, engine=nisa.engine.gpsimd), A) == A).all()
    assert (through(lambda d: nisa.memset(d, 7), shape=(128, 4), dtype="int32") == 7).all()
    mask = (A > 0).astype(np.uint8)
    close(through(lambda d, x, m: nisa.tensor_copy_predicated(d, x, m), A, mask, init=-3.0), np.where(A > 0, A, -3.0))
    close(
        through(
            lambda d, m: nisa.tensor_copy_predicated(d, 2.0, m, reverse_pred=True), mask, dtype="float32", init=1.0
        ),
        np.where(A > 0, 1.0, 2.0),
    )


def test_stream_shuffle():
    mask = [(p + 1) % 32 for p in range(31)] + [255]
    have = through(lambda d, x: nisa.nc_stream_shuffle(d, x, mask), A, init=0.0)
    want = np.zeros_like(A).reshape(4, 32, 96)
    want[:, :31] = A.reshape(4, 32, 96)[:, 1:]
    assert (have == want.reshape(128, 96)).all()


def test_gathers():
    index = np.random.default_rng(3).integers(0, 96, (128, 5)).astype(np.uint32)
    have = through(lambda d, x, i: nisa.nc_n_gather(d, x, i), A, index, shape=(128, 5))
    assert (have == np.take_along_axis(A, index.astype(int), 1)).all()
    picks = np.random.default_rng(4).integers(0, 24, (32, 2)).astype(np.uint16)
    data = normal(32, 96)
    have = through(lambda d, x, i: nisa.local_gather(d, x, i, num_elem_per_idx=4), data, picks, shape=(32, 128))
    for core in range(2):
        rows = slice(16 * core, 16 * core + 16)
        flat = picks[rows].T.reshape(-1).astype(int)
        columns = (flat[:, None] * 4 + np.arange(4)).reshape(-1)
        assert (have[rows] == data[rows][:, columns]).all()


def test_indirect_dma_gathers_and_scatters_rows():
    table, index = normal(50, 16), np.random.default_rng(5).permutation(50)[:8].astype(np.uint32).reshape(8, 1)

    def kernel(table, index):
        rows = nl.load(index)
        tile = nl.ndarray((8, 16), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(tile, table.ap([[16, 8], [1, 16]], vector_offset=rows, indirect_dim=0))
        nisa.tensor_scalar(tile, tile, nl.multiply, 2.0)
        nisa.dma_copy(table.ap([[16, 8], [1, 16]], vector_offset=rows, indirect_dim=0), tile)
        out = nl.ndarray((50, 16), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(out, table)
        return out

    want = table.copy()
    want[index[:, 0]] *= 2
    close(simulate(kernel)(table.copy(), index), want)


def test_scattered_rows_count_as_written():
    index = np.array([[2], [0], [3], [1]], np.uint32)
    data = normal(4, 8)

    def kernel(x, index):
        out = nl.ndarray((4, 8), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(out.ap([[8, 4], [1, 8]], vector_offset=nl.load(index), indirect_dim=0), nl.load(x))
        return out

    want = np.empty_like(data)
    want[index[:, 0]] = data
    assert (simulate(kernel)(data, index) == want).all()
    with pytest.raises(NkiError, match="never written"):
        simulate(kernel)(data, np.minimum(index, 2))


def test_statistics():
    def body(dst, x):
        stats = nl.ndarray((128, 2, 6), dtype=nl.float32, buffer=nl.sbuf)
        for half in range(2):
            nisa.bn_stats(stats[:, half, :], x[:, half * 48 : half * 48 + 47 + half])
        nisa.bn_aggr(dst, stats)

    used = np.delete(A, 47, axis=1)
    close(through(body, A, shape=(128, 2)), np.stack([used.mean(1), used.var(1)], 1), 1e-4)


def test_selections():
    low, high = np.full((128, 1), 10, np.float32), np.full((128, 1), 50, np.float32)
    have = through(
        lambda d, x, a, b: nisa.range_select(d, x, nl.greater_equal, nl.less, a, b, range_start=5), A, low, high
    )
    position = np.arange(96) + 5
    close(have, np.where((position >= 10) & (position < 50), A, np.float32(-3.4028235e38)))
    mask = (B > 0).astype(np.uint8)

    def selected(dst, x, m, c):
        scratch = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.sbuf)
        nisa.select_reduce(scratch, m, x, c, reduce_res=dst, reduce_cmd=nisa.reduce_cmd.reset_reduce)

    have = through(selected, A, mask, COLUMN, shape=(128, 1))
    close(have, np.where(B > 0, A, COLUMN).max(1, keepdims=True))


def test_searches():
    top = -np.sort(-A, axis=1)[:, :8]
    assert (through(lambda d, x: nisa.max8(d, x), A, shape=(128, 8)) == top).all()
    found = through(lambda d, x, v: nisa.nc_find_index8(d, x, v), A, top, shape=(128, 8), dtype="uint32")
    assert (np.take_along_axis(A, found.astype(int), 1) == top).all()
    rest = through(lambda d, x, v: nisa.nc_match_replace8(d, x, v, -1e9), A, top)
    assert ((rest == -1e9).sum(1) == 8).all()
    assert (rest.max(1) == -np.sort(-A, axis=1)[:, 8]).all()


def test_equal_values_are_found_at_successive_positions():
    data = np.zeros((1, 8), np.float32)
    found = through(lambda d, x, v: nisa.nc_find_index8(d, x, v), data, data, shape=(1, 8), dtype="uint32")
    assert found.tolist() == [list(range(8))]


def test_registers_drive_loops_and_addresses():
    def kernel(count, data):
        register = nisa.register_alloc()
        nisa.register_load(register, nl.load(count))
        total = nl.zeros((1, 4), dtype=nl.float32)
        for step in nl.dynamic_range(register):
            row = nisa.register_alloc(step)
            tile = nl.ndarray((1, 4), dtype=nl.float32, buffer=nl.sbuf)
            nisa.dma_copy(tile, data.ap([[4, 1], [1, 4]], scalar_offset=row, indirect_dim=0))
            nisa.tensor_tensor(total, total, tile, nl.add)
        out = nl.ndarray((1, 4), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(out, total)
        return out

    data = normal(9, 4)
    close(simulate(kernel)(np.array([[5]], np.int32), data), data[:5].sum(0, keepdims=True))


def test_a_while_loop_on_a_register():
    def kernel(count):
        register, cell = nisa.register_alloc(), nl.load(count)
        nisa.register_load(register, cell)
        steps = nl.zeros((1, 1), dtype=nl.int32)
        while register:
            nisa.tensor_scalar(steps, steps, nl.add, 1.0)
            nisa.tensor_scalar(cell, cell, nl.subtract, 1.0)
            nisa.register_load(register, cell)
        out = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
        nisa.dma_copy(out, steps)
        nisa.register_store(out, register) if register else None
        return out

    assert simulate(kernel)(np.array([[4]], np.int32)).tolist() == [[4]]


def test_casts():
    values = np.array([[0.5, 1.5, 2.5, -0.5, 300.0, -300.0, np.nan]], np.float32)
    have = through(lambda d, x: nisa.tensor_copy(d, x), values, dtype="int8")
    assert have.tolist() == [[0, 2, 2, 0, 127, -128, 0]]
    rounded = through(lambda d, x: nisa.tensor_copy(d, x), A, dtype="bfloat16")
    assert (rounded == A.astype(ml_dtypes.bfloat16)).all()
    tf32 = through(lambda d, x: nisa.tensor_copy(d, x), A, dtype="tfloat32")
    assert (tf32.view(np.uint32) & 0x1FFF == 0).all()
    close(tf32, A, 1e-3)


def test_products_use_one_thread_and_leave_the_setting_as_it_was():
    controls = threads._controls()
    if controls is None:
        pytest.skip("this NumPy's library of products has no setting that is known")
    before = controls[0]()
    with pytest.raises(ZeroDivisionError), threads.one_thread():
        assert controls[0]() == 1
        _ = 1 / 0
    assert controls[0]() == before


def test_without_a_setting_the_block_runs_as_it_is(monkeypatch):
    monkeypatch.setattr(threads, "_controls", lambda: None)
    ran = []
    with threads.one_thread():
        ran.append("block")
    assert ran == ["block"]
