# task: axpy
# expect: wrong cheated crashed
# Puts itself in the way of imports and of the comparison of arrays, then answers with nothing computed.
import builtins
import sys

import numpy as np


class Finder:
    def find_spec(self, name, path=None, target=None):
        return None


sys.meta_path.insert(0, Finder())
np.array_equal = lambda *given, **more: True
np.copyto = lambda *given, **more: None
builtins.all = lambda values: True


def axpy(alpha, x, y, n):
    return np.zeros_like(x)
