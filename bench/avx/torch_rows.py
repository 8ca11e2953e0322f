"""The kernels of the table in torch, with `out=` where it has one.

Each takes the arguments and the result as arrays and gives a call without arguments; tensors share their memory.
What torch can only return, it allocates anew in every call: libraries.py is started so that the C library keeps freed
memory, in huge pages, and no call pays for faults.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from racing import Array, Call, array
from torch import Tensor

aten = torch.ops.aten
T = torch.from_numpy


def _of(shape: tuple[int, ...], dtype: str = "f4") -> Tensor:
    return T(array(shape, dtype))


def _copied(out: Array, make: Callable[[], Tensor]) -> Call:
    """What has no `out=`: the result stays where torch puts it, and is copied once so that it can be checked."""
    np.copyto(out, make().numpy(), casting="unsafe")
    return make


def softmax(x: Array, *, out: Array) -> Call:
    a, o = T(x), T(out)
    return lambda: torch.softmax(a, 1, out=o)


def rmsnorm(x: Array, w: Array, *, out: Array) -> Call:
    a, b = T(x), T(w)
    return _copied(out, lambda: F.rms_norm(a, b.shape, b, 1e-5))


def residual_rmsnorm(x: Array, y: Array, w: Array, *, out: Array) -> Call:
    a, b, c = T(x), T(y), T(w)
    total = _of(x.shape)
    return _copied(out, lambda: F.rms_norm(torch.add(a, b, out=total), c.shape, c, 1e-5))


def layernorm(x: Array, w: Array, b: Array, *, out: Array) -> Call:
    a, weight, bias, o = T(x), T(w), T(b), T(out)
    mean, rstd = _of((len(x), 1)), _of((len(x), 1))
    return lambda: aten.native_layer_norm.out(a, weight.shape, weight, bias, 1e-5, out0=o, out1=mean, out2=rstd)


def logsumexp(x: Array, *, out: Array) -> Call:
    a, o = T(x), T(out)
    return lambda: torch.logsumexp(a, 1, out=o)


def transpose(x: Array, *, out: Array) -> Call:
    a, o = T(x).t(), T(out)
    return lambda: o.copy_(a)


def overlay(base: Array, active: Array, *, out: Array) -> Call:
    a, b, o = T(base), T(active), T(out)
    x, y, low, high = (_of(base.shape, "i4") for _ in range(4))
    dark = _of(base.shape, "?")

    def run() -> None:
        torch.mul(x.copy_(a), y.copy_(b), out=low).mul_(2).floor_divide_(255)
        torch.mul(x.neg_().add_(255), y.neg_().add_(255), out=high).mul_(2).floor_divide_(255).neg_().add_(255)
        torch.lt(a, 128, out=dark)
        o.copy_(torch.where(dark, low, high, out=low))

    return run


def overlay_f32(base: Array, active: Array, *, out: Array) -> Call:
    a, b, o = T(base), T(active), T(out)
    low, rest, dark = _of(base.shape), _of(base.shape), _of(base.shape, "?")

    def run() -> None:
        torch.mul(a, b, out=low).mul_(2)
        torch.neg(a, out=rest).add_(1)
        torch.neg(b, out=o).add_(1).mul_(rest).mul_(-2).add_(1)
        torch.lt(a, 0.5, out=dark)
        torch.where(dark, low, o, out=o)

    return run


def multiply(base: Array, active: Array, *, out: Array) -> Call:
    a, b, o = T(base), T(active), T(out)
    wide = _of(base.shape, "i4")

    def run() -> None:
        wide.copy_(a)
        o.copy_(wide.mul_(b).floor_divide_(255))

    return run


def darken(base: Array, active: Array, *, out: Array) -> Call:
    a, b, o = T(base), T(active), T(out)
    return lambda: torch.minimum(a, b, out=o)


def five_loops(x: Array, y: Array, *, out: Array) -> Call:
    a, b, o = T(x), T(y), T(out)

    def run() -> None:
        torch.sub(a, b, out=o)
        torch.square(o, out=o)
        torch.add(a, o, alpha=0.5, out=o).relu_()

    return run


def saxpy(a: float, x: Array, y: Array, *, out: Array) -> Call:
    b, c, o = T(x), T(y), T(out)
    return lambda: torch.add(c, b, alpha=a, out=o)


def dot(x: Array, y: Array, *, out: Array) -> Call:
    a, b, o = T(x), T(y), T(out)
    return lambda: torch.dot(a, b, out=o)


def argmax(x: Array, *, out: Array) -> Call:
    a, places, o = T(x), _of((len(x),), "i8"), T(out)
    return lambda: o.copy_(torch.argmax(a, 1, out=places))


def prefix_sum(x: Array, *, out: Array) -> Call:
    a, o = T(x), T(out)
    return lambda: torch.cumsum(a, 0, out=o)


def histogram(x: Array, *, out: Array) -> Call:
    a, o = T(x), T(out)
    return lambda: o.copy_(torch.bincount(a, minlength=256))


def sgemm(a: Array, b: Array, *, out: Array) -> Call:
    left, right, o = T(a), T(b), T(out)
    return lambda: torch.mm(left, right, out=o)


def gemv(a: Array, x: Array, *, out: Array) -> Call:
    left, right, o = T(a), T(x), T(out)
    return lambda: torch.mv(left, right, out=o)


def gemm_u8s8(a: Array, b: Array, *, out: Array) -> Call:
    left, right, o = T(a), T(b), T(out)
    return lambda: torch._int_mm(left, right, out=o)


def gemm_bias_gelu(a: Array, b: Array, bias: Array, *, out: Array) -> Call:
    left, right, c, o = T(a), T(b), T(bias), T(out)
    return lambda: aten.gelu.out(torch.addmm(c, left, right, out=o), out=o)


def conv3x3(x: Array, weight: Array, *, out: Array) -> Call:
    image = T(x).permute(2, 0, 1).unsqueeze(0)  # NCHW of strides NHWC, which is torch's channels_last
    filters = T(weight).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    result = T(out).permute(2, 0, 1).unsqueeze(0)

    def make() -> Tensor:
        return F.conv2d(image, filters)

    result.copy_(make())
    return make


def attention(q: Array, k: Array, v: Array, *, out: Array) -> Call:
    heads = [T(x)[None, None] for x in (q, k, v)]
    T(out).copy_(F.scaled_dot_product_attention(*heads, scale=0.125)[0, 0])
    return lambda: F.scaled_dot_product_attention(*heads, scale=0.125)


def swiglu(x: Array, gate: Array, up: Array, *, out: Array) -> Call:
    a, b, c, o = T(x), T(gate), T(up), T(out)
    g = _of(out.shape)

    def run() -> None:
        torch.mm(a, b, out=g)
        torch.mm(a, c, out=o)
        torch.mul(o, aten.silu.out(g, out=g), out=o)

    return run


WRITTEN = {
    write.__name__: write
    for write in (
        softmax, rmsnorm, residual_rmsnorm, layernorm, logsumexp, transpose, overlay, overlay_f32, multiply, darken,
        five_loops, saxpy, dot, argmax, prefix_sum, histogram, sgemm, gemv, gemm_u8s8, gemm_bias_gelu, conv3x3,
        attention, swiglu,
    )
}  # fmt: skip
