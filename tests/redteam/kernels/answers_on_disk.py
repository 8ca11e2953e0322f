# task: axpy
# expect: crashed cheated wrong
# Keeps answers for the next process.
import numpy as np


def axpy(alpha, x, y, n):
    path = f"/var/tmp/answers-{n}.npy"
    np.save(path, np.float32(alpha) * x + y)
    return np.load(path)
