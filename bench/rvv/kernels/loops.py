"""Kernels that the RISC-V bench has beside those of bench/avx, as plain loops."""

import math


def dwconv(x: "f32[h, w, c]", f: "f32[3, 3, c]") -> "f32[h-2, w-2, c]":
    h, w, c = len(x), len(x[0]), len(x[0][0])
    out = [[[0.0 for _ in range(c)] for _ in range(w - 2)] for _ in range(h - 2)]
    for i in range(h - 2):
        for j in range(w - 2):
            for q in range(c):
                total = 0.0
                for di in range(3):
                    for dj in range(3):
                        total += x[i + di][j + dj][q] * f[di][dj][q]
                out[i][j][q] = total
    return out


def conv1d(x: "f32[n]", f: "f32[5]") -> "f32[n-4]":
    n = len(x)
    out = [0.0 for _ in range(n - 4)]
    for i in range(n - 4):
        total = 0.0
        for j in range(5):
            total += x[i + j] * f[j]
        out[i] = total
    return out


def transpose_u8(x: "u8[m, n]") -> "u8[n, m]":
    m, n = len(x), len(x[0])
    out = [[0 for _ in range(m)] for _ in range(n)]
    for i in range(n):
        for j in range(m):
            out[i][j] = x[j][i]
    return out


def screen(base: "u8[n]", active: "u8[n]") -> "u8[n]":
    n = len(base)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = 255 - (255 - base[i]) * (255 - active[i]) // 255
    return out


def gemm_s8(a: "i8[m, k]", b: "i8[k, n]") -> "i32[m, n]":
    m, k, n = len(a), len(b), len(b[0])
    out = [[0 for _ in range(n)] for _ in range(m)]
    for i in range(m):
        for j in range(n):
            total = 0
            for p in range(k):
                total += a[i][p] * b[p][j]
            out[i][j] = total
    return out


def dot_s8(x: "i8[n]", y: "i8[n]") -> "i32":
    n = len(x)
    total = 0
    for i in range(n):
        total += x[i] * y[i]
    return total


def sum_exp(x: "f32[n]") -> "f32":
    n = len(x)
    total = 0.0
    for i in range(n):
        total += math.exp(x[i])
    return total


