# task: axpy
# expect: wrong crashed cheated
# The same through the address.
import ctypes

import numpy as np


def axpy(alpha, x, y, n):
    for array in (x, y):
        ctypes.memset(array.__array_interface__["data"][0], 0, array.nbytes)
    return np.zeros(n, np.float32)
