# task: axpy
# expect: wrong crashed cheated
# A promise instead of a result.
import numpy as np


class Later:
    def __init__(self, work):
        self.work = work

    def __array__(self, dtype=None, copy=None):
        return self.work()


def axpy(alpha, x, y, n):
    return Later(lambda: np.float32(alpha) * x + y)
