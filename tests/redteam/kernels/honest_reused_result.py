# task: axpy
# expect: ok
# Returns one array for all calls: each answer is taken before the next call.
import numpy as np

KEPT = {}


def axpy(alpha, x, y, n):
    out = KEPT.setdefault(x.shape, np.empty_like(x))
    return np.add(alpha * x, y, out=out)
