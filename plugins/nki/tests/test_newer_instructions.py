"""Instructions and forms of NKI 0.2 to 0.7 that the others do not cover: goldens and what each refuses."""

from __future__ import annotations

import numpy as np
import pytest
from nki_kernels import close, nisa, nl, normal, seeded, sigmoid, through, traced

from accelcore_nki import NkiError, simulate

A = normal(64, 40)
COLUMN = normal(64, 1)
STEPS = {
    ("multiply", "add"): lambda x, a, b: x * a + b, ("multiply", "subtract"): lambda x, a, b: x * a - b,
    ("multiply", "bypass"): lambda x, a, b: x * a, ("add", "bypass"): lambda x, a, b: x + a,
    ("subtract", "bypass"): lambda x, a, b: x - a, ("bypass", "bypass"): lambda x, a, b: x,
}  # fmt: skip


@pytest.mark.parametrize("pair", sorted(STEPS))
def test_activate2_steps_then_function(pair):
    def run(dst, x):
        nisa.activate2(dst, nl.tanh, x, 2.0, 0.5, getattr(nl, pair[0], pair[0]), getattr(nl, pair[1], pair[1]))

    close(through(run, A, target="trn3"), np.tanh(STEPS[pair](A, 2.0, 0.5)))


def test_activate2_reversed_and_by_partition():
    def run(dst, x, column):
        nisa.activate2(dst, op=nl.sigmoid, data=x, imm0=column, imm1=column, op0=nl.multiply, op1=nl.subtract,
                       reverse1=True)  # fmt: skip

    close(through(run, A, COLUMN, target="trn3"), sigmoid(COLUMN - A * COLUMN))


@pytest.mark.parametrize(
    ("op", "golden"),
    [(nl.add, np.add.reduce), (nl.maximum, np.max), (nl.minimum, np.min),
     ("abs_max", lambda x, **k: np.abs(x).max(**k)), ("abs_min", lambda x, **k: np.abs(x).min(**k))],
)  # fmt: skip
def test_activate2_reduces_over_two_tiles(op, golden):
    def run(dst, x):
        other = nl.ndarray(x.shape, nl.float32, buffer=nl.sbuf)
        commands = nisa.reduce_cmd
        nisa.activate2(other, nl.copy, x, 2.0, 0, nl.multiply, nl.bypass, reduce_op=op,
                       reduce_cmd=commands.reset_reduce)  # fmt: skip
        nisa.activate2(other, nl.copy, x, 1.0, 0, nl.add, nl.bypass, reduce_op=op, reduce_res=dst,
                       reduce_cmd=commands.reduce)  # fmt: skip

    both = np.concatenate([2 * A, A + 1], axis=1)
    close(through(run, A, shape=(64, 1), target="trn3"), golden(both, axis=1)[:, None], 1e-4)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"op0": nl.add, "op1": nl.add}, "operator"), ({"op0": nl.maximum}, "operator"),
        ({"reduce_op": nl.multiply}, "operator"), ({"relu_param": 0.1}, "unsupported"), ({"imm0": "x"}, "operand"),
    ],
)  # fmt: skip
def test_what_activate2_refuses(change, rule):
    given = {"imm0": 1.0, "imm1": 0.0, "op0": nl.multiply, "op1": nl.add, **change}
    with pytest.raises(NkiError) as error:
        through(lambda d, x: nisa.activate2(d, nl.exp, x, **given), A, target="trn3")
    assert error.value.rule == rule


def test_activate2_wants_one_type_and_its_generation():
    def mixed(dst, x, column):
        narrow = nl.copy(column, dtype=nl.bfloat16)
        nisa.activate2(dst, nl.exp, x, column, narrow, nl.multiply, nl.add)

    with pytest.raises(NkiError, match="dtype"):
        through(mixed, A, COLUMN, target="trn3")
    with pytest.raises(NkiError, match="generation"):
        through(lambda d, x: nisa.activate2(d, nl.exp, x, 1.0, 0.0, nl.multiply, nl.add), A, target="trn2")


