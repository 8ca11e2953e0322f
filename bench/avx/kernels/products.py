"""Matrix products, as plain loops."""


def sgemm(a: "f32[m, k]", b: "f32[k, n]") -> "f32[m, n]":
    m, k = len(a), len(a[0])
    n = len(b[0])
    c = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            total = 0.0
            for p in range(k):
                total += a[i][p] * b[p][j]
            c[i][j] = total
    return c


def gemv(a: "f32[m, n]", x: "f32[n]") -> "f32[m]":
    m, n = len(a), len(a[0])
    y = [0.0 for _ in range(m)]
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += a[i][j] * x[j]
        y[i] = total
    return y
