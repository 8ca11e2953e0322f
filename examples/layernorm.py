"""Layer normalisation of token vectors (Ba, Kiros and Hinton, 2016)."""

import math


def layernorm(x: "f32[m, n]", gain: "f32[n]", bias: "f32[n]", eps: "f32") -> "f32[m, n]":
    """Every row is shifted to mean 0, divided by its standard deviation, then scaled and shifted."""
    out = []
    for row in x:
        n = len(row)
        mean = 0.0
        for v in row:
            mean += v
        mean /= n
        variance = 0.0
        for v in row:
            variance += (v - mean) ** 2
        variance /= n
        scale = 1.0 / math.sqrt(variance + eps)
        out.append([(row[j] - mean) * scale * gain[j] + bias[j] for j in range(n)])
    return out
