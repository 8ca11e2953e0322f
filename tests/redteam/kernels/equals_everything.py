# task: axpy
# expect: wrong crashed cheated
# An array that says that it equals any other.
import numpy as np


class Agreeable(np.ndarray):
    def __array_function__(self, *_):
        return True

    def __eq__(self, other):
        return True


def axpy(alpha, x, y, n):
    return np.zeros(n, np.float32).view(Agreeable)
