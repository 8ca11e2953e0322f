"""The rows of the table, their nearby shapes, and a fused pattern drawn at random."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A row of the table: its label, the function, its sizes, the ratio that it should reach.

    near: sizes a little different, at which the ratio should stay above `HOLDS` of the row's own.
    """

    label: str
    function: str
    sizes: str
    aim: float
    near: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Unlike any other row's, and good for a folder: "sgemm-m16-n16-k16"."""
        file, _, function = self.function.partition(":")
        what = file.removesuffix(".py") if file.startswith(function) else function
        return "-".join((what, *self.sizes.replace("=", "").split()))

    @property
    def values(self) -> dict[str, int]:
        """Its sizes by name."""
        return {name: int(n) for name, _, n in (text.partition("=") for text in self.sizes.split())}


HOLDS = 0.8

ROWS = (
    Row("softmax", "rows.py:softmax", "m=1024 n=1024", 1.6, ("m=1000 n=1000", "m=1024 n=1023", "m=333 n=3000")),
    Row("rmsnorm", "rows.py:rmsnorm", "m=1024 n=4096", 1.4),
    Row("layernorm", "rows.py:layernorm", "m=1024 n=4096", 1.6, ("m=1000 n=4095", "m=2048 n=2000", "m=700 n=5120")),
    Row("residual", "rows.py:residual_rmsnorm", "m=1024 n=4096", 1.15),
    Row("logsumexp", "rows.py:logsumexp", "m=1024 n=1024", 1.4),
    Row("overlay u8", "elements.py:overlay", "n=4194304", 3.0, ("n=4194301", "n=3000000", "n=5000011")),
    Row("overlay f32", "elements.py:overlay_f32", "n=4194304", 1.1),
    Row("five loops", "elements.py:five_loops", "n=4194304", 1.4),
    Row("multiply u8", "elements.py:multiply", "n=4194304", 1.1),
    Row("darken u8", "elements.py:darken", "n=4194304", 1.1),
    Row("argmax", "lookups.py:argmax", "m=1024 n=4096", 0.95),
    Row("transpose", "rows.py:transpose", "m=1024 n=4096", 1.5, ("m=1000 n=4000", "m=1023 n=4097", "m=3000 n=1500")),
    Row("prefix sum", "lookups.py:prefix_sum", "n=1048576", 1.2, ("n=1048571", "n=800000", "n=1500001")),
    Row("histogram", "lookups.py:histogram", "n=4194304", 1.0),
    Row("sgemm", "products.py:sgemm", "m=16 n=16 k=16", 2.0),
    Row("sgemm", "products.py:sgemm", "m=32 n=32 k=32", 1.5),
    Row("sgemm", "products.py:sgemm", "m=64 n=64 k=64", 1.1),
    Row("sgemm", "products.py:sgemm", "m=8 n=512 k=512", 1.5),
    Row("sgemm", "products.py:sgemm", "m=1 n=512 k=512", 1.2),
    Row("sgemm", "products.py:sgemm", "m=4096 n=16 k=64", 1.2),
    Row("gemm gelu", "fused.py:gemm_bias_gelu", "m=512 n=512 k=512", 1.15),
    Row("attention", "fused.py:attention", "m=512 n=512 d=64", 1.15),
    Row("swiglu", "fused.py:swiglu", "m=64 n=1024 k=1024", 1.15),
    Row("sgemm", "products.py:sgemm", "m=256 n=256 k=256", 0.97,
        ("m=250 n=250 k=250", "m=240 n=272 k=256", "m=257 n=255 k=263")),
    Row("sgemm", "products.py:sgemm", "m=512 n=512 k=512", 0.97),
    Row("sgemm", "products.py:sgemm", "m=1024 n=1024 k=1024", 0.97),
    Row("sgemm", "products.py:sgemm", "m=2048 n=2048 k=2048", 0.97),
    Row("sgemm", "products.py:sgemm", "m=1000 n=777 k=333", 0.97),
    Row("gemm u8s8", "products.py:gemm_u8s8", "m=512 n=512 k=512", 0.88),
    Row("conv3x3", "products.py:conv3x3", "h=58 w=58 c=64 o=64", 0.92),
    Row("gemv", "products.py:gemv", "m=4096 n=4096", 0.95),
    Row("dot", "elements.py:dot", "n=1048576", 0.95),
    Row("saxpy", "elements.py:saxpy", "n=16777216", 0.95),
)  # fmt: skip


_STATISTICS = (
    ("total = 0.0", "total += {e}"),
    ("total = 0.0", "total += ({e}) * ({e})"),
    ("total = abs({first})", "total = max(total, abs({e}))"),
)
_TERMS = ("{x} * {y} + {w}", "({x} - {y}) * {w}", "{x} * 0.5 + {y} * {w}", "{x} + {y} * {y}", "max({x}, {y}) * {w}")
_LAST = (
    "({e}) / {s}",
    "max(({e}) / {s} + {w}, 0.0)",
    "({e}) / {s} * {w} + {x}",
    "({e}) / (1.0 + math.exp(-({e}) / {s}))",
)


def drawn(seed: int) -> str:
    """Source of a function over rows: a statistic of an expression of two matrices and a vector, then an epilogue."""
    pick = random.Random(seed)
    names = {"x": "x[i][j]", "y": "y[i][j]", "w": "w[j]"}
    term = pick.choice(_TERMS).format(**names)
    start, step = pick.choice(_STATISTICS)
    last = pick.choice(_LAST).format(e=term, s="scale", **names)
    scale = "total / n + 1.0" if "abs" not in step else "total + 1.0"
    if "* (" in step:
        scale = f"math.sqrt({scale})"
    first = term.replace("[j]", "[0]")
    return f"""import math


def drawn(x: "f32[m, n]", y: "f32[m, n]", w: "f32[n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        {start.format(first=first)}
        for j in range(n):
            {step.format(e=term)}
        scale = {scale}
        for j in range(n):
            out[i][j] = {last}
    return out
"""
