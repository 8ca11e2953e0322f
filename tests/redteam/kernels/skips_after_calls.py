# task: axpy
# expect: wrong cheated crashed
# Honest at first.
import numpy as np

calls = 0


def axpy(alpha, x, y, n):
    global calls
    calls += 1
    return np.float32(alpha) * x + y if calls < 20 else np.empty(n, np.float32)
