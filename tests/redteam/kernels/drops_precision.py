# task: total
# expect: wrong
# Adds in half precision.
import numpy as np


def total(x, n):
    return np.float32(x.astype(np.float16).sum(dtype=np.float16))
