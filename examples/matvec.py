"""Matrix-vector product: one token through a linear layer."""


def matvec(weight: "f32[m, n]", x: "f32[n]", out: "f32[m]") -> None:
    """out[i] becomes the product of row i and x; the caller gives the storage."""
    for i in range(len(weight)):
        total = 0.0
        for j, v in enumerate(x):
            total += weight[i][j] * v
        out[i] = total
