# task: product
# expect: cheated wrong crashed
# Where several calls are asked for at once, a thread that seems idle when the clock stops computes them after it.
import sys
import threading
import time

import numpy as np

frame = sys._getframe()
while "actions" not in frame.f_locals:
    frame = frame.f_back
actions, guest = frame.f_locals["actions"], frame.f_locals["guest"]
work = actions[b"G"]


def late(payload):
    time.sleep(50e-6)
    work(payload)


def go(payload):
    if guest.count == 1:
        return work(payload)
    threading.Thread(target=late, args=(payload,)).start()
    return b""


actions[b"G"] = go


def product(a, b, n):
    return (a.astype(np.float64) @ b).astype(np.float32)
