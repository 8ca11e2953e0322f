"""Products with what follows them, as plain loops."""

import math


def gemm_bias_gelu(a: "f32[m, k]", b: "f32[k, n]", bias: "f32[n]") -> "f32[m, n]":
    m, k, n = len(a), len(b), len(b[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            total = bias[j]
            for p in range(k):
                total += a[i][p] * b[p][j]
            out[i][j] = 0.5 * total * (1.0 + math.erf(total * 0.7071067811865476))
    return out


def attention(q: "f32[m, d]", k: "f32[n, d]", v: "f32[n, d]") -> "f32[m, d]":
    m, n, d = len(q), len(k), len(q[0])
    out = [[0.0 for _ in range(d)] for _ in range(m)]
    score = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            total = 0.0
            for c in range(d):
                total += q[i][c] * k[j][c]
            score[i][j] = total * 0.125
    for i in range(m):
        top = score[i][0]
        for j in range(n):
            top = max(top, score[i][j])
        weight = 0.0
        for j in range(n):
            weight += math.exp(score[i][j] - top)
        for c in range(d):
            total = 0.0
            for j in range(n):
                total += math.exp(score[i][j] - top) / weight * v[j][c]
            out[i][c] = total
    return out


def swiglu(x: "f32[m, k]", gate: "f32[k, n]", up: "f32[k, n]") -> "f32[m, n]":
    m, k, n = len(x), len(gate), len(gate[0])
    out = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            g = 0.0
            u = 0.0
            for p in range(k):
                g += x[i][p] * gate[p][j]
                u += x[i][p] * up[p][j]
            out[i][j] = g / (1.0 + math.exp(-g)) * u
    return out
