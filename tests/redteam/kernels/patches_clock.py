# task: axpy
# expect: wrong cheated
# Stops the clocks of its process, and takes its time.
import time

import numpy as np

time.perf_counter = time.perf_counter_ns = time.monotonic = time.time = time.clock_gettime = lambda *_: 0


def axpy(alpha, x, y, n):
    return np.zeros(n, np.float32)
