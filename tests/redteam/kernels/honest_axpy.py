# task: axpy
# expect: ok
# As one writes it.
import numpy as np


def axpy(alpha, x, y, n):
    return np.float32(alpha) * x + y
