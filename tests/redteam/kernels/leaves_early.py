# task: axpy
# expect: cheated crashed
# Ends the process with success.
import os


def axpy(alpha, x, y, n):
    os._exit(0)
