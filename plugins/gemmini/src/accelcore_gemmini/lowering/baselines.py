"""What users would otherwise write: one call of the programs library, where it has a function for the task.

A product is `tiled_matmul_auto` with the hardware loops, a convolution of images [n, h, w, c] with filters [r, s, c, f]
`tiled_conv_auto`, a sum of two matrices `tiled_resadd_auto`.
"""

from __future__ import annotations

from collections.abc import Mapping

from accelcore.cgen.abi import signature
from accelcore.cgen.names import identifier
from accelcore.errors import UnsupportedLowering
from accelcore.ir.expr import Expr, index
from accelcore.ir.polynomial import same_polynomial
from accelcore.values import Kernel, Summary, Task, abi_arguments
from accelcore_gemmini.config import Config
from accelcore_gemmini.lowering.chains import chains, library
from accelcore_gemmini.lowering.ctext import bare, number_text
from accelcore_gemmini.lowering.frame import block
from accelcore_gemmini.lowering.nest import Nest
from accelcore_gemmini.lowering.reads import Read, is_zero

_MOST = 4  # strides and paddings that are looked for


def baselines(task: Task, config: Config) -> Mapping[str, Kernel]:
    """Kernels by name; empty where the library has no function for the task."""
    from accelcore_gemmini.lowering.derive import domain, placed

    try:
        if isinstance(task.reference, Summary) and len(task.reference.post) > 1:
            text = library(task, chains(task, config))
            return {"tiled_matmul_auto": Kernel(text, "c", f"ac_{task.name}")}
        n = placed(task, config)
        call = None if n.result.pool else _product(task, n) or _convolution(task, n)
    except UnsupportedLowering:
        return {}
    if call is None:
        return {}
    head = signature(task.name, abi_arguments(task), workspace=False, restrict="")
    text = f'#include "include/gemmini.h"\n\n{block(head, [*call, "gemmini_fence();", "return 0;"])}\n'
    return {call[0].partition("(")[0]: Kernel(text, "c", f"ac_{task.name}", (), (), (), domain(task, n, config))}


def _text(e: Expr) -> str:
    return bare(number_text(e, {})).replace("arg.", "")


def _product(task: Task, n: Nest) -> list[str] | None:
    r, loops = n.result, (n.rows.inner, n.cols.inner, n.depth.inner)
    walked = (*n.rows.outer, *n.cols.outer, *n.depth.outer, *n.batch)
    if n.a is None or n.b is None or walked or len(r.terms) > 1 or None in loops or isinstance(r.scale, str):
        return None
    del task
    i, j, k = (_text(x.extent) if x else "1" for x in loops)
    rows, cols, depth = (x.variable if x else None for x in loops)
    strides = [_text(n.a.stride(depth if n.a_turned else rows)), _text(n.b.stride(cols if n.b_turned else depth))]
    bias = r.terms[0] if r.terms else None
    repeats = int(bias is not None and is_zero(bias.stride(rows)))
    strides += [_text(bias.stride(rows)) if bias and not repeats else j, _text(r.target.stride(rows))]
    flow = "WS" if n.weights_held else "OS"
    turned = ", ".join(str(int(x)) for x in (n.a_turned, n.b_turned, r.full))
    activation = "RELU" if r.relu else "NO_ACTIVATION"
    arrays = [identifier(n.a.name), identifier(n.b.name), identifier(bias.name) if bias else "NULL"]
    return [
        f"tiled_matmul_auto({i}, {j}, {k}, {', '.join(arrays)}, {identifier(r.target.name)},",
        f"                  {', '.join(strides)}, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY, MVIN_SCALE_IDENTITY,",
        f"                  {activation}, {r.scale!r}f, 0, {repeats}, {turned},",
        f"                  {int(bias is not None and bias.dtype == 'i8')}, 0, {flow});",
    ]


def _convolution(task: Task, n: Nest) -> list[str] | None:
    r, images = n.result, n.a
    order = r.loops
    if images is None or n.b is None or n.batch or len(order) != 4 or n.cols.outer or len(n.depth.outer) != 2:
        return None
    shape, target = task.param(images.name).shape, r.param.shape
    found = _window(images, shape, [x.variable for x in order], [x.variable for x in n.depth.outer])
    bias = identifier(r.terms[0].name) if len(r.terms) == 1 and r.terms[0].dtype == "i32" else "NULL"
    if len(shape) != 4 or found is None or len(r.terms) > 1 or (r.terms and bias == "NULL") or r.full or n.b_turned:
        return None
    if isinstance(r.scale, str) or n.depth.inner is None or not same_polynomial(n.depth.inner.extent, shape[3]):
        return None
    stride, padding = found
    size = _text(n.depth.outer[0].extent)
    sizes = [shape[0], shape[1], shape[2], shape[3], target[3], target[1], target[2]]
    arrays = [identifier(images.name), identifier(n.b.name), bias, identifier(r.target.name)]
    return [
        f"tiled_conv_auto({', '.join(map(_text, sizes))}, {stride}, 1, 1, {padding}, {size},",
        f"                0, 0, 0, 0, 0, {', '.join(arrays)},",
        f"                {'RELU' if r.relu else 'NO_ACTIVATION'}, {r.scale!r}f, 0, 0, 0, WS);",
    ]


def _window(x: Read, shape: tuple[Expr, ...], loops: list[int], window: list[int]) -> tuple[int, int] | None:
    """(stride, padding) of a read x[b, stride*i + p - padding, stride*j + q - padding, c]; None for anything else."""
    if len(shape) != 4:
        return None
    pixel, row = shape[3], shape[2] * shape[3]
    if not (same_polynomial(x.stride(window[0]), row) and same_polynomial(x.stride(window[1]), pixel)):
        return None
    for stride in range(1, _MOST + 1):
        if same_polynomial(x.stride(loops[1]), row * stride) and same_polynomial(x.stride(loops[2]), pixel * stride):
            for padding in range(_MOST + 1):
                if same_polynomial(x.offset, index(0) - (row + pixel) * padding):
                    return stride, padding
    return None
