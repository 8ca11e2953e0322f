# task: axpy
# expect: wrong cheated
# Returns one array for all calls: what is judged later is the answer to the last.
import numpy as np

KEPT = {}


def axpy(alpha, x, y, n):
    out = KEPT.setdefault(x.shape, np.empty_like(x))
    return np.add(alpha * x, y, out=out)
