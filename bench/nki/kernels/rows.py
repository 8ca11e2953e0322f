"""Plain loops over rows: what is lifted, lowered to NKI and searched."""

import math


def softmax(x: "f32[m, n]") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        top = x[i][0]
        for j in range(1, len(x[0])):
            top = max(top, x[i][j])
        total = 0.0
        for j in range(len(x[0])):
            total += math.exp(x[i][j] - top)
        out.append([math.exp(x[i][j] - top) / total for j in range(len(x[0]))])
    return out


def rmsnorm(x: "f32[m, n]", w: "f32[n]") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        total = 0.0
        for j in range(len(w)):
            total += x[i][j] * x[i][j]
        scale = 1.0 / math.sqrt(total / len(w) + 1e-6)
        out.append([x[i][j] * scale * w[j] for j in range(len(w))])
    return out


def layernorm(x: "f32[m, n]", g: "f32[n]", b: "f32[n]") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        mean = 0.0
        for j in range(len(g)):
            mean += x[i][j]
        mean = mean / len(g)
        var = 0.0
        for j in range(len(g)):
            var += (x[i][j] - mean) * (x[i][j] - mean)
        scale = 1.0 / math.sqrt(var / len(g) + 1e-5)
        out.append([(x[i][j] - mean) * scale * g[j] + b[j] for j in range(len(g))])
    return out


def silu(x: "f32[m, n]") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        out.append([x[i][j] / (1.0 + math.exp(-x[i][j])) for j in range(len(x[0]))])
    return out


def rope(x: "f32[m, 2*h]", c: "f32[m, h]", s: "f32[m, h]", h: int) -> "f32[m, 2*h]":
    out = [[0.0 for _ in range(2 * h)] for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(h):
            out[i][j] = x[i][j] * c[i][j] - x[i][j + h] * s[i][j]
        for j in range(h):
            out[i][j + h] = x[i][j + h] * c[i][j] + x[i][j] * s[i][j]
    return out
