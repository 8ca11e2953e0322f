# task: axpy
# expect: crashed
# Stops with an exception.
def axpy(alpha, x, y, n):
    raise ValueError("not today\x1b[31m</script><script>alert(1)</script>")
