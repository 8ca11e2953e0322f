"""Plain loops with products of matrices, convolutions and recurrences."""

import math


def matmul(a: "bf16[m, k]", b: "bf16[k, n]") -> "bf16[m, n]":
    c = [[0.0 for _ in range(len(b[0]))] for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for p in range(len(b)):
                c[i][j] += a[i][p] * b[p][j]
    return c


def swiglu(x: "bf16[m, k]", u: "bf16[k, n]", v: "bf16[k, n]") -> "bf16[m, n]":
    out = []
    for i in range(len(x)):
        row = []
        for j in range(len(u[0])):
            gate = 0.0
            up = 0.0
            for p in range(len(u)):
                gate += x[i][p] * u[p][j]
                up += x[i][p] * v[p][j]
            row.append(gate / (1.0 + math.exp(-gate)) * up)
        out.append(row)
    return out


def attention(q: "bf16[m, d]", k: "bf16[n, d]", v: "bf16[n, d]") -> "bf16[m, d]":
    out = []
    for i in range(len(q)):
        scores = []
        for j in range(len(k)):
            s = 0.0
            for p in range(len(q[0])):
                s += q[i][p] * k[j][p]
            scores.append(s / math.sqrt(len(q[0])))
        top = scores[0]
        for j in range(1, len(k)):
            top = max(top, scores[j])
        total = 0.0
        for j in range(len(k)):
            total += math.exp(scores[j] - top)
        row = []
        for p in range(len(q[0])):
            acc = 0.0
            for j in range(len(k)):
                acc += math.exp(scores[j] - top) / total * v[j][p]
            row.append(acc)
        out.append(row)
    return out


def conv1d(x: "f32[c, n]", w: "f32[c, 4]") -> "f32[c, n-3]":
    out = []
    for i in range(len(x)):
        row = []
        for t in range(len(x[0]) - 3):
            acc = 0.0
            for p in range(4):
                acc += x[i][t + p] * w[i][p]
            row.append(acc)
        out.append(row)
    return out


def mamba(delta: "f32[c, n]", u: "f32[c, n]", a: "f32[c, s]", b: "f32[s, n]", g: "f32[s, n]") -> "f32[c, n]":
    out = [[0.0 for _ in range(len(u[0]))] for _ in range(len(u))]
    for i in range(len(u)):
        for p in range(len(b)):
            h = 0.0
            for t in range(len(u[0])):
                h = math.exp(-max(delta[i][t], 0.0) * math.exp(a[i][p])) * h + delta[i][t] * u[i][t] * b[p][t]
                out[i][t] += h * g[p][t]
    return out
