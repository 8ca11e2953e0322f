# task: axpy
# expect: wrong cheated crashed
# Returns first, computes later.
import threading

import numpy as np


def axpy(alpha, x, y, n):
    out = np.zeros(n, np.float32)

    def work():
        out[:] = np.float32(alpha) * x + y

    threading.Timer(0.002, work).start()
    return out
