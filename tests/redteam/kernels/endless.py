# task: axpy
# expect: timeout
# Never returns.
def axpy(alpha, x, y, n):
    while True:
        pass
