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


def gemm_u8s8(a: "u8[m, k]", b: "i8[k, n]") -> "i32[m, n]":
    m, k = len(a), len(a[0])
    n = len(b[0])
    c = [[0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            total = 0
            for p in range(k):
                total += a[i][p] * b[p][j]
            c[i][j] = total
    return c


def conv3x3(x: "f32[h, w, c]", weight: "f32[3, 3, c, o]") -> "f32[h - 2, w - 2, o]":
    h, w, c = len(x), len(x[0]), len(x[0][0])
    o = len(weight[0][0][0])
    out = [[[0.0 for _ in range(o)] for _ in range(w - 2)] for _ in range(h - 2)]
    for i in range(h - 2):
        for j in range(w - 2):
            for f in range(o):
                total = 0.0
                for di in range(3):
                    for dj in range(3):
                        for p in range(c):
                            total += x[i + di][j + dj][p] * weight[di][dj][p][f]
                out[i][j][f] = total
    return out
