"""Small vector and matrix functions (reference/lifting.md 2.3), in the styles in which people write them."""


# blas


def dot(a, b, n):
    total = 0
    for i in range(n):
        total += a[i] * b[i]
    return total


def gemv(m, n, a, x):
    y = [0] * m
    for i in range(m):
        total = 0
        for j in range(n):
            total += a[i][j] * x[j]
        y[i] = total
    return y


# darknet


def mag_array(a, n):
    total = 0
    for i in range(n):
        total += a[i] * a[i]
    return total


def mse_array(a, n):
    total = 0.0
    i = 0
    while i < n:
        total = total + a[i] ** 2
        i += 1
    return total


def sum_array(a, n):
    total = 0
    for i in range(n):
        total = a[i] + total
    return total


def scale_array(a, n, s):
    for i in range(n):
        a[i] *= s


def translate_array(a, n, s):
    for i in range(n):
        a[i] += s


def mult_add_into_cpu(n, x, y, z):
    for i in range(n):
        z[i] += x[i] * y[i]


def ol_l2_cpu1(n, pred, truth):
    error = []
    for i in range(n):
        diff = truth[i] - pred[i]
        error.append(diff * diff)
    return error


def ol_l2_cpu2(n, pred, truth):
    delta = []
    for i in range(n):
        delta.append(truth[i] - pred[i])
    return delta


def matrix_add_matrix(source, target):
    for i in range(len(source)):
        for j in range(len(source[i])):
            target[i][j] += source[i][j]


def scale_matrix(m, s):
    for i in range(len(m)):
        for j in range(len(m[0])):
            m[i][j] = m[i][j] * s


# dsp


def matadd(a, b, m, n):
    c = []
    for i in range(m):
        row = []
        for j in range(n):
            row.append(a[i][j] + b[i][j])
        c.append(row)
    return c


def matsub(a, b, m, n):
    c = [[0.0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            c[i][j] = a[i][j] - b[i][j]
    return c


def matscal(a, v, m, n):
    return [[a[i][j] * v for j in range(n)] for i in range(m)]


def vadd(a, b):
    return [x + y for x, y in zip(a, b)]


def vsub(a, b, out):
    for i in range(len(a)):
        out[i] = a[i] - b[i]


def vmul(a, b):
    c = []
    for i, x in enumerate(a):
        c.append(x * b[i])
    return c


def vcopy(a):
    out = []
    for x in a:
        out.append(x)
    return out


def vneg(a, n):
    out = [0] * n
    for i in range(n):
        out[i] = -a[i]
    return out


def voffset(a, v, n):
    out = [0] * n
    for i in range(n):
        out[i] = a[i] + v
    return out


def vrecip(a, n):
    out = []
    for i in range(n):
        out.append(1 / a[i])
    return out


def vscal(a, v, n):
    out = []
    for i in range(n):
        out.append(v * a[i])
    return out


def wvec(a, b, m, n):
    out = []
    for i in range(n):
        out.append(m * a[i] + b[i])
    return out


# dspstone


def mat1x3(n, h, x):
    y = []
    for i in range(n):
        total = 0
        for f in range(n):
            total += h[i][f] * x[f]
        y.append(total)
    return y


def n_real_updates(n, a, b, c):
    d = []
    for i in range(n):
        d.append(c[i] + a[i] * b[i])
    return d


# makespeare


def sum_of_squares(a, n):
    total = 0
    for i in range(n):
        total += a[i] * a[i]
    return total


# mathfu


def diveq(a, b, n):
    out = []
    for i in range(n):
        out.append(a[i] / b[i])
    return out


def diveq_sca(a, b, n):
    out = []
    for i in range(n):
        out.append(a[i] / b)
    return out


def length(a, n):
    total = 0
    for i in range(n):
        total += a[i] * a[i]
    return total


def length_squared(a):
    total = 0
    for x in a:
        total += x * x
    return total


def matmul_sca(a, v, m, n):
    out = []
    for i in range(m):
        row = []
        for j in range(n):
            row.append(a[i][j] * v)
        out.append(row)
    return out


def muleq(a, b, n):
    for i in range(n):
        a[i] = a[i] * b[i]
    return a


def muleq_sca(a, b, n):
    for i in range(n):
        a[i] = a[i] * b
    return a


def negate(a, n):
    out = []
    for i in range(n):
        out.append(-a[i])
    return out


def pluseq(a, b, n):
    for i in range(n):
        a[i] += b[i]


def subeq(a, b, n):
    for i in range(n):
        a[i] -= b[i]


def subeq_sca(a, b, n):
    for i in range(n):
        a[i] -= b


# simpl_array


def array_inc(a, n):
    for i in range(n):
        a[i] += 1


def array_sum(a, n):
    total = 0
    for i in range(n):
        total += a[i]
    return total


def sum_elts(a):
    return sum(a)


def cube_in_place(a, n):
    for i in range(n):
        a[i] = a[i] * a[i] * a[i]


def fourth_in_place(a, n):
    for i in range(n):
        square = a[i] * a[i]
        fourth = square * square
        a[i] = fourth


# utdsp


def fir_small(taps, x, c):
    total = 0
    for i in range(taps):
        total += x[i] * c[i]
    return total


def lmsfir1(taps, x, c):
    total = 0.0
    for i in range(taps):
        total += x[i] * c[i]
    return total


def lmsfir2(taps, x, c, error):
    out = []
    for i in range(taps - 1):
        out.append(c[i] + x[i] * error)
    return out
