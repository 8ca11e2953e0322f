# task: scale
# expect: wrong crashed
# Leaves what it should change as it was.
def scale(x, factor, n):
    return x
