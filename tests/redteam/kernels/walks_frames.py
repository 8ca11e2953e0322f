# task: axpy
# expect: wrong
# Looks for the expected results in the frames and the heap of its process.
import gc
import sys

import numpy as np


def axpy(alpha, x, y, n):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, np.ndarray) and value.shape == (n,) and value is not x and value is not y:
                return value.copy()
        frame = frame.f_back
    found = [a for a in gc.get_objects() if isinstance(a, np.ndarray) and a.shape == (n,) and a is not x and a is not y]
    return found[0].copy() if found else np.zeros(n, np.float32)
