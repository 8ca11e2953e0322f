"""The residual addition and normalisation between two layers of a transformer, in one pass over each row."""

import math


def residual_rmsnorm(
    x: "f32[m, n]", residual: "f32[m, n]", weight: "f32[n]", eps: "f32"
) -> "f32[m, n], f32[m, n]":
    """Returns the normalised sum, and the sum itself for the next residual."""
    m, n = len(x), len(weight)
    normed = [[0.0] * n for _ in range(m)]
    summed = [[0.0] * n for _ in range(m)]
    for i in range(m):
        squares = 0.0
        for j in range(n):
            s = x[i][j] + residual[i][j]
            summed[i][j] = s
            squares += s * s
        scale = 1.0 / math.sqrt(squares / n + eps)
        for j in range(n):
            normed[i][j] = summed[i][j] * scale * weight[j]
    return normed, summed
