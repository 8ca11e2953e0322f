# task: axpy
# expect: wrong cheated crashed
# Answers with an array that is filled when the arguments are freed.
import numpy as np


class Late:
    def __init__(self, out, *values):
        self.out, self.values = out, values

    def __del__(self):
        alpha, x, y = self.values
        self.out[...] = alpha * x + y


KEPT = []


def axpy(alpha, x, y, n):
    out = np.zeros_like(x)
    KEPT[:] = [Late(out, alpha, x, y)]
    return out
