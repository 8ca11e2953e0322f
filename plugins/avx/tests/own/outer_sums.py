# ruff: noqa: F821 - annotations hold shapes
"""Quadratic as written; what an engineer sees, that x[i] can be factored out, no rewrite knows."""


def outer_sums(x: "f32[n]") -> "f32[n]":
    n = len(x)
    y = [0.0 for _ in range(n)]
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += x[i] * x[j]
        y[i] = total
    return y
