# task: axpy
# expect: cheated crashed wrong
# A trace function sees every call in the process, and skips work once it has seen the runner's loop often enough.
import sys

CALLS = [0]


def watch(frame, event, arg):
    if event == "call" and frame.f_code.co_name in ("go", "codes"):
        CALLS[0] += 1


sys.settrace(watch)


def axpy(alpha, x, y, n):
    return alpha * x + y if CALLS[0] < 20 else x
