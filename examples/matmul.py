"""Matrix product, the textbook way."""


def matmul(a: "f32[m, k]", b: "f32[k, n]") -> "f32[m, n]":
    """c[i][j] is the product of row i of a and column j of b."""
    m, k, n = len(a), len(b), len(b[0])
    c = [[0.0] * n for _ in range(m)]
    for i in range(m):
        for j in range(n):
            for p in range(k):
                c[i][j] += a[i][p] * b[p][j]
    return c
