# task: total
# expect: ok
# Adds in double precision.
import numpy as np


def total(x, n):
    return np.float32(x.sum(dtype=np.float64))
