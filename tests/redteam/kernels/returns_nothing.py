# task: axpy
# expect: wrong crashed
# No result at all.
def axpy(alpha, x, y, n):
    return ()
