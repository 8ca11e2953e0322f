"""Kernels whose places or order depend on data, as plain loops."""


def argmax(x: "f32[m, n]") -> "i32[m]":
    m, n = len(x), len(x[0])
    out = [0 for _ in range(m)]
    for i in range(m):
        best = x[i][0]
        place = 0
        for j in range(1, n):
            if x[i][j] > best:
                best = x[i][j]
                place = j
        out[i] = place
    return out


def prefix_sum(x: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    total = 0.0
    for i in range(n):
        total += x[i]
        out[i] = total
    return out


def histogram(x: "u8[n]") -> "i32[256]":
    counts = [0 for _ in range(256)]
    for i in range(len(x)):
        counts[x[i]] += 1
    return counts
