"""Root-mean-square normalisation of token vectors (Zhang and Sennrich, 2019)."""

import math


def rmsnorm(x: "f32[m, n]", weight: "f32[n]", eps: "f32") -> "f32[m, n]":
    """Every row is divided by the root of its mean square and scaled by a weight."""
    m, n = len(x), len(weight)
    out = [[0.0] * n for _ in range(m)]
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += x[i][j] * x[i][j]
        scale = 1.0 / math.sqrt(total / n + eps)
        for j in range(n):
            out[i][j] = x[i][j] * scale * weight[j]
    return out
