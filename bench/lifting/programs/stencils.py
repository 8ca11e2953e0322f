"""Stencils (reference/lifting.md 2.5), out of place."""


def adi1(x, a, b, n):
    out = []
    for i in range(n):
        row = []
        for j in range(1, n):
            row.append(x[i][j] - x[i][j - 1] * a[i][j] / b[i][j - 1])
        out.append(row)
    return out


def adi2(a, b, n):
    out = []
    for i in range(n):
        row = []
        for j in range(1, n):
            row.append(b[i][j] - a[i][j] * a[i][j] / b[i][j - 1])
        out.append(row)
    return out


def adi3(x, b, n):
    out = []
    for i in range(n):
        out.append(x[i][n - 1] / b[i][n - 1])
    return out


def adi4(x, a, b, n):
    out = []
    for i in range(n):
        row = []
        for j in range(n - 2):
            row.append((x[i][n - 2 - j] - x[i][n - 3 - j] * a[i][n - 3 - j]) / b[i][n - 3 - j])
        out.append(row)
    return out


def adi5(x, a, b, n):
    out = []
    for i in range(1, n):
        row = []
        for j in range(n):
            row.append(x[i][j] - x[i - 1][j] * a[i][j] / b[i - 1][j])
        out.append(row)
    return out


def adi6(a, b, n):
    out = []
    for i in range(1, n):
        row = []
        for j in range(n):
            row.append(b[i][j] - a[i][j] * a[i][j] / b[i - 1][j])
        out.append(row)
    return out


def adi7(x, b, n):
    out = []
    for j in range(n):
        out.append(x[n - 1][j] / b[n - 1][j])
    return out


def adi8(x, a, b, n):
    out = []
    for i in range(n - 2):
        row = []
        for j in range(n):
            row.append((x[n - 2 - i][j] - x[n - 3 - i][j] * a[n - 3 - i][j]) / b[n - 2 - i][j])
        out.append(row)
    return out


def fdtd1(ey, hz, nx, ny):
    out = []
    for i in range(1, nx):
        row = []
        for j in range(ny):
            row.append(ey[i][j] - 5 * (hz[i][j] - hz[i - 1][j]))
        out.append(row)
    return out


def fdtd2(ex, hz, nx, ny):
    out = []
    for i in range(nx):
        row = []
        for j in range(1, ny):
            row.append(ex[i][j] - 5 * (hz[i][j] - hz[i][j - 1]))
        out.append(row)
    return out


def fdtd3(ex, ey, hz, nx, ny):
    out = []
    for i in range(nx - 1):
        row = []
        for j in range(ny - 1):
            row.append(hz[i][j] - 7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]))
        out.append(row)
    return out


def jacobi_1d(a, n):
    out = []
    for i in range(1, n - 1):
        out.append(33 * (a[i - 1] + a[i] + a[i + 1]))
    return out


def jacobi_2d(a, n):
    out = []
    for i in range(1, n - 1):
        row = []
        for j in range(1, n - 1):
            row.append(2 * (a[i][j] + a[i][j - 1] + a[i][j + 1] + a[i + 1][j] + a[i - 1][j]))
        out.append(row)
    return out


def seidel_2d(a, n):
    out = []
    for i in range(1, n - 1):
        row = []
        for j in range(1, n - 1):
            total = 0
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    total += a[i + di][j + dj]
            row.append(total / 9)
        out.append(row)
    return out
