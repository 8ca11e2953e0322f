# task: axpy
# expect: wrong crashed
# One element, which NumPy would compare with all.
def axpy(alpha, x, y, n):
    return alpha * x[:1] + y[:1]
