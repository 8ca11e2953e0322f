import numpy as np
import nki
from nki import isa as nisa, language as nl


def body_count(n_hbm, x):
    n_sb = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(dst=n_sb, src=n_hbm)
    n = nisa.register_alloc()
    nisa.register_load(n, n_sb)
    acc = nl.zeros((x.shape[0], x.shape[1]), dtype=nl.float32, buffer=nl.sbuf)
    xs = nl.load(x)
    for _ in nl.dynamic_range(n):
        nisa.tensor_tensor(acc, acc, xs, op=nl.add)
    out = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
    nl.store(out, acc)
    return out


k = nki.jit(body_count)


@nki.jit
def fori(x):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    t = nl.load(x)

    def step(i):
        nisa.tensor_scalar(t, t, nl.multiply, 2.0)

    nl.fori_loop(0, 3, step)
    nl.store(dst=out, value=t)
    return out


@nki.jit
def collatz(n0):
    s = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.sbuf)
    nisa.dma_copy(s, n0)
    r = nisa.register_alloc()
    nisa.register_load(r, s)
    steps = nl.zeros((1, 1), nl.int32, buffer=nl.sbuf)
    while r:
        nisa.tensor_scalar(s, s, nl.subtract, 1)
        nisa.tensor_scalar(steps, steps, nl.add, 1)
        nisa.register_load(r, s)
    out = nl.ndarray((1, 1), dtype=nl.int32, buffer=nl.shared_hbm)
    nisa.dma_copy(out, steps)
    return out


x = np.ones((4, 4), np.float32)
assert (k(np.array([[5]], np.int32), x) == 5).all()
assert (fori(x) == 8).all()
assert collatz(np.array([[7]], np.int32))[0, 0] == 7
print("loops ok")
