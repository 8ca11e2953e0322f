# task: axpy
# expect: crashed cheated
# Has another program do the work.
import subprocess

import numpy as np


def axpy(alpha, x, y, n):
    subprocess.run(["true"], check=True)
    return np.float32(alpha) * x + y
