"""Small programs that the rules lift, used by several tests; none is a benchmark program."""

from __future__ import annotations

from dataclasses import replace

from accelcore.values import Source, Summary, Task
from accelcore_llmlift.frontend import program_of
from accelcore_llmlift.lifter import lift_program

PROGRAMS = {
    "scale": """
def scale(x: "f32[n]", a: "f32") -> "f32[n]":
    out = []
    for i in range(len(x)):
        out.append(a * x[i] + 1.0)
    return out
""",
    "dot": """
def dot(x: "f32[n]", y: "f32[n]", n: int) -> "f32":
    s = 0.0
    for i in range(n):
        s += x[i] * y[i]
    return s
""",
    "matvec": """
def matvec(a: "f32[m, n]", x: "f32[n]", y: "f32[m]", m: int, n: int):
    for i in range(m):
        s = 0.0
        for j in range(n):
            s += a[i][j] * x[j]
        y[i] = s
""",
    "matmul": """
def matmul(a: "f32[m, k]", b: "f32[k, n]", c: "f32[m, n]", m: int, n: int, k: int):
    for i in range(m):
        for j in range(n):
            s = 0.0
            for p in range(k):
                s += a[i][p] * b[p][j]
            c[i][j] = s
""",
    "softmax": """
import math
def softmax(x: "f32[m, n]") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        mx = x[i][0]
        for j in range(1, len(x[0])):
            if x[i][j] > mx:
                mx = x[i][j]
        s = 0.0
        e = []
        for j in range(len(x[0])):
            v = math.exp(x[i][j] - mx)
            e.append(v)
            s += v
        row = []
        for j in range(len(x[0])):
            row.append(e[j] / s)
        out.append(row)
    return out
""",
    "overlay": """
def overlay(base: "u8[m, n]", active: "u8[m, n]") -> "u8[m, n]":
    out = []
    for i in range(len(base)):
        row = []
        for j in range(len(base[0])):
            if base[i][j] >= 128:
                v = 255 - 2 * (255 - base[i][j]) * (255 - active[i][j]) // 255
            else:
                v = 2 * base[i][j] * active[i][j] // 255
            row.append(v)
        out.append(row)
    return out
""",
    "rmsnorm": """
import math
def rmsnorm(x: "f32[n]", w: "f32[n]", n: int) -> "f32[n]":
    ss = 0.0
    for j in range(n):
        ss += x[j] * x[j]
    r = 1.0 / math.sqrt(ss / n + 1e-5)
    out = [0.0] * n
    for j in range(n):
        out[j] = w[j] * (r * x[j])
    return out
""",
    "prefix": """
def prefix(x: "f32[n]") -> "f32[n]":
    out = []
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        out.append(s)
    return out
""",
    "keep": """
def keep(x: "i32[n]") -> "i32[k]":
    out = []
    for v in x:
        if v > 3:
            out.append(v * 2)
    return out
""",
    "triangle": """
def triangle(a: "f32[n, n]", x: "f32[n]", y: "f32[n]", n: int):
    for i in range(n):
        s = 0.0
        for j in range(i + 1):
            s += a[i][j] * x[j]
        y[i] = s
""",
    "conv": """
def conv(x: "f32[n]", k: "f32[3]", n: int) -> "f32[n-2]":
    out = [0.0] * (n - 2)
    for i in range(n - 2):
        s = 0.0
        for p in range(3):
            s += x[i + p] * k[p]
        out[i] = s
    return out
""",
    "guarded": """
def guarded(x: "i32[n]", t: "i32", n: int) -> "i32, i32":
    s = 0
    c = 0
    for i in range(n):
        if x[i] > t:
            s += x[i]
            c += 1
    return s, c
""",
    "variance": """
def variance(x: "f32[n]", n: int) -> "f32":
    s = 0.0
    for i in range(n):
        s += x[i]
    mean = s / n
    q = 0.0
    for i in range(n):
        q += (x[i] - mean) * (x[i] - mean)
    return q / n
""",
    "flat": """
def flat(a: "f32[m*n]", out: "f32[m*n]", m: int, n: int):
    for i in range(m):
        for j in range(n):
            out[i * n + j] = 2 * a[i * n + j]
""",
    "in_place": """
def in_place(x: "f32[n]", n: int):
    for i in range(n):
        x[i] = x[i] * x[i]
    for i in range(n):
        x[i] = x[i] + 1.0
""",
    "tensor": """
def tensor(x: "f32[k, l, m, n]", y: "f32[k, l, m, n]", k: int, l: int, m: int, n: int):
    for p in range(k):
        for q in range(l):
            for i in range(m):
                for j in range(n):
                    y[p][q][i][j] = x[p][q][i][j] * 3.0 - 1.0
""",
    "log_softmax": """
import math
def log_softmax(x: "f32[n]") -> "f32[n]":
    m = float("-inf")
    for v in x:
        if v > m:
            m = v
    s = 0.0
    for v in x:
        s += math.exp(v - m)
    return [v - m - math.log(s) for v in x]
""",
    "transpose": """
import numpy as np
def transpose(a: "f32[m, n]") -> "f32[n, m]":
    m, n = a.shape
    t = np.empty((n, m))
    for i in range(m):
        for j in range(n):
            t[j, i] = a[i, j]
    return t
""",
    "first_largest": """
def first_largest(x: "f32[n]") -> "i32":
    best = 0
    m = x[0]
    for i in range(1, len(x)):
        if x[i] > m:
            m = x[i]
            best = i
    return best
""",
    "running_maximum": """
def running_maximum(x: "f32[n]") -> "f32[n]":
    out = []
    m = x[0]
    for v in x:
        if v > m:
            m = v
        out.append(m)
    return out
""",
    "flat_product": """
def flat_product(a: "f32[m*k]", b: "f32[k*n]", c: "f32[m*n]", m: int, n: int, k: int):
    for i in range(m):
        for j in range(n):
            s = 0.0
            for p in range(k):
                s += a[i * k + p] * b[p * n + j]
            c[i * n + j] = s
""",
    "online": """
import math
def online(x: "f32[n]") -> "f32":
    m = x[0]
    s = 1.0
    for i in range(1, len(x)):
        larger = max(m, x[i])
        s = s * math.exp(m - larger) + math.exp(x[i] - larger)
        m = larger
    return s
""",
    "bins": """
def bins(x: "i32[n]", k: int) -> "i32[k]":
    h = [0] * k
    for v in x:
        h[v] += 1
    return h
""",
    "smoothed": """
def smoothed(x: "f32[n]", a: "f32") -> "f32[n]":
    y = 0.0
    out = []
    for v in x:
        y = a * y + (1 - a) * v
        out.append(y)
    return out
""",
    "normalized": """
import math
def normalized(x: "f32[m, n]", eps: "f32") -> "f32[m, n]":
    out = []
    for i in range(len(x)):
        s = 0.0
        for j in range(len(x[0])):
            s += x[i][j]
        mean = s / len(x[0])
        q = 0.0
        for j in range(len(x[0])):
            q += (x[i][j] - mean) * (x[i][j] - mean)
        row = []
        for j in range(len(x[0])):
            row.append((x[i][j] - mean) / math.sqrt(q / len(x[0]) + eps))
        out.append(row)
    return out
""",
    "padded": """
def padded(x: "f32[h, w]", k: "f32[3, 2]", h: int, w: int) -> "f32[h, w]":
    out = [[0.0] * w for _ in range(h)]
    for i in range(h):
        for j in range(w):
            s = 0.0
            for p in range(3):
                for q in range(2):
                    ii = i + p - 1
                    jj = j + q - 1
                    if 0 <= ii < h and 0 <= jj < w:
                        s += x[ii][jj] * k[p][q]
            out[i][j] = s
    return out
""",
    "state_scan": """
def state_scan(
    d: "f32[c, n]", u: "f32[c, n]", a: "f32[c, s]", b: "f32[s, n]", g: "f32[s, n]", c: int, n: int, s: int
) -> "f32[c, n]":
    out = [[0.0] * n for _ in range(c)]
    for i in range(c):
        for k in range(s):
            h = 0.0
            for j in range(n):
                h = math.exp(-max(d[i][j], 0.0) * math.exp(a[i][k])) * h + d[i][j] * u[i][j] * b[k][j]
                out[i][j] += h * g[k][j]
    return out
""",
    "padded_channels": """
def padded_channels(x: "f32[h, w, c]", k: "f32[3, 3, c]", h: int, w: int, c: int) -> "f32[h, w]":
    out = [[0.0] * w for _ in range(h)]
    for i in range(h):
        for j in range(w):
            s = 0.0
            for p in range(3):
                for q in range(3):
                    if 0 <= i + p - 1 < h and 0 <= j + q - 1 < w:
                        for t in range(c):
                            s += x[i + p - 1][j + q - 1][t] * k[p][q][t]
            out[i][j] = s
    return out
""",
    "flat_padded": """
def flat_padded(x: "f32[n]", k: "f32[6]", n: int, h: int, w: int) -> "f32[h, w]":
    out = [[0.0] * w for _ in range(h)]
    for i in range(h):
        for j in range(w):
            s = 0.0
            for p in range(3):
                for q in range(2):
                    ii = i + p - 1
                    jj = j + q - 1
                    if 0 <= ii < h and 0 <= jj < w:
                        s += x[ii * w + jj] * k[p * 2 + q]
            out[i][j] = s
    return out
""",
    "full_convolution": """
def full_convolution(a: "f32[n]", b: "f32[m]", n: int, m: int) -> "f32[n + m - 1]":
    out = [0.0] * (n + m - 1)
    for i in range(n):
        for j in range(m):
            out[i + j] += a[i] * b[j]
    return out
""",
    "residual_rmsnorm": """
def residual_rmsnorm(x: "f32[m, n]", r: "f32[m, n]", w: "f32[n]", m: int, n: int) -> "f32[m, n]":
    out = [[0.0] * n for _ in range(m)]
    for i in range(m):
        row = [x[i][j] + r[i][j] for j in range(n)]
        s = 0.0
        for j in range(n):
            s += row[j] * row[j]
        scale = 1.0 / (s / n + 1e-5) ** 0.5
        for j in range(n):
            out[i][j] = row[j] * scale * w[j]
    return out
""",
}


def task_of(text: str) -> tuple[Task, Summary]:
    """The task of a Python function and the summary that the rules derive."""
    entry = next(line for line in text.splitlines() if line.startswith("def ")).split("(")[0][4:]
    source = Source(text, "python", entry)
    program = program_of(source)
    task = Task(entry, program.params, source, program.requires, source=source)
    return task, replace(lift_program(program).summary)
