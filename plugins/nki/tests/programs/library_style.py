"""Library style: views by a helper class, an allocator of addresses, asserts, generations, sharding."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl
import nki.collectives as ncc
from nki.isa import reduce_cmd, engine, dge_mode, oob_mode, matmul_perf_mode, sendrecv, core_barrier

DTYPE_BYTES = {nl.float32: 4, nl.bfloat16: 2, nl.float16: 2, nl.int32: 4, nl.uint8: 1, nl.float8_e4m3fn_x4: 4}


def kernel_assert(cond, msg):
    assert cond, f"[KERNEL ASSERT] {msg}"


def div_ceil(a, b):
    return (a + b - 1) // b


class NormType(Enum):
    NONE = 0
    RMS = 1


class View(nl.NKIObject):
    def __init__(self, base, sizes=None, strides=None, offset=0):
        self.base = base
        self.sizes = list(sizes or base.shape)
        if strides is None:
            strides, step = [], 1
            for s in reversed(self.sizes):
                strides.insert(0, step)
                step *= s
        self.strides, self.offset = list(strides), offset

    def slice(self, dim, start, end):
        kernel_assert(end <= self.sizes[dim], "slice out of range")
        sizes = list(self.sizes)
        sizes[dim] = end - start
        return View(self.base, sizes, self.strides, self.offset + start * self.strides[dim])

    def permute(self, order):
        return View(self.base, [self.sizes[i] for i in order], [self.strides[i] for i in order], self.offset)

    def split(self, dim, inner):
        n = self.sizes[dim]
        sizes = self.sizes[:dim] + [n // inner, inner] + self.sizes[dim + 1 :]
        st = self.strides[dim]
        return View(self.base, sizes, self.strides[:dim] + [st * inner, st] + self.strides[dim + 1 :], self.offset)

    def get(self):
        return self.base.ap(pattern=[[st, n] for st, n in zip(self.strides, self.sizes)], offset=self.offset)


@dataclass
class Stack(nl.NKIObject):
    top: int = 0
    limit: int = 0
    marks: list = field(default_factory=list)

    def alloc(self, shape, dtype, name="t"):
        free = 1
        for s in shape[1:]:
            free *= s
        size = div_ceil(free * DTYPE_BYTES[dtype], 32) * 32
        kernel_assert(self.top + size <= self.limit, f"no room for {name}")
        t = nl.ndarray(shape, dtype=dtype, buffer=nl.sbuf, name=name, address=(0, self.top))
        self.top += size
        return t

    def open(self):
        self.marks.append(self.top)

    def close(self):
        self.top = self.marks.pop()


@nki.jit
def norm_qkv(hidden, weight, gamma: Optional[Any] = None, norm: NormType = NormType.NONE, eps: float = 1e-6):
    """hidden [B, S, H] -> [B, S, N]"""
    B, S, H = hidden.shape
    N = weight.shape[1]
    P = nl.tile_size.pmax
    kernel_assert(H % P == 0, "H must be a multiple of 128")
    if nisa.get_nc_version() >= nisa.nc_version.gen3:
        copy_engine = nisa.engine.scalar
    else:
        copy_engine = nisa.engine.vector
    out = nl.ndarray((B, S, N), dtype=hidden.dtype, buffer=nl.shared_hbm, name="qkv_out")
    sbm = Stack(limit=nl.tile_size.total_available_sbuf_size)
    hk = H // P
    w = sbm.alloc((P, hk, N), weight.dtype, "w")
    nisa.dma_copy(dst=w, src=View(weight).split(0, P).permute((1, 0, 2)).get())
    if norm == NormType.RMS:
        g = sbm.alloc((P, hk), nl.float32, "g")
        nisa.dma_copy(dst=g, src=View(gamma).split(0, P).permute((1, 0)).get())
        for k in range(hk):
            nisa.tensor_scalar(dst=w[:, k, :], data=w[:, k, :], op0=nl.multiply, operand0=g[:, k : k + 1])
    rows = B * S
    flat = hidden.reshape((rows, H))
    oflat = out.reshape((rows, N))
    n_prgs, prg = (nl.num_programs(axes=0), nl.program_id(axis=0)) if nl.program_ndim() != 0 else (1, 0)
    per = div_ceil(div_ceil(rows, P), n_prgs)
    for t in nl.affine_range(per):
        r0 = (prg * per + t) * P
        if r0 >= rows:
            continue
        n = min(P, rows - r0)
        sbm.open()
        x = sbm.alloc((n, H), hidden.dtype, f"x_{prg}_{t}")
        nisa.dma_copy(dst=x, src=flat[r0 : r0 + n, :])
        scale = sbm.alloc((n, 1), nl.float32, f"s_{prg}_{t}")
        if norm == NormType.RMS:
            junk = sbm.alloc((n, H), nl.float32, f"j_{prg}_{t}")
            nisa.activation(
                dst=junk, op=nl.square, data=x, reduce_op=nl.add, reduce_res=scale, reduce_cmd=reduce_cmd.reset_reduce
            )
            nisa.tensor_scalar(dst=scale, data=scale, op0=nl.multiply, operand0=1.0 / H, op1=nl.add, operand1=eps)
            nisa.activation(dst=scale, op=nl.rsqrt, data=scale, bias=None)
        else:
            nisa.memset(dst=scale, value=1.0)
        xT = sbm.alloc((P, hk, n), hidden.dtype, f"xT_{prg}_{t}")
        for k in range(hk):
            tp = nl.ndarray((P, n), dtype=hidden.dtype, buffer=nl.psum, address=(0, (k % 4) * 2048))
            nisa.nc_transpose(dst=tp, data=x[:, nl.ds(k * P, P)])
            nisa.tensor_copy(dst=xT[:, k, :], src=tp, engine=copy_engine)
        for f in range(div_ceil(N, 512)):
            w0, w1 = f * 512, min(N, (f + 1) * 512)
            acc = nl.ndarray((n, w1 - w0), dtype=nl.float32, buffer=nl.psum, address=(0, (4 + f % 4) * 2048))
            for k in range(hk):
                nisa.nc_matmul(dst=acc, stationary=xT[:, k, :], moving=w[:, k, w0:w1], accumulate=k > 0)
            o = sbm.alloc((n, w1 - w0), hidden.dtype, f"o_{prg}_{t}_{f}")
            nisa.tensor_scalar(dst=o, data=acc, op0=nl.multiply, operand0=scale)
            nisa.dma_copy(dst=oflat[r0 : r0 + n, w0:w1], src=o)
        sbm.close()
    if n_prgs > 1:
        core_barrier(out, (0, 1))
    return out


def reference(h, w, g=None):
    if g is not None:
        h = h / np.sqrt((h * h).mean(-1, keepdims=True) + 1e-6) * g
    return h @ w


rng = np.random.default_rng(0)
h, w, g = (rng.normal(size=s).astype(np.float32) for s in ((2, 150, 256), (256, 700), (256,)))
for grid in (None, 2):
    k = norm_qkv if grid is None else norm_qkv[grid]
    assert np.allclose(k(h, w), reference(h, w), atol=1e-3)
    assert np.allclose(k(h, w, gamma=g, norm=NormType.RMS), reference(h, w, g), atol=1e-3)
print("lib ok")
