"""The kernels of the table in Halide, scheduled by its autoschedulers and compiled ahead of time.

Every algorithm is written for the sizes of its row, so that the autoschedulers know them.  A dimension of Halide is
the innermost first: x[i][j] is x(j, i).  The compiled function is called like the kernel that it is raced against.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import halide as hl
from racing import Array, Call

SCHEDULERS = ("Adams2019", "Mullapudi2016")
Sizes = Mapping[str, int]
_TYPES = {"float32": hl.Float(32), "uint8": hl.UInt(8), "int8": hl.Int(8), "int32": hl.Int(32)}
_CODES = {"i": 0, "u": 1, "f": 2}
i, j, o, y = (hl.Var(name) for name in "ijoy")


def _over(extent: int, name: str = "r") -> Any:
    return hl.RDom([(0, extent)], name)


def _sum(*index: Any, of: Any, init: Any = 0.0) -> Any:
    """A function of the index that sums an expression over the reduction domains in it."""
    total = hl.Func("total")
    total[index or ()] = hl.f32(init) if isinstance(init, float) else init
    total[index or ()] += of
    return total


def _top(x: Any, n: int) -> Any:
    r, top = _over(n), hl.Func("top")
    top[i] = hl.f32(-3.4e38)
    top[i] = hl.max(top[i], x[r, i])
    return top


def _result(*index: Any, of: Any) -> Any:
    found = hl.Func("result")
    found[index or ()] = of
    return found


def softmax(x: Any, *, m: int, n: int) -> Any:
    top, e, r = _top(x, n), hl.Func("e"), _over(n)
    e[j, i] = hl.exp(x[j, i] - top[i])
    total = _sum(i, of=e[r, i])
    return _result(j, i, of=e[j, i] / total[i])


def _normed(x: Any, n: int) -> Any:
    r = _over(n)
    squares = _sum(i, of=x[r, i] * x[r, i])
    return x[j, i] / hl.sqrt(squares[i] / hl.f32(n) + hl.f32(1e-5))


def rmsnorm(x: Any, w: Any, *, m: int, n: int) -> Any:
    return _result(j, i, of=_normed(x, n) * w[j])


def residual_rmsnorm(x: Any, y: Any, w: Any, *, m: int, n: int) -> Any:
    total = hl.Func("both")
    total[j, i] = x[j, i] + y[j, i]
    return _result(j, i, of=_normed(total, n) * w[j])


def layernorm(x: Any, w: Any, b: Any, *, m: int, n: int) -> Any:
    r, moved = _over(n), hl.Func("moved")
    total = _sum(i, of=x[r, i])
    moved[j, i] = x[j, i] - total[i] / hl.f32(n)
    return _result(j, i, of=_normed(moved, n) * w[j] + b[j])


def logsumexp(x: Any, *, m: int, n: int) -> Any:
    top, r = _top(x, n), _over(n)
    total = _sum(i, of=hl.exp(x[r, i] - top[i]))
    return _result(i, of=top[i] + hl.log(total[i]))


def transpose(x: Any, *, m: int, n: int) -> Any:
    return _result(i, j, of=x[j, i])


def overlay(base: Any, active: Any, *, n: int) -> Any:
    a, b = hl.u32(base[i]), hl.u32(active[i])
    bright = 255 - 2 * (255 - a) * (255 - b) / 255
    return _result(i, of=hl.u8(hl.select(a < 128, 2 * a * b / 255, bright)))


def overlay_f32(base: Any, active: Any, *, n: int) -> Any:
    a, b = base[i], active[i]
    return _result(i, of=hl.select(a < 0.5, 2.0 * a * b, 1.0 - 2.0 * (1.0 - a) * (1.0 - b)))


def multiply(base: Any, active: Any, *, n: int) -> Any:
    return _result(i, of=hl.u8(hl.u16(base[i]) * hl.u16(active[i]) / 255))


def darken(base: Any, active: Any, *, n: int) -> Any:
    return _result(i, of=hl.min(base[i], active[i]))


def five_loops(x: Any, y: Any, *, n: int) -> Any:
    gap = x[i] - y[i]
    return _result(i, of=hl.max(gap * gap * 0.5 + x[i], 0.0))


def saxpy(a: Any, x: Any, y: Any, *, n: int) -> Any:
    return _result(i, of=a * x[i] + y[i])


def dot(x: Any, y: Any, *, n: int) -> Any:
    r = _over(n)
    return _sum(of=x[r] * y[r])


def argmax(x: Any, *, m: int, n: int) -> Any:
    r = _over(n)
    return _result(i, of=hl.argmax(r, x[r, i])[0])


def prefix_sum(x: Any, *, n: int) -> Any:
    r, total = hl.RDom([(1, n - 1)], "r"), hl.Func("result")
    total[i] = x[i]
    total[r.x] += total[r.x - 1]
    return total


def histogram(x: Any, *, n: int) -> Any:
    r, counts = _over(n), hl.Func("result")
    counts[i] = 0
    counts[hl.clamp(hl.i32(x[r]), 0, 255)] += 1
    return counts


def _product(a: Any, b: Any, k: int) -> Any:
    r = _over(k)
    return _sum(j, i, of=a[r, i] * b[j, r])


def sgemm(a: Any, b: Any, *, m: int, n: int, k: int) -> Any:
    return _result(j, i, of=_product(a, b, k)[j, i])


def gemv(a: Any, x: Any, *, m: int, n: int) -> Any:
    r = _over(n)
    return _result(i, of=_sum(i, of=a[r, i] * x[r])[i])


def gemm_u8s8(a: Any, b: Any, *, m: int, n: int, k: int) -> Any:
    r = _over(k)
    return _result(j, i, of=_sum(j, i, of=hl.i32(a[r, i]) * hl.i32(b[j, r]), init=hl.i32(0))[j, i])


def gemm_bias_gelu(a: Any, b: Any, bias: Any, *, m: int, n: int, k: int) -> Any:
    total = _product(a, b, k)[j, i] + bias[j]
    return _result(j, i, of=0.5 * total * (1.0 + hl.erf(total * 0.70710678)))


def conv3x3(x: Any, weight: Any, *, h: int, w: int, c: int, o: int) -> Any:
    r = hl.RDom([(0, c), (0, 3), (0, 3)], "r")
    f = hl.Var("f")
    total = _sum(f, j, i, of=x[r.x, j + r.y, i + r.z] * weight[f, r.x, r.y, r.z])
    return _result(f, j, i, of=total[f, j, i])


def attention(q: Any, k: Any, v: Any, *, m: int, n: int, d: int) -> Any:
    r, s = _over(d), _over(n, "s")
    score = _sum(j, i, of=q[r, i] * k[r, j])
    scaled = hl.Func("scaled")
    scaled[j, i] = score[j, i] * 0.125
    weight = softmax(scaled, m=m, n=n)
    return _result(j, i, of=_sum(j, i, of=weight[s, i] * v[j, s])[j, i])


def swiglu(x: Any, gate: Any, up: Any, *, m: int, n: int, k: int) -> Any:
    g, u = _product(x, gate, k), _product(x, up, k)
    return _result(j, i, of=g[j, i] / (1.0 + hl.exp(-g[j, i])) * u[j, i])


WRITTEN: dict[str, Callable[..., Any]] = {
    write.__name__: write
    for write in (
        softmax, rmsnorm, residual_rmsnorm, layernorm, logsumexp, transpose, overlay, overlay_f32, multiply, darken,
        five_loops, saxpy, dot, argmax, prefix_sum, histogram, sgemm, gemv, gemm_u8s8, gemm_bias_gelu, conv3x3,
        attention, swiglu,
    )
}  # fmt: skip


# Compiling and calling.


class Dimension(ctypes.Structure):
    """halide_dimension_t."""

    _fields_ = (
        ("min", ctypes.c_int32), ("extent", ctypes.c_int32), ("stride", ctypes.c_int32), ("flags", ctypes.c_uint32),
    )  # fmt: skip


class Buffer(ctypes.Structure):
    """halide_buffer_t, as HalideRuntime.h declares it."""

    _fields_ = (
        ("device", ctypes.c_uint64), ("device_interface", ctypes.c_void_p), ("host", ctypes.c_void_p),
        ("flags", ctypes.c_uint64), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("dimensions", ctypes.c_int32), ("dim", ctypes.POINTER(Dimension)), ("padding", ctypes.c_void_p),
    )  # fmt: skip

    @classmethod
    def of(cls, x: Array) -> Buffer:
        """A view of a contiguous array."""
        shape = x.shape[::-1]
        dims = (Dimension * len(shape))(*(Dimension(0, n, prod(shape[:at]), 0) for at, n in enumerate(shape)))
        return cls(0, None, x.ctypes.data, 0, _CODES[x.dtype.kind], 8 * x.itemsize, 1, len(shape), dims, None)


def compiled(function: str, scheduler: str, inputs: Mapping[str, Any], out: Array, sizes: Sizes, folder: str) -> Call:
    """A call of the row's algorithm as an autoscheduler arranges it for one thread of this CPU."""
    hl.load_plugin(f"{os.path.dirname(hl.__file__)}/lib64/libautoschedule_{scheduler.lower()}.so")
    given: dict[str, Any] = {}
    for name, x in inputs.items():
        if isinstance(x, float):
            given[name] = hl.Param(hl.Float(32), name)
            given[name].set_estimate(x)
        else:
            given[name] = hl.ImageParam(_TYPES[str(x.dtype)], x.ndim, name)
            given[name].set_estimates([(0, n) for n in x.shape[::-1]])
    result = WRITTEN[function](**given, **sizes)
    if out.ndim:
        result.set_estimates([(0, n) for n in out.shape[::-1]])
    target = hl.get_host_target()
    pipeline = hl.Pipeline(result)
    pipeline.apply_autoscheduler(target, hl.AutoschedulerParams(scheduler, {"parallelism": "1"}))
    prefix, entry = f"{folder}/{function}_{scheduler}", "peer"
    arguments = [hl.Argument(p) if isinstance(p, hl.Param) else p for p in given.values()]
    pipeline.compile_to_static_library(prefix, arguments, entry, target)
    command = ["gcc", "-shared", "-o", f"{prefix}.so", "-Wl,--whole-archive", f"{prefix}.a", "-Wl,--no-whole-archive"]
    subprocess.run([*command, "-lpthread", "-ldl", "-lm"], check=True)
    call = getattr(ctypes.CDLL(f"{prefix}.so"), entry)
    held = [ctypes.c_float(x) if isinstance(x, float) else Buffer.of(x) for x in (*inputs.values(), out)]
    words = [x if isinstance(x, ctypes.c_float) else ctypes.byref(x) for x in held]

    def run() -> None:
        if call(*words):
            raise RuntimeError(f"{function} by {scheduler} failed")

    return run
