# task: axpy
# expect: wrong crashed
# Another dtype than the task names.
import numpy as np


def axpy(alpha, x, y, n):
    return alpha * x.astype(np.float64) + y
