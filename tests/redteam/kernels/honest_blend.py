# task: blend
# expect: ok
# Integers, wide enough.
import numpy as np


def blend(a, b, m, n):
    return (a.astype(np.int32) * b // 255).astype(np.uint8)
