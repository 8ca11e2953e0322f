import math
import numpy as np
import nki
import nki.language as nl
import nki.isa as nisa


def _statistics(tile, p, f):
    """Mean and variance [P, 2] of a tile of any width, by chunks of bn_stats."""
    limit = nl.tile_size.bn_stats_fmax
    chunks = math.ceil(f / limit)
    size = math.ceil(f / chunks)
    stats = nl.ndarray((p, chunks, 6), dtype=nl.float32, buffer=nl.sbuf)
    for c in nl.static_range(chunks):
        begin, end = c * size, min((c + 1) * size, f)
        nisa.bn_stats(dst=stats[:, c, :], data=tile[:, begin:end])
    found = nl.ndarray((p, 2), dtype=nl.float32, buffer=nl.sbuf)
    nisa.bn_aggr(dst=found, data=stats)
    return found


@nki.jit
def layer_norm(x, gamma, beta, epsilon=1e-5):
    n, f = x.shape
    out = nl.ndarray((n, f), dtype=x.dtype, buffer=nl.shared_hbm)
    shift = nl.ndarray((128, f), dtype=nl.float32, buffer=nl.sbuf)
    scale = nl.ndarray((128, f), dtype=nl.float32, buffer=nl.sbuf)
    for vector, place in ((gamma, scale), (beta, shift)):
        nisa.dma_copy(dst=place, src=vector.reshape((1, f)).broadcast(0, 128))
    eps = nl.ndarray((128, 1), dtype=nl.float32, buffer=nl.sbuf)
    nisa.memset(dst=eps, value=epsilon)
    for t in range(math.ceil(n / 128)):
        p = min(128, n - t * 128)
        tile = nl.ndarray((p, f), dtype=nl.float32, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=x[nl.ds(t * 128, p), :])
        found = _statistics(tile, p, f)
        mean, inverse = found[:, 0:1], nl.ndarray((p, 1), dtype=nl.float32, buffer=nl.sbuf)
        nisa.activation(dst=inverse, op=nl.rsqrt, data=found[:, 1:2], bias=eps[:p], scale=1.0)
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.subtract, operand0=mean, op1=nl.multiply, operand1=inverse)
        nisa.tensor_tensor(dst=tile, data1=tile, data2=scale[0:p], op=nl.multiply)
        nisa.tensor_tensor(dst=tile, data1=tile, data2=shift[0:p], op=nl.add)
        nisa.dma_copy(dst=out[nl.ds(t * 128, p), :], src=tile)
    return out


@nki.jit
def group_norm(x, groups: int):
    """x [B, C, L] with C channels in groups; a group's channels and positions in one partition."""
    b, c, l = x.shape
    assert c % groups == 0
    each = c // groups * l
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    flat, result = x.reshape((b * groups, each)), out.reshape((b * groups, each))
    tile = nl.ndarray((b * groups, each), dtype=nl.float32, buffer=nl.sbuf)
    nisa.dma_copy(dst=tile, src=flat)
    found = _statistics(tile, b * groups, each)
    nisa.tensor_scalar(
        dst=found[:, 1:2],
        data=found[:, 1:2],
        op0=nl.add,
        operand0=1e-5,
        op1=nl.pow if hasattr(nl, "pow") else nl.power,
        operand1=-0.5,
    )
    nisa.tensor_scalar(tile, tile, op0=nl.subtract, operand0=found[:, 0], op1=nl.multiply, operand1=found[:, 1])
    nisa.dma_copy(dst=result, src=tile)
    return out


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    x = rng.normal(3, 2, (150, 1300)).astype(np.float32)
    g, b = rng.normal(size=(2, 1300)).astype(np.float32)
    want = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) * g + b
    np.testing.assert_allclose(layer_norm(x, g, b), want, rtol=1e-3, atol=1e-3)
    y = rng.normal(size=(4, 12, 50)).astype(np.float32)
    z = y.reshape(4, 3, -1)
    want = ((z - z.mean(-1, keepdims=True)) / np.sqrt(z.var(-1, keepdims=True) + 1e-5)).reshape(y.shape)
    np.testing.assert_allclose(group_norm(y, 3), want, rtol=1e-3, atol=1e-4)
    print("norms agree")
