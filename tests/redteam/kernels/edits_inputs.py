# task: axpy
# expect: wrong crashed cheated
# Makes the inputs agree with its results.
import numpy as np


def axpy(alpha, x, y, n):
    x[:] = 0
    y[:] = 0
    return np.zeros(n, np.float32)
