"""Views, allocation, functions that return tiles, grids, the installed surface."""

from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
from nki_kernels import nisa, nl, normal, through, traced

import accelcore_nki
from accelcore_nki import Shape, run, simulate, trace

DATA = normal(16, 4, 6)


def viewed(view, shape):
    return through(lambda d, x: nisa.tensor_copy(d, view(x)), DATA, shape=shape)


@pytest.mark.parametrize(
    ("view", "golden"),
    [
        (lambda x: x[:, 1:3, ::2], lambda a: a[:, 1:3, ::2]),
        (lambda x: x[..., 2], lambda a: a[..., 2]),
        (lambda x: x.permute((0, 2, 1)), lambda a: a.transpose(0, 2, 1)),
        (lambda x: x.reshape((16, 24)), lambda a: a.reshape(16, 24)),
        (lambda x: x.reshape(16, 2, -1), lambda a: a.reshape(16, 2, 12)),
        (lambda x: x[:, :, 0:4].reshape((16, 4, 2, 2)), lambda a: a[:, :, :4].reshape(16, 4, 2, 2)),
        (lambda x: x.slice(2, 1, 5, 2), lambda a: a[:, :, 1:5:2]),
        (lambda x: x.select(1, 3), lambda a: a[:, 3]),
        (lambda x: x.expand_dim(1).squeeze_dim(1), lambda a: a),
        (lambda x: x[:, :, 0:1].broadcast(2, 5), lambda a: np.repeat(a[:, :, :1], 5, 2)),
        (lambda x: x.reshape_dim(2, (2, -1)).flatten_dims(1, 2), lambda a: a.reshape(16, 8, 3)),
        (lambda x: x.rearrange("p a (b c) -> p c (a b)", c=3),
         lambda a: a.reshape(16, 4, 2, 3).transpose(0, 3, 1, 2).reshape(16, 3, 8)),
        (lambda x: x.ap([[24, 16], [6, 4], [1, 2]], offset=3), lambda a: a[:, :, 3:5]),
        (lambda x: x[3], lambda a: a[3:4]),
    ],
)  # fmt: skip
def test_views_address_what_numpy_does(view, golden):
    want = golden(DATA)
    if want.shape[0] == 1:  # one partition may start only at a multiple of 32: DMA reaches any
        have = through(lambda d, x: nisa.dma_copy(d, view(x)), DATA, shape=want.shape)
    else:
        have = viewed(view, want.shape)
    assert (have == want).all()


def test_a_view_as_another_type_shares_the_bytes():
    have = through(lambda d, x: nisa.tensor_copy(d, x.view(nl.int32)), DATA, dtype="int32")
    assert (have == DATA.view(np.int32)).all()
    narrow = through(lambda d, x: nisa.tensor_copy(d, x.view(nl.uint8)), DATA, shape=(16, 4, 24), dtype="uint8")
    assert (narrow == DATA.view(np.uint8).reshape(16, 4, 24)).all()


def test_writing_a_view_writes_the_tensor():
    def body(dst, x):
        nisa.tensor_copy(dst[:, 0:2], x[:, 2:4])
        nisa.tensor_copy(dst[:, 2:4], x[:, 0:2])

    assert (through(body, DATA) == DATA[:, [2, 3, 0, 1]]).all()


