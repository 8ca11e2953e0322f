# ruff: noqa: F821 - annotations hold shapes
"""The loops that the engineers' kernels are judged by."""

import math


def rmsnorm(x: "f32[m, n]", w: "f32[n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        squares = 0.0
        for j in range(n):
            squares += x[i][j] * x[i][j]
        scale = math.sqrt(squares / n + 1e-5)
        for j in range(n):
            out[i][j] = x[i][j] / scale * w[j]
    return out


def dot(x: "f32[n]", y: "f32[n]") -> "f32":
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


def multiply(base: "u8[n]", active: "u8[n]") -> "u8[n]":
    n = len(base)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = base[i] * active[i] // 255
    return out
