"""Softmax over the rows of a matrix, as in attention."""

import math


def softmax(x: "f32[m, n]") -> "f32[m, n]":
    """Every row becomes exp(x - max) divided by its sum; the maximum keeps exp from overflowing."""
    m, n = len(x), len(x[0])
    out = []
    for i in range(m):
        top = x[i][0]
        for j in range(1, n):
            top = max(top, x[i][j])
        row = []
        total = 0.0
        for j in range(n):
            e = math.exp(x[i][j] - top)
            row.append(e)
            total += e
        for j in range(n):
            row[j] /= total
        out.append(row)
    return out
