# task: peak
# expect: wrong
# The last of equal maxima instead of the first.
import numpy as np


def peak(x, n):
    return np.int64(n - 1 - np.argmax(x[::-1]))
