# task: axpy
# expect: cheated crashed
# Asks the interpreter to end with success.
def axpy(alpha, x, y, n):
    raise SystemExit(0)
