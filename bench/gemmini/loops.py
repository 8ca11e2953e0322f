"""Plain loops of the Gemmini bench."""
# ruff: noqa: F821  annotations are accelcore's shapes, not Python types


def product(a: "i8[m, p]", b: "i8[p, n]") -> "i8[m, n]":
    c = [[0] * len(b[0]) for _ in range(len(a))]
    for i in range(len(a)):
        for j in range(len(b[0])):
            total = 0
            for k in range(len(b)):
                total += a[i][k] * b[k][j]
            c[i][j] = max(-128, min(127, round(total * 0.0078125)))
    return c


def convolution(x: "i8[b, h, w, c]", k: "i8[3, 3, c, f]") -> "i8[b, h - 2, w - 2, f]":
    out = [
        [[[0] * len(k[0][0][0]) for _ in range(len(x[0][0]) - 2)] for _ in range(len(x[0]) - 2)] for _ in range(len(x))
    ]
    for n in range(len(x)):
        for i in range(len(x[0]) - 2):
            for j in range(len(x[0][0]) - 2):
                for o in range(len(k[0][0][0])):
                    total = 0
                    for p in range(3):
                        for q in range(3):
                            for t in range(len(k[0][0])):
                                total += x[n][i + p][j + q][t] * k[p][q][t][o]
                    out[n][i][j][o] = max(-128, min(127, round(total * 0.00390625)))
    return out


def padded(x: "i8[b, h, w, c]", k: "i8[3, 3, c, f]") -> "i8[b, h, w, f]":
    out = [[[[0] * len(k[0][0][0]) for _ in range(len(x[0][0]))] for _ in range(len(x[0]))] for _ in range(len(x))]
    for n in range(len(x)):
        for i in range(len(x[0])):
            for j in range(len(x[0][0])):
                for o in range(len(k[0][0][0])):
                    total = 0
                    for p in range(3):
                        for q in range(3):
                            if 0 <= i + p - 1 < len(x[0]) and 0 <= j + q - 1 < len(x[0][0]):
                                for t in range(len(k[0][0])):
                                    total += x[n][i + p - 1][j + q - 1][t] * k[p][q][t][o]
                    out[n][i][j][o] = max(-128, min(127, round(total * 0.00390625)))
    return out


def control(
    k: "f32[4, 12]", d: "f32[4]", a: "f32[12, 12]", b: "f32[12, 4]", x: "f32[12]"
) -> "f32[4], f32[12]":  # u = -K x - d, y = A x + B u
    u = [0.0] * 4
    for i in range(4):
        s = 0.0
        for j in range(12):
            s += k[i][j] * x[j]
        u[i] = -s - d[i]
    y = [0.0] * 12
    for i in range(12):
        s = 0.0
        for j in range(12):
            s += a[i][j] * x[j]
        for j in range(4):
            s += b[i][j] * u[j]
        y[i] = s
    return u, y
