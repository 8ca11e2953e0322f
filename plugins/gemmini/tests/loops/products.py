"""Loops that the array can do, as a person writes them."""
# ruff: noqa: F821  annotations are accelcore's shapes, not Python types


def transposed_a(a: "i8[p, m]", b: "i8[p, n]") -> "i8[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a[0]))]
    for i in range(len(a[0])):
        for j in range(len(b[0])):
            s = 0
            for k in range(len(b)):
                s += a[k][i] * b[k][j]
            c[i][j] = max(-128, min(127, round(s / 8)))
    return c


def transposed_b(a: "i8[m, p]", b: "i8[n, p]") -> "i8[m, n]":
    c = [[0] * len(b) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b)):
            s = 0
            for k in range(len(a[0])):
                s += a[i][k] * b[j][k]
            c[i][j] = max(-128, min(127, s))
    return c


def both_transposed(a: "i8[p, m]", b: "i8[n, p]") -> "i8[m, n]":
    c = [[0] * len(b) for _ in range(len(a[0]))]
    for i in range(len(a[0])):
        for j in range(len(b)):
            s = 0
            for k in range(len(a)):
                s += a[k][i] * b[j][k]
            c[i][j] = max(-128, min(127, s))
    return c


def transposed_result(a: "i8[m, p]", b: "i8[p, n]") -> "i8[n, m]":
    c = [[0] * len(a) for _ in range(len(b[0]))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            s = 0
            for k in range(len(b)):
                s += a[i][k] * b[k][j]
            c[j][i] = max(-128, min(127, s))
    return c


def matvec(a: "i8[m, p]", x: "i8[p]") -> "i32[m]":
    y = [0] * len(a)
    for i in range(len(a)):
        for k in range(len(x)):
            y[i] += a[i][k] * x[k]
    return y


def batched(a: "i8[t, m, p]", b: "i8[t, p, n]") -> "i8[t, m, n]":
    c = [[[0] * len(b[0][0]) for _ in range(len(a[0]))] for _ in range(len(a))]
    for t in range(len(a)):
        for i in range(len(a[0])):
            for j in range(len(b[0][0])):
                s = 0
                for k in range(len(b[0])):
                    s += a[t][i][k] * b[t][k][j]
                c[t][i][j] = max(-128, min(127, s))
    return c


def residual(a: "i8[m, p]", b: "i8[p, n]", r: "i8[m, n]") -> "i8[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            s = r[i][j]
            for k in range(len(b)):
                s += a[i][k] * b[k][j]
            c[i][j] = max(-128, min(127, s))
    return c


def depthwise(x: "i8[h, w, c]", k: "i8[3, 3, c]") -> "i8[h - 2, w - 2, c]":
    out = [[[0] * len(x[0][0]) for _ in range(len(x[0]) - 2)] for _ in range(len(x) - 2)]
    for i in range(len(x) - 2):
        for j in range(len(x[0]) - 2):
            for c in range(len(x[0][0])):
                t = 0
                for p in range(3):
                    for q in range(3):
                        t += x[i + p][j + q][c] * k[p][q][c]
                out[i][j][c] = max(-128, min(127, t))
    return out


def strided(x: "i8[2 * h + 1, 2 * w + 1, c]", k: "i8[3, 3, c, f]", h: int, w: int) -> "i8[h, w, f]":
    out = [[[0] * len(k[0][0][0]) for _ in range(w)] for _ in range(h)]
    for i in range(h):
        for j in range(w):
            for o in range(len(k[0][0][0])):
                t = 0
                for p in range(3):
                    for q in range(3):
                        for c in range(len(k[0][0])):
                            t += x[2 * i + p][2 * j + q][c] * k[p][q][c][o]
                out[i][j][o] = max(-128, min(127, t))
    return out


def scaled_by_parameter(a: "i8[m, p]", b: "i8[p, n]", s: "f32") -> "i8[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            t = 0
            for k in range(len(b)):
                t += a[i][k] * b[k][j]
            c[i][j] = max(-128, min(127, round(t * s)))
    return c


def relu(x: "i8[m, n]") -> "i8[m, n]":
    y = [[0] * len(x[0]) for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(len(x[0])):
            y[i][j] = max(0, x[i][j])
    return y


def outer(x: "i8[m]", y: "i8[n]") -> "i8[m, n]":
    c = [[0] * len(y) for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(len(y)):
            c[i][j] = max(-128, min(127, x[i] * y[j]))
    return c


def dot(x: "i8[n]", y: "i8[n]") -> "i32":
    s = 0
    for i in range(len(x)):
        s += x[i] * y[i]
    return s


def product(a: "i8[m, p]", b: "i8[p, n]") -> "i8[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            s = 0
            for k in range(len(b)):
                s += a[i][k] * b[k][j]
            c[i][j] = max(-128, min(127, s))
    return c


def whole(a: "i8[m, p]", b: "i8[p, n]") -> "i32[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            for k in range(len(b)):
                c[i][j] += a[i][k] * b[k][j]
    return c


def residual_add(a: "i8[m, n]", b: "i8[m, n]") -> "i8[m, n]":
    c = [[0] * len(a[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(a[0])):
            c[i][j] = max(0, min(127, a[i][j] + b[i][j]))
    return c


def biased(a: "i8[m, p]", b: "i8[p, n]", d: "i32[n]") -> "i8[m, n]":
    assert all(-65536 <= v <= 65536 for v in d)
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            s = d[j]
            for k in range(len(b)):
                s += a[i][k] * b[k][j]
            c[i][j] = max(0, min(127, round(s * 0.1)))
    return c


def pooled(x: "i8[h, w, c]", k: "i8[3, 3, c, f]", h2: int, w2: int) -> "i8[h2, w2, f]":
    assert len(x) == 2 * h2 + 2 and len(x[0]) == 2 * w2 + 2
    out = [[[0] * len(k[0][0][0]) for _ in range(w2)] for _ in range(h2)]
    for i in range(h2):
        for j in range(w2):
            for o in range(len(k[0][0][0])):
                best = -128
                for u in range(2):
                    for v in range(2):
                        t = 0
                        for p in range(3):
                            for q in range(3):
                                for ch in range(len(k[0][0])):
                                    t += x[2 * i + u + p][2 * j + v + q][ch] * k[p][q][ch][o]
                        best = max(best, max(-128, min(127, t)))
                out[i][j][o] = best
    return out