@pytest.mark.parametrize(
    ("view", "rule"),
    [
        (lambda x: x[:, 3:5], "bounds"), (lambda x: x[:, 4], "bounds"), (lambda x: x[:, 2:2], "bounds"),
        (lambda x: x[0, 0, 0, 0], "bounds"), (lambda x: x["a"], "bounds"), (lambda x: x[:, ::-1], "bounds"),
        (lambda x: x.reshape((4, 96)), "view"), (lambda x: x.reshape((16, 5)), "view"),
        (lambda x: x.permute((1, 0, 2)), "view"), (lambda x: x.broadcast(1, 8), "view"),
        (lambda x: x.squeeze_dim(1), "view"), (lambda x: x[:, :, 0:3].flatten_dims(1, 2), "view"),
        (lambda x: x[:, :, 0:3].reshape((16, 12)), "view"), (lambda x: x.reshape_dim(1, (3, 2)), "view"),
        (lambda x: x[:, :, 0:3].view(nl.uint8).permute((0, 2, 1)).view(nl.int32), "view"),
        (lambda x: x.ap([[12, 16], [1, 12]]), "partition-stride"), (lambda x: x.ap([[24, 16], [1, 25]]), "bounds"),
        (lambda x: np.add(x, 1), "host-read"), (lambda x: bool(x), "host-read"),
        (lambda x: x.__setitem__(0, 1), "assignment"), (lambda x: x.rearrange("a b -> b a"), "view"),
    ],
)  # fmt: skip
def test_views_that_do_not_exist(view, rule):
    with pytest.raises(accelcore_nki.NkiError) as caught:
        traced(lambda x: view(nl.load(x)), DATA)
    assert caught.value.rule == rule
    assert "test_language.py:" in caught.value.where


def test_functions_that_return_tiles():
    a, b = normal(64, 32), normal(64, 32)

    def kernel(a, b):
        x, y = nl.load(a), nl.load(b)
        out = nl.ndarray(a.shape, dtype=a.dtype, buffer=nl.shared_hbm)
        nl.store(out, nl.softmax(nl.add(nl.multiply(x, 2.0), nl.exp(y)), axis=1))
        return out

    scores = 2 * a + np.exp(b)
    e = np.exp(scores - scores.max(1, keepdims=True))
    np.testing.assert_allclose(simulate(kernel)(a, b), e / e.sum(1, keepdims=True), rtol=1e-5)


def test_matmul_reductions_and_rms_norm():
    a, b, w = normal(64, 32), normal(32, 48), normal(64, 32)

    def kernel(a, b, w):
        x = nl.load(a)
        outs = [nl.ndarray(s, dtype=nl.float32, buffer=nl.shared_hbm) for s in ((64, 48), (64, 1), (64, 32))]
        nl.store(outs[0], nl.matmul(x, nl.load(b)))
        nl.store(outs[1], nl.mean(x, axis=1, keepdims=True))
        nl.store(outs[2], nl.rms_norm(x, nl.load(w), axis=1, n=32, epsilon=1e-5))
        return tuple(outs)

    product, mean, normed = simulate(kernel)(a, b, w)
    np.testing.assert_allclose(product, a @ b, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mean, a.mean(1, keepdims=True), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(normed, a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-5) * w, rtol=1e-4)


def test_instances_of_a_grid_share_the_output():
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        rows = nl.ds(nl.program_id(0) * 32, 32)
        nl.store(out[rows], nl.multiply(nl.load(x[rows]), nl.num_programs(0)))
        return out

    data = normal(64, 8)
    assert (accelcore_nki.jit(kernel)[2](data) == 2 * data).all()


def test_an_argument_that_the_kernel_writes_gets_its_new_values():
    def kernel(x):
        nisa.dma_copy(x, nl.zeros(x.shape, dtype=x.dtype))
        return x

    data = normal(8, 8)
    simulate(kernel)(data)
    assert (data == 0).all()