def test_activations_on_gpsimd_are_of_the_fourth_generation_and_sum_nothing():
    def run(dst, x, **more):
        nisa.activation(dst, nl.exp, x, engine=nisa.engine.gpsimd, **more)

    close(through(run, A, target="trn3"), np.exp(A), 1e-4)
    with pytest.raises(NkiError, match="generation"):
        through(run, A, target="trn2")
    with pytest.raises(NkiError, match="engine"):
        through(lambda d, x: run(d, x, reduce_cmd=nisa.reduce_cmd.reset_reduce), A, target="trn3")


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_nonzero_with_count_in_every_sixteenth_partition(dtype):
    values = (np.random.default_rng(2).random((64, 24)) > 0.6).astype(dtype)
    have = through(
        lambda d, x: nisa.nonzero_with_count(d, x, index_offset=100, padding_val=-7), values, shape=(64, 25),
        dtype="int32", init=3,
    )  # fmt: skip
    for p in range(64):
        found = np.flatnonzero(values[p]) + 100
        want = [*found, *[-7] * (24 - len(found)), len(found)] if p % 16 == 0 else [3] * 25
        assert have[p].tolist() == want


def test_nonzero_with_count_reads_only_its_partitions():
    def kernel(x):
        tile = nl.ndarray((32, 8), nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(tile[0:1], x)
        dst = nl.ndarray((32, 9), nl.int32, buffer=nl.sbuf)
        nisa.nonzero_with_count(dst, tile)
        return dst

    with pytest.raises(NkiError, match="uninitialised"):
        simulate(kernel)(np.ones((1, 8), np.float32))  # partition 16 holds nothing


@pytest.mark.parametrize(
    ("shape", "dtype", "target", "rule"),
    [((64, 24), "int32", "trn2", "shape"), ((64, 25), "float32", "trn2", "dtype"),
     ((64, 25), "int32", "trn1", "generation")],
)  # fmt: skip
def test_what_nonzero_with_count_refuses(shape, dtype, target, rule):
    with pytest.raises(NkiError) as error:
        through(nisa.nonzero_with_count, np.ones((64, 24), np.float32), shape=shape, dtype=dtype, target=target)
    assert error.value.rule == rule


def test_reciprocal_is_an_operator_of_tensor_scalar():
    def run(dst, x):
        nisa.tensor_scalar(dst, x, op0=nl.abs, operand0=None, op1=nl.reciprocal, operand1=None)

    close(through(run, A), 1 / np.abs(A), 1e-4)


def test_identity_matrices_lie_in_sbuf():
    def kernel(x):
        tile, eye = nl.load(x), nl.shared_identity_matrix(64, dtype=nl.float32)
        other = nl.ndarray((64, 64), nl.bfloat16, buffer=nl.sbuf)
        assert nl.shared_identity_matrix(64, dst=other) is other
        assert eye.buffer == nl.sbuf
        product = nl.ndarray((40, 64), nl.float32, buffer=nl.psum)
        nisa.nc_matmul(product, stationary=tile, moving=eye)
        out = nl.ndarray((40, 64), nl.float32, buffer=nl.shared_hbm)
        nl.store(out, product)
        return out

    close(simulate(kernel)(A), A.T)


def test_copies_that_add_to_what_is_there():
    def kernel(table, rows, index):
        out = nl.ndarray(table.shape, table.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(out, table)
        tile, at = nl.load(rows), nl.load(index)
        view = out.ap([[8, 16], [1, 8]], vector_offset=at, indirect_dim=0)
        nisa.dma_copy(dst=view, src=tile, dst_rmw_op=nl.add, unique_indices=False)
        return out

    table, rows = seeded(30, 8), seeded(16, 8, seed=4)
    index = np.random.default_rng(1).integers(0, 30, (16, 1)).astype(np.uint32)
    want = table.copy()
    np.add.at(want, index[:, 0], rows)
    close(simulate(kernel)(table, rows, index), want)


def test_dma_compute_reads_modifies_and_writes_rows():
    def kernel(table, rows, index):
        tile, at = nl.load(rows), nl.load(index)
        view = table.ap([[8, 16], [1, 8]], vector_offset=at, indirect_dim=0)
        nisa.dma_compute(dst=tile, srcs=[view, tile], reduce_op=nl.add)
        out = nl.ndarray(rows.shape, rows.dtype, buffer=nl.shared_hbm)
        nl.store(out, tile)
        return out

    table, rows = seeded(30, 8), seeded(16, 8, seed=4)
    index = np.random.default_rng(1).permutation(30)[:16].astype(np.uint32)[:, None]
    close(simulate(kernel)(table, rows, index), rows + table[index[:, 0]])


@pytest.mark.parametrize("columns", [1, 2])
def test_a_transposition_of_gathered_rows_takes_indices_partition_first(columns):
    count = 64 * columns

    def kernel(src, index):
        at = nl.load(index)
        dst = nl.ndarray((32, count), src.dtype, buffer=nl.sbuf)
        nisa.dma_transpose(dst, src.ap([[32, count], [1, 32]], vector_offset=at, indirect_dim=0), axes=(1, 0))
        out = nl.ndarray((32, count), src.dtype, buffer=nl.shared_hbm)
        nisa.dma_copy(out, dst)
        return out

    src = seeded(200, 32).astype(np.float16)
    index = np.random.default_rng(1).permutation(200)[:count].astype(np.uint32).reshape(64, columns)
    close(simulate(kernel)(src, index), src[index.T.reshape(-1)].T)


def test_too_few_indices_for_the_rows():
    def kernel(src, index):
        at = nl.load(index)
        return src.ap([[8, 20], [1, 8]], vector_offset=at, indirect_dim=0)

    with pytest.raises(NkiError, match="16 indices for 20 rows"):
        simulate(kernel)(seeded(30, 8), np.zeros((16, 1), np.uint32))


def test_device_print_goes_to_standard_output(capsys):
    def kernel(x):
        tile = nl.load(x)
        nl.device_print("tile", tile)
        out = nl.ndarray(x.shape, x.dtype, buffer=nl.shared_hbm)
        nl.store(out, tile)
        return out

    simulate(kernel)(np.full((1, 2), 3.0, np.float32))
    assert capsys.readouterr().out == "tile: [[3. 3.]]\n"


def test_collectives_can_be_imported_and_name_themselves_when_used():
    from accelcore_nki import surface

    collectives = surface.modules()["nki.collectives"]
    assert not hasattr(collectives, "all_reduce")
    with pytest.raises(NkiError, match="all_reduce is not simulated"):
        _ = collectives.all_reduce


@pytest.mark.parametrize(
    ("module", "name"),
    [("nki.isa", "quantize_mx"), ("nki.isa", "sendrecv"), ("nki.language", "rand"), ("neuronxcc.nki.isa", "dropout"),
     ("neuronxcc.nki.language", "all_reduce")],
)  # fmt: skip
def test_documented_functions_can_be_imported_and_name_themselves_when_called(module, name):
    from accelcore_nki import surface

    found = getattr(surface.modules()[module], name)
    with pytest.raises(NkiError, match=rf"{module}\.{name} is not simulated") as error:
        found(1, key=2)
    assert error.value.rule == "unsupported"
    assert "nearest" in error.value.hint


def test_names_of_packed_formats_are_names_only():
    def kernel(x):
        return nl.ndarray(x.shape, nl.float8_e4m3fn_x4, buffer=nl.shared_hbm)

    with pytest.raises(NkiError, match="no NKI data type"):
        simulate(kernel)(A)


@pytest.mark.parametrize(("target", "newer"), [("trn1", False), ("trn2", True), ("trn3", True)])
def test_generations_are_ordered(target, newer):
    def run(dst, x):
        nisa.tensor_copy(dst, x)
        assert (nisa.get_nc_version() >= nisa.nc_version.gen3) is newer

    through(run, A, target=target)


def test_scalars_from_memory_address_rows_and_bound_loops():
    def kernel(x, place):
        out = nl.ndarray((1, x.shape[1]), dtype=x.dtype, buffer=nl.shared_hbm)
        told = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
        cell, row = nl.load(place), nl.ndarray((1, x.shape[1]), dtype=x.dtype, buffer=nl.sbuf)
        at = nisa.scalar_load(cell)
        nisa.dma_copy(dst=row, src=x.ap([[x.shape[1], 1], [1, x.shape[1]]], scalar_offset=at, indirect_dim=0))
        nl.fori_loop(0, at, lambda i: nisa.tensor_scalar(row, row, nl.add, 1.0))
        nisa.scalar_store(cell, 3 - at * 4 + (1 << 32))
        nisa.dma_copy(dst=out, src=row)
        nisa.dma_copy(dst=told, src=cell)
        return out, told

    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    row, told = simulate(kernel)(x, np.array([[2]], np.int32))
    assert row.tolist() == [[8, 9, 10]]
    assert told.tolist() == [[-5]]


def test_scalars_are_int32():
    for body in (nisa.scalar_load, lambda cell: nisa.scalar_store(cell, 1)):
        with pytest.raises(NkiError) as caught:
            traced(lambda x, body=body: body(nl.load(x)), np.ones((1, 1), np.float32))
        assert caught.value.rule == "dtype"
