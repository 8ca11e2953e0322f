"""Programs that the reference systems leave out (reference/lifting.md 2.4): outer products, triple nests, in place."""


def ger(m, n, a, x, y):
    for i in range(m):
        for j in range(n):
            a[i][j] += x[i] * y[j]


def gemm_nn(m, n, k, alpha, a, b, c):
    for i in range(m):
        for p in range(k):
            part = alpha * a[i][p]
            for j in range(n):
                c[i][j] += part * b[p][j]


def gemm_nt(m, n, k, alpha, a, b, c):
    for i in range(m):
        for j in range(n):
            total = 0
            for p in range(k):
                total += alpha * a[i][p] * b[j][p]
            c[i][j] += total


def gemm_tn(m, n, k, alpha, a, b, c):
    for i in range(m):
        for p in range(k):
            part = alpha * a[p][i]
            for j in range(n):
                c[i][j] += part * b[p][j]


def gemm_tt(m, n, k, alpha, a, b, c):
    for i in range(m):
        for j in range(n):
            total = 0
            for p in range(k):
                total += alpha * a[p][i] * b[j][p]
            c[i][j] += total


def matinit(m, n, v):
    out = []
    for i in range(m):
        row = []
        for j in range(n):
            row.append(v)
        out.append(row)
    return out


def vfill(a, v):
    for i in range(len(a)):
        a[i] = v


def matmul(a, b, m, n, k):
    c = []
    for i in range(m):
        row = []
        for j in range(n):
            total = 0
            for p in range(k):
                total += a[i][p] * b[p][j]
            row.append(total)
        c.append(row)
    return c


def mult(a, b, c, m, n, k):
    for i in range(m):
        for j in range(n):
            c[i][j] = 0
            for p in range(k):
                c[i][j] += a[i][p] * b[p][j]


def matrix1(x, y, z, a, b, c):
    for k in range(z):
        for i in range(x):
            c[k][i] = 0
            for f in range(y):
                c[k][i] += a[i][f] * b[k][f]


def matrix2(x, y, z, a, b, c):
    for k in range(z):
        for i in range(x):
            c[k][i] = a[i][0] * b[k][0]
            for f in range(1, y - 1):
                c[k][i] += a[i][f] * b[k][f]
            c[k][i] += a[i][y - 1] * b[k][y - 1]


def pin_down(n):
    out = []
    for i in range(n):
        out.append(1)
    return out


def histogram_clear(bins):
    for i in range(len(bins)):
        bins[i] = 0


def lerp(a, b, alpha, n):
    out = []
    for i in range(n):
        out.append(alpha * a[i] + (1 - alpha) * b[i])
    return out


def dct(block, c1, c2, n):
    temp = [[0.0] * n for _ in range(n)]
    out = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                temp[i][j] += block[i][k] * c2[k][j]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                out[i][j] += c1[i][k] * temp[k][j]
    return out


def add(b, c):
    return b + c


def add_array(b, c, n):
    return [b[i] + c[i] for i in range(n)]


def alpha_scaled(x, y, n, m):
    out = []
    for i in range(n):
        out.append(x[i] + n * m * y[i])
    return out


def array_prod_scalar(b, c, n):
    out = []
    for i in range(n):
        out.append(c[i] * b)
    return out


def div(x, y):
    out = []
    for i in range(len(x)):
        out.append(x[i] / y[i])
    return out


def gemm(b, c, n):
    a = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                a[i][j] = a[i][j] + b[i][k] * c[k][j]
    return a


def taco1(b, c, d, n):
    return [b[i] + c[i] - d[i] for i in range(n)]


def taco2(b, c, m, n):
    return [[b[i][j] + c[i][j] for j in range(n)] for i in range(m)]


def taco3(a, b, c):
    for i in range(len(b)):
        for j in range(len(c)):
            a[i][j] = b[i][j] * c[j]


def taco4(b, c, m, n, o):
    out = []
    for i in range(m):
        out.append([sum(b[i][k] * c[k][j] for k in range(o)) for j in range(n)])
    return out


def taco5(b, m, n):
    out = []
    for i in range(m):
        row = []
        for j in range(n):
            row.append(b[i])
        out.append(row)
    return out


def taco6(b, c, m, n):
    out = [[0.0] * n for _ in range(m)]
    for i in range(m):
        for j in range(n):
            out[i][j] = b[i][j] * c[j]
    return out


def taco7(b, c, l, m, n):
    out = []
    for i in range(l):
        row = []
        for j in range(m):
            total = 0
            for k in range(n):
                total += b[i][j][k] * c[k]
            row.append(total)
        out.append(row)
    return out


def taco8(b, c, d, m, n, o, p):
    out = []
    for i in range(m):
        row = []
        for j in range(n):
            total = 0
            for k in range(o):
                for l in range(p):
                    total += b[i][k][l] * c[l][j] * d[k][j]
            row.append(total)
        out.append(row)
    return out


def taco9(b, c):
    return [x * y for x, y in zip(b, c)]


def taco10(b, c, d, e):
    return b + c + d + e
