"""What commands compute, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore_gemmini import CONFIGS, FENCE, Config, Machine, layout
from accelcore_gemmini.isa import GARBAGE, acc, compute, config_ex, config_ld, config_st, loop_ws, mvin, mvout, preload


def run(memory, make, config=None):
    """Run the commands that `make(addresses)` lists."""
    addresses = {b.name: b.base for b in layout(memory)}
    return Machine(config or Config(), check_unwritten=True).run(make(addresses), memory)


def random(shape, dtype=np.int8, seed=0, span=20):
    return np.random.default_rng(seed).integers(-span, span, shape).astype(dtype)


def saturated(x, scale=1.0):
    return np.clip(np.rint(x.astype(np.float32) * np.float32(scale)), -128, 127).astype(np.int8)


def product(at, *, rows=16, depth=16, cols=16, a_t=False, b_t=False, full=True, scale=1.0, activation=0):
    """C = A B through the accumulator, one block, weight stationary."""
    out_bytes = 4 if full else 1
    a_size, b_size = ((depth, rows) if a_t else (rows, depth)), ((cols, depth) if b_t else (depth, cols))
    return [
        config_ex(a_transpose=a_t, b_transpose=b_t), config_ld(a_size[1]), config_ld(b_size[1], state=1),
        config_st(cols * out_bytes, scale=scale, activation=activation),
        mvin(at["A"], 0, *a_size), mvin(at["B"], 4096, *b_size, state=1),
        preload(4096, acc(0), b_size=(depth, cols), c_size=(rows, cols)),
        compute(0, a_size=(rows, depth)), mvout(at["C"], acc(0, full=full), rows, cols), FENCE,
    ]  # fmt: skip


@pytest.mark.parametrize(("rows", "depth", "cols"), [(16, 16, 16), (5, 7, 3), (1, 16, 9), (16, 1, 1)])
def test_product(rows, depth, cols):
    memory = {"A": random((rows, depth)), "B": random((depth, cols), seed=1), "C": np.zeros((rows, cols), np.int32)}
    run(memory, lambda at: product(at, rows=rows, depth=depth, cols=cols))
    np.testing.assert_array_equal(memory["C"], memory["A"].astype(np.int32) @ memory["B"].astype(np.int32))


def test_transposed_a():
    memory = {"A": random((16, 16)), "B": random((16, 16), seed=1), "C": np.zeros((16, 16), np.int32)}
    run(memory, lambda at: product(at, a_t=True))
    np.testing.assert_array_equal(memory["C"], memory["A"].T.astype(np.int32) @ memory["B"].astype(np.int32))


def test_transposed_b():
    memory = {"A": random((16, 16)), "B": random((16, 16), seed=1), "C": np.zeros((16, 16), np.int32)}
    run(memory, lambda at: product(at, b_t=True))
    np.testing.assert_array_equal(memory["C"], memory["A"].astype(np.int32) @ memory["B"].T.astype(np.int32))


@pytest.mark.parametrize("activation", [0, 1])
def test_scaled_and_activated_store_rounds_half_to_even_and_saturates(activation):
    memory = {"A": random((16, 16), span=127), "B": random((16, 16), seed=1), "C": np.zeros((16, 16), np.int8)}
    run(memory, lambda at: product(at, full=False, scale=1 / 64, activation=activation))
    expected = saturated(memory["A"].astype(np.int32) @ memory["B"].astype(np.int32), 1 / 64)
    np.testing.assert_array_equal(memory["C"], np.maximum(expected, 0) if activation else expected)


def test_half_goes_to_the_even_neighbour():
    memory = {"A": np.arange(-8, 8, dtype=np.int8).reshape(1, 16), "C": np.zeros((1, 16), np.int8)}
    run(memory, lambda at: [
        config_ld(16, scale=0.5), config_st(16), mvin(at["A"], 0, 1, 16), mvout(at["C"], 0, 1, 16), FENCE,
    ])  # fmt: skip
    np.testing.assert_array_equal(memory["C"], np.rint(memory["A"] / 2).astype(np.int8))


def test_weights_are_kept_and_products_accumulate():
    memory = {"A": random((32, 16)), "B": random((16, 16), seed=1), "C": np.zeros((16, 16), np.int32)}
    run(memory, lambda at: [
        config_ex(), config_ld(16), config_st(64), mvin(at["A"], 0, 16, 16), mvin(at["A"] + 256, 16, 16, 16),
        mvin(at["B"], 4096, 16, 16), preload(4096, acc(0)), compute(0),
        preload(GARBAGE, acc(0, accumulate=True)), compute(16, preloaded=False),
        mvout(at["C"], acc(0, full=True), 16, 16), FENCE,
    ])  # fmt: skip
    a, b = memory["A"].astype(np.int32), memory["B"].astype(np.int32)
    np.testing.assert_array_equal(memory["C"], (a[:16] + a[16:]) @ b)


def test_bias_from_the_scratchpad_and_result_to_it():
    memory = {"A": random((16, 16)), "B": random((16, 16), seed=1), "D": random((16, 16), seed=2)}
    memory["C"] = np.zeros((16, 16), np.int8)
    run(memory, lambda at: [
        config_ex(activation=1), config_ld(16), config_st(16), mvin(at["A"], 0, 16, 16), mvin(at["B"], 4096, 16, 16),
        mvin(at["D"], 8192, 16, 16), preload(4096, 12288), compute(0, 8192), mvout(at["C"], 12288, 16, 16), FENCE,
    ])  # fmt: skip
    exact = memory["A"].astype(np.int32) @ memory["B"].astype(np.int32) + memory["D"]
    np.testing.assert_array_equal(memory["C"], np.clip(exact, 0, 127))


def test_output_stationary_chain_with_shift():
    memory = {"A": random((16, 32)), "B": random((32, 16), seed=1), "C": np.zeros((16, 16), np.int8)}
    run(memory, lambda at: [
        config_ex(weight_stationary=False, shift=3), config_ld(32), config_ld(16, state=1), config_st(16),
        mvin(at["A"], 0, 16, 32), mvin(at["B"], 4096, 16, 16, state=1), mvin(at["B"] + 256, 4112, 16, 16, state=1),
        preload(GARBAGE, GARBAGE), compute(0, 4096), preload(GARBAGE, 8192), compute(16, 4112, preloaded=False),
        mvout(at["C"], 8192, 16, 16), FENCE,
    ])  # fmt: skip
    exact = memory["A"].astype(np.int32) @ memory["B"].astype(np.int32)
    np.testing.assert_array_equal(memory["C"], saturated(exact, 1 / 8))


def test_wide_loads_and_stores_split_into_blocks():
    memory = {"A": random((16, 64)), "C": np.zeros((16, 64), np.int8)}
    run(memory, lambda at: [
        config_ld(64), config_st(64), mvin(at["A"], 32, 16, 64), mvout(at["C"], 32, 16, 64), FENCE,
    ])  # fmt: skip
    np.testing.assert_array_equal(memory["C"], memory["A"])


def test_stride_zero_repeats_one_row_and_address_zero_gives_zeros():
    memory = {"A": random((1, 16)), "C": np.full((16, 16), 9, np.int8), "Z": np.full((16, 16), 9, np.int8)}
    run(memory, lambda at: [
        config_ld(0), config_st(16), mvin(at["A"], 0, 16, 16), mvin(0, 16, 16, 16),
        mvout(at["C"], 0, 16, 16), mvout(at["Z"], 16, 16, 16), FENCE,
    ])  # fmt: skip
    np.testing.assert_array_equal(memory["C"], np.repeat(memory["A"], 16, 0))
    assert not memory["Z"].any()


def test_shrunk_loads_add_into_the_accumulator():
    memory = {"A": random((16, 16)), "B": random((16, 16), seed=3), "C": np.zeros((16, 16), np.int32)}
    run(memory, lambda at: [
        config_ld(16, shrunk=True), config_st(64), mvin(at["A"], acc(0), 16, 16),
        mvin(at["B"], acc(0, accumulate=True), 16, 16), mvout(at["C"], acc(0, full=True), 16, 16), FENCE,
    ])  # fmt: skip
    np.testing.assert_array_equal(memory["C"], memory["A"].astype(np.int32) + memory["B"])


def loop_memory(m, n, k, dtype=np.int8):
    return {
        "A": random((m, k)), "B": random((k, n), seed=1), "D": random((m, n), np.int32, seed=2, span=500),
        "C": np.zeros((m, n), dtype),
    }  # fmt: skip


@pytest.mark.parametrize(("m", "n", "k"), [(48, 32, 64), (40, 23, 50)])
def test_hardware_loop(m, n, k):
    memory = loop_memory(m, n, k)
    blocks = tuple(-(-x // 16) for x in (m, n, k))
    padding = tuple(16 * b - x for b, x in zip(blocks, (m, n, k), strict=True))
    run(memory, lambda at: [
        config_ex(), config_ld(k), config_ld(n, state=1), config_ld(4 * n, state=2), config_st(n, scale=1 / 32),
        *loop_ws(blocks, (at["A"], at["B"], at["D"], at["C"]), (k, n, n, n), padding=padding, accumulate=True),
        FENCE,
    ])  # fmt: skip
    exact = memory["A"].astype(np.int32) @ memory["B"].astype(np.int32) + memory["D"]
    np.testing.assert_array_equal(memory["C"], saturated(exact, 1 / 32))


def test_hardware_loop_adds_residuals():
    memory = {"A": random((32, 48)), "B": random((32, 48), seed=1), "C": np.zeros((32, 48), np.int8)}
    run(memory, lambda at: [
        config_ex(), config_ld(48, shrunk=True), config_ld(48, state=1, shrunk=True), config_st(48),
        *loop_ws((2, 3, 1), (at["A"], at["B"], 0, at["C"]), (48, 48, 48, 48), residual=True), FENCE,
    ])  # fmt: skip
    np.testing.assert_array_equal(memory["C"], memory["A"] + memory["B"])


def test_float_configuration():
    rng = np.random.default_rng(0)
    memory = {n: rng.standard_normal((4, 4)).astype(np.float32) for n in "AB"} | {"C": np.zeros((4, 4), np.float32)}
    size = (4, 4)
    run(memory, lambda at: [
        config_ex(), config_ld(16, block_stride=4), config_st(16), mvin(at["A"], 0, 4, 4), mvin(at["B"], 4096, 4, 4),
        preload(4096, acc(0), b_size=size, c_size=size), compute(0, a_size=size, d_size=size),
        mvout(at["C"], acc(0), 4, 4), FENCE,
    ], CONFIGS["fp32-4"])  # fmt: skip
    np.testing.assert_allclose(memory["C"], memory["A"] @ memory["B"], rtol=1e-5)
