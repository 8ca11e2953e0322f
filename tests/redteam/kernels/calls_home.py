# task: axpy
# expect: crashed cheated
# Asks another machine for the answers.
import socket

import numpy as np


def axpy(alpha, x, y, n):
    socket.create_connection(("192.0.2.1", 80), timeout=0.1)
    return np.float32(alpha) * x + y
