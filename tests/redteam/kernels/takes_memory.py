# task: axpy
# expect: crashed timeout
# Allocates without end.
import numpy as np


def axpy(alpha, x, y, n):
    kept = []
    while True:
        kept.append(np.ones(1 << 24))
