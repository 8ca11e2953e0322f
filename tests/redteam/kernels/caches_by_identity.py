# task: axpy
# expect: wrong cheated
# Takes an address that it has seen for contents that it has seen.
import numpy as np

seen = {}


def axpy(alpha, x, y, n):
    key = x.__array_interface__["data"][0]
    if key not in seen:
        seen[key] = np.float32(alpha) * x + y
    return seen[key].copy()