def test_constants():
    def kernel():
        out = nl.ndarray((4, 4), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(out, nl.shared_identity_matrix(4, dtype=nl.float32))
        return out

    assert (simulate(kernel)() == np.eye(4)).all()


def test_a_trace_holds_no_data_and_reads_no_values():
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        nl.store(out, nl.exp(nl.load(x)))
        return out

    (program,) = trace(kernel, Shape((128, 1 << 12), "bfloat16"))
    assert [i.op for i in program.instructions] == ["dma_copy", "activation", "dma_copy"]
    assert [i.engine for i in program.instructions] == ["dma", "scalar", "dma"]


def test_install_is_undone_completely():
    before = sys.modules.get("nki")
    accelcore_nki.install()
    try:
        nki = importlib.import_module("nki")
        isa = importlib.import_module("nki.isa")
        assert nki.jit is accelcore_nki.jit
        assert isa.nc_matmul is nisa.nc_matmul
        assert nki.simulate(nki.jit(platform_target="trn1")(lambda x: x))(np.ones((1, 1), np.float32)).tolist() == [
            [1.0]
        ]
    finally:
        accelcore_nki.uninstall()
    assert sys.modules.get("nki") is before


def test_numbers_of_numpy_are_as_good_as_pythons():
    def kernel(x):
        tile = nl.zeros((np.int64(8), np.int32(8)), dtype=nl.float32)
        nisa.memset(tile, np.float32(1.5))
        nisa.tensor_scalar(tile, tile, nl.multiply, np.float32(2.0), op1=nl.add, operand1=np.int32(1))
        nisa.dma_copy(x, tile)
        return x

    assert (simulate(kernel)(normal(8, 8)) == 4).all()


def test_tile_sizes_follow_the_generation(monkeypatch):
    def kernel(x):
        sizes.append(nl.tile_size.total_available_sbuf_size)
        return x

    sizes = [nl.tile_size.total_available_sbuf_size]
    for target in ("trn1", "trn3"):
        simulate(kernel, target=target)(normal(1, 1))
    assert sizes == [k * 1024 for k in (208, 176, 240)]
    assert (nl.tile_size.pmax, nl.tile_size.psum_fmax, nl.tile_size.psum_num_banks) == (128, 512, 8)
    monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", "gen2")
    assert nl.tile_size.total_available_sbuf_size == 176 * 1024
    monkeypatch.setenv("NEURON_PLATFORM_TARGET_OVERRIDE", "gen9")
    with pytest.raises(accelcore_nki.NkiError):
        simulate(kernel)(normal(1, 1))


def test_missing_names_say_what_is_near():
    for module, name, near in ((nisa, "activation_reduc", "activation_reduce"), (nl, "maximun", "maximum")):
        assert not hasattr(module, name)
        with pytest.raises(accelcore_nki.NkiError) as caught:
            getattr(module, name)
        assert near in caught.value.hint


def test_a_lenient_run_reports_what_a_strict_one_refuses():
    def kernel(x):
        tile = nl.ndarray((8, 8), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(tile[:, 0:4], x)
        out = nl.ndarray((8, 8), dtype=nl.float32, buffer=nl.shared_hbm)
        nisa.dma_copy(out, tile)
        return out

    with pytest.warns(UserWarning, match="uninitialised"):
        result = run(kernel, (normal(8, 4),), {}, strict=False)
    assert np.isnan(result.value[:, 4:]).all()
    assert "uninitialised" in result.findings[0]
    with pytest.raises(accelcore_nki.NkiError, match="nothing has written"):
        simulate(kernel)(normal(8, 4))


def test_more_functions_that_return_tiles():
    x = normal(16, 8)

    def kernel(x):
        tile = nl.load(x)
        column = nl.broadcast_to(tile[:, 0:1], shape=(16, 8))
        chosen = nl.where(nl.greater(tile, 0.0), tile, column)
        found = (chosen, nl.var(tile, axis=1), nl.negative(nl.floor(tile)), nl.add(nl.expand_dims(tile, 1), 1.0))
        outs = [nl.ndarray(t.shape, dtype=nl.float32, buffer=nl.shared_hbm) for t in found]
        for out, t in zip(outs, found, strict=True):
            nl.store(out, t)
        return tuple(outs)

    chosen, variance, floors, more = simulate(kernel)(x)
    assert (chosen == np.where(x > 0, x, x[:, :1])).all()
    np.testing.assert_allclose(variance[:, 0], x.var(1), rtol=1e-4, atol=1e-6)
    assert (floors == -np.floor(x)).all()
    np.testing.assert_allclose(more, x[:, None] + 1, rtol=1e-6)


def test_python_operators_on_tensors_are_refused():
    with pytest.raises(accelcore_nki.NkiError, match="no Python operators"):
        traced(lambda x: nl.load(x) + 1.0, DATA)