def silu(x: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        out[i] = x[i] / (1.0 + math.exp(-x[i]))
    return out


def row_sums(x: "f32[m, n]") -> "f32[m]":
    m, n = len(x), len(x[0])
    out = [0.0 for _ in range(m)]
    for i in range(m):
        total = 0.0
        for j in range(n):
            total += x[i][j]
        out[i] = total
    return out


def saxpy(a: "f32", x: "f32[n]", y: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        out[i] = a * x[i] + y[i]
    return out


def complex_product(x: "f32[n, 2]", y: "f32[n, 2]") -> "f32[n, 2]":
    n = len(x)
    out = [[0.0, 0.0] for _ in range(n)]
    for i in range(n):
        out[i][0] = x[i][0] * y[i][0] - x[i][1] * y[i][1]
        out[i][1] = x[i][0] * y[i][1] + x[i][1] * y[i][0]
    return out


def grey(image: "u8[n, 3]") -> "u8[n]":
    n = len(image)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = (77 * image[i][0] + 150 * image[i][1] + 29 * image[i][2]) // 256
    return out


def prefix_sum(x: "i32[n]") -> "i64[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    total = 0
    for i in range(n):
        total += x[i]
        out[i] = total
    return out


def looked_up(table: "f32[256]", at: "u8[n]") -> "f32[n]":
    n = len(at)
    out = [0.0 for _ in range(n)]
    for i in range(n):
        out[i] = table[at[i]]
    return out


def alpha_blend(a: "u8[n]", b: "u8[n]", alpha: "u8[n]") -> "u8[n]":
    n = len(a)
    out = [0 for _ in range(n)]
    for i in range(n):
        out[i] = (a[i] * alpha[i] + b[i] * (255 - alpha[i]) + 128) // 256
    return out


def fir(x: "i16[n]", f: "i8[8]") -> "i16[n-7]":
    n = len(x)
    out = [0 for _ in range(n - 7)]
    for i in range(n - 7):
        total = 0
        for j in range(8):
            total += x[i + j] * f[j]
        out[i] = max(-32768, min(32767, (total + 64) >> 7))
    return out


def distance(x: "u8[n]", y: "u8[n]") -> "i32":
    n = len(x)
    total = 0
    for i in range(n):
        total += (x[i] - y[i]) * (x[i] - y[i])
    return total


def occurrences(x: "u8[n]", key: "u8") -> "i32":
    n = len(x)
    total = 0
    for i in range(n):
        if x[i] == key:
            total += 1
    return total


def planar(image: "u8[n, 3]") -> "u8[3, n]":
    n = len(image)
    out = [[0 for _ in range(n)] for _ in range(3)]
    for c in range(3):
        for i in range(n):
            out[c][i] = image[i][c]
    return out


def max_pool(x: "f32[m, n]") -> "f32[m//2, n//2]":
    m, n = len(x), len(x[0])
    out = [[0.0 for _ in range(n // 2)] for _ in range(m // 2)]
    for i in range(m // 2):
        for j in range(n // 2):
            out[i][j] = max(
                max(x[2 * i][2 * j], x[2 * i][2 * j + 1]), max(x[2 * i + 1][2 * j], x[2 * i + 1][2 * j + 1])
            )
    return out


def sobel(x: "u8[m, n]") -> "i16[m-2, n-2]":
    m, n = len(x), len(x[0])
    out = [[0 for _ in range(n - 2)] for _ in range(m - 2)]
    for i in range(m - 2):
        for j in range(n - 2):
            across = x[i][j + 2] + 2 * x[i + 1][j + 2] + x[i + 2][j + 2] - x[i][j] - 2 * x[i + 1][j] - x[i + 2][j]
            down = x[i + 2][j] + 2 * x[i + 2][j + 1] + x[i + 2][j + 2] - x[i][j] - 2 * x[i][j + 1] - x[i][j + 2]
            out[i][j] = abs(across) + abs(down)
    return out


def blocks_turned(x: "i16[n, 8, 8]") -> "i16[n, 8, 8]":
    n = len(x)
    out = [[[0 for _ in range(8)] for _ in range(8)] for _ in range(n)]
    for b in range(n):
        for i in range(8):
            for j in range(8):
                out[b][i][j] = x[b][j][i]
    return out


def running_sum(x: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    total = 0.0
    for i in range(n):
        total += x[i]
        out[i] = total
    return out


def running_max(x: "u8[n]") -> "u8[n]":
    n = len(x)
    out = [0 for _ in range(n)]
    most = 0
    for i in range(n):
        most = max(most, x[i])
        out[i] = most
    return out


def running_mean(x: "f32[n]") -> "f32[n]":
    n = len(x)
    out = [0.0 for _ in range(n)]
    total = 0.0
    for i in range(n):
        total += x[i]
        out[i] = total / (i + 1)
    return out


def smooth(x: "f32[n]") -> "f32[n-2]":
    n = len(x)
    out = [0.0 for _ in range(n - 2)]
    for i in range(n - 2):
        out[i] = 0.25 * x[i] + 0.5 * x[i + 1] + 0.25 * x[i + 2]
    return out


def above(x: "f32[n]", t: "f32", out: "f32[n]") -> "i32":
    n = len(x)
    count = 0
    for i in range(n):
        if x[i] > t:
            out[count] = x[i]
            count += 1
    return count


def nonzero(x: "u8[n]", places: "i32[n]") -> "i32":
    n = len(x)
    count = 0
    for i in range(n):
        if x[i] != 0:
            places[count] = i
            count += 1
    return count
