"""What NKI 1 kernels may not do, and that every instruction is reached from both surfaces."""

from __future__ import annotations

import numpy as np
import pytest

from accelcore_nki import NkiError
from accelcore_nki.nki1 import isa as nisa
from accelcore_nki.nki1 import kernels as nki
from accelcore_nki.nki1 import language as nl

I_P, I_F = nl.arange(32)[:, None], nl.arange(16)[None, :]


def broken(body):
    """The error of a kernel whose body gets an HBM tensor [32, 16] and an SBUF tile of it."""

    def kernel(x):
        body(x, nl.load(x))
        return nl.zeros((1, 1), dtype=nl.float32, buffer=nl.shared_hbm)

    with pytest.raises(NkiError) as caught:
        nki.simulate_kernel(kernel, np.ones((32, 16), np.float32))
    return caught.value


BROKEN = {
    "bounds": [
        lambda x, t: nl.load(x[I_P + 1, I_F]), lambda x, t: nl.load(x[I_P, nl.arange(17)[None, :]]),
        lambda x, t: nl.load(x[0:40]), lambda x, t: nl.load(x[I_P, I_F, 0]), lambda x, t: x["a"],
        lambda x, t: nl.load(x[I_P + 8, I_F], mask=I_P < 30), lambda x, t: nl.exp(t[I_P, I_F * 2]),
        lambda x, t: t[4:2], lambda x, t: t[40, 0],
        lambda x, t: nl.load(x[I_P // 2, 0:16]),
    ],
    "mask": [
        lambda x, t: nl.exp(t, mask=nl.arange(7)[None, :] < 5),
        lambda x, t: nl.sum(t, axis=1, mask=I_P > I_F),
        lambda x, t: nisa.nc_matmul(t[I_P > I_F], t), lambda x, t: nl.exp(t, mask=nl.equal(t, t)),
        lambda x, t: nl.store(x, t, mask=t > 0),
    ],
    "blocks": [lambda x, t: nl.exp(nl.zeros((2, nl.par_dim(32), 16), dtype=nl.float32))],
    "axes": [lambda x, t: nl.sum(t, axis=0), lambda x, t: nisa.tensor_reduce(np.max, t, axis=[0, 1])],
    "shape": [
        lambda x, t: t + nl.load(x[:, 0:3]), lambda x, t: t.broadcast_to((32, 5)), lambda x, t: t.assert_shape((1, 2)),
        lambda x, t: nl.zeros((32, 3), dtype=nl.float32).__setitem__(Ellipsis, t),
        lambda x, t: nisa.nc_matmul(t, nl.load(x[0:8])),
    ],
    "host-read": [
        lambda x, t: np.exp(t), lambda x, t: bool(t), lambda x, t: bool(nl.equal(t, t)), lambda x, t: t == t or 1,
        lambda x, t: np.asarray(t), lambda x, t: np.add(t, [1]),
    ],
    "operand": [
        lambda x, t: nl.exp(np.ones(3)), lambda x, t: nl.equal(I_P, 3), lambda x, t: nl.equal(3, 3),
        lambda x, t: nl.multiply(t, "2"), lambda x, t: nl.add(1, 2),
        lambda x, t: nisa.iota(nl.arange(4)[None, :] ** 2, dtype=nl.int32), lambda x, t: nl.store(x, np.ones(3)),
    ],
    "assignment": [lambda x, t: t.__setitem__(0, np.ones(3))],
    "partitions": [lambda x, t: nl.load(x.reshape((512, 1))), lambda x, t: nl.ndarray((200, 4), dtype=nl.float32),
                   lambda x, t: nisa.nc_matmul(nl.zeros((32, 200), dtype=nl.float32), t)],
    "partition-start": [lambda x, t: nl.exp(t[3:7])],
    "buffer": [lambda x, t: nl.exp(x), lambda x, t: nisa.nc_matmul(nl.copy(nisa.nc_matmul(t, t)), x)],
    "tile-size": [
        lambda x, t: nisa.nc_matmul(t, nl.zeros((32, 600), dtype=nl.float32)),
        lambda x, t: nisa.bn_stats(nl.zeros((32, 600), dtype=nl.float32)),
    ],
    "psum-ports": [lambda x, t: nisa.tensor_tensor(nl.zeros((8, 8), nl.float32, buffer=nl.psum),
                                                   nl.zeros((8, 8), nl.float32, buffer=nl.psum), np.add) + 1],
    "dtype": [lambda x, t: nl.bitwise_and(t, t), lambda x, t: nl.ndarray((4, 4), dtype="complex64")],
    "unsupported": [lambda x, t: nl.rand(t), lambda x, t: nisa.dropout(t, 0.5), lambda x, t: nisa.nc_matmull],
    "read-before-write": [lambda x, t: nl.exp(nl.ndarray((4, 4), dtype=nl.float32))],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "body"), [(rule, body) for rule, bodies in BROKEN.items() for body in bodies],
    ids=[f"{rule}-{n}" for rule, bodies in BROKEN.items() for n in range(len(bodies))],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_by_its_name_and_line(rule, body):
    def used(x, t):
        body(x, t)
        nl.store(x, t)  # whatever is deferred lands before this

    error = broken(used)
    assert error.rule == rule, error
    assert "test_nki1_rules.py:" in error.where


def test_conditions_select_values_and_ask_whether_there_is_a_tile():
    @nki.jit
    def kernel(x, scale=None):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        tile = nl.load(x)
        if tile != None and scale == None:  # noqa: E711  # what kernels write
            tile = nl.where(nl.equal(tile, 1.0), tile + 2.0, nl.where(tile > 2.0, 0.0, tile))
        nl.store(out, tile)
        return out

    x = np.array([[0, 1, 2, 3]], np.float32)
    assert kernel(x).tolist() == [[0, 3, 2, 0]]


def test_results_live_in_hbm_and_names_outside_kernels_say_so():
    with pytest.raises(NkiError) as caught:
        nki.simulate_kernel(lambda x: nl.load(x), np.ones((4, 4), np.float32))
    assert caught.value.rule == "output-buffer"
    with pytest.raises(NkiError) as caught:
        nl.zeros((4, 4), dtype=nl.float32)
    assert caught.value.rule == "outside-kernel"


def test_what_does_not_fit_is_spilled_not_refused():
    @nki.jit
    def kernel(x):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        tiles = [nl.load(x) * float(n) for n in range(40)]
        total = nl.zeros(x.shape, dtype=x.dtype)
        for tile in tiles:
            total += tile
        nl.store(out, total)
        return out

    x = np.ones((128, 2048), np.float32)
    assert (kernel(x) == sum(range(40))).all()
