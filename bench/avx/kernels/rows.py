"""Kernels over the rows of a matrix, as plain loops."""

import math


def softmax(x: "f32[m, n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        top = x[i][0]
        for j in range(n):
            top = max(top, x[i][j])
        total = 0.0
        for j in range(n):
            total += math.exp(x[i][j] - top)
        for j in range(n):
            out[i][j] = math.exp(x[i][j] - top) / total
    return out


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


def layernorm(x: "f32[m, n]", w: "f32[n]", b: "f32[n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += x[i][j]
        mean = total / n
        spread = 0.0
        for j in range(n):
            spread += (x[i][j] - mean) * (x[i][j] - mean)
        scale = math.sqrt(spread / n + 1e-5)
        for j in range(n):
            out[i][j] = (x[i][j] - mean) / scale * w[j] + b[j]
    return out


def residual_rmsnorm(x: "f32[m, n]", y: "f32[m, n]", w: "f32[n]") -> "f32[m, n]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        squares = 0.0
        for j in range(n):
            squares += (x[i][j] + y[i][j]) * (x[i][j] + y[i][j])
        scale = math.sqrt(squares / n + 1e-5)
        for j in range(n):
            out[i][j] = (x[i][j] + y[i][j]) / scale * w[j]
    return out


def logsumexp(x: "f32[m, n]") -> "f32[m]":
    m, n = len(x), len(x[0])
    out = [0.0 for _ in range(m)]
    for i in range(m):
        top = x[i][0]
        for j in range(n):
            top = max(top, x[i][j])
        total = 0.0
        for j in range(n):
            total += math.exp(x[i][j] - top)
        out[i] = top + math.log(total)
    return out


def transpose(x: "f32[m, n]") -> "f32[n, m]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(m)] for _ in range(n)]
    for j in range(n):
        for i in range(m):
            out[j][i] = x[i][j]
    return out
