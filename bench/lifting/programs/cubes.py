"""Functions of tensors with three axes (reference/lifting.md 2.7)."""


def copy(x):
    out = []
    for plane in x:
        p = []
        for row in plane:
            r = []
            for v in row:
                r.append(v)
            p.append(r)
        out.append(p)
    return out


def elemwise_add(x, y, l, m, n):
    out = []
    for i in range(l):
        plane = []
        for j in range(m):
            row = []
            for k in range(n):
                row.append(x[i][j][k] + y[i][j][k])
            plane.append(row)
        out.append(plane)
    return out


def fma(x, y, l, m, n):
    out = [[[0.0] * n for _ in range(m)] for _ in range(l)]
    for i in range(l):
        for j in range(m):
            for k in range(n):
                out[i][j][k] = x[i][j][k] * y[i][j][k] + x[i][j][k]
    return out


def depth4(x, y, l, m, n):
    return [[[x[i][j][k] + (x[i][j][k] + y[i][j][k]) * y[i][j][k] for k in range(n)] for j in range(m)] for i in range(l)]


def depth5(x, y, out):
    for i in range(len(x)):
        for j in range(len(x[0])):
            for k in range(len(x[0][0])):
                out[i][j][k] = x[i][j][k] + (x[i][j][k] + y[i][j][k] * x[i][j][k]) * y[i][j][k]
