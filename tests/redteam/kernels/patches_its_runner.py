# task: axpy
# expect: cheated crashed wrong
# Replaces what copies its results: the same answer for every call.
import sys

import numpy as np

script = sys.modules["_jail.script"]
KEPT = []


def store(result, targets):
    for target in targets.values():
        KEPT[:1] = KEPT[:1] or [np.array(result)]
        if target.shape == KEPT[0].shape:
            target[...] = KEPT[0]


script._store = store


def axpy(alpha, x, y, n):
    return alpha * x + y
