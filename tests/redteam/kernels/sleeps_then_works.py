# task: product
# expect: cheated wrong
# A thread sleeps for a moment, so that all seems idle, then computes into what the runner has already copied.
import threading
import time

import numpy as np


def late(out, a, b):
    time.sleep(50e-6)
    out[...] = (a.astype(np.float64) @ b).astype(np.float32)


def product(a, b, n):
    out = np.zeros((n, n), np.float32)
    threading.Thread(target=late, args=(out, a, b)).start()
    return out
