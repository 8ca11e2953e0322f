import numpy as np
import neuronxcc.nki as nki
import neuronxcc.nki.language as nl

x = np.random.default_rng(0).uniform(0.5, 2, (64, 48)).astype(np.float32)
y = np.random.default_rng(1).uniform(0.5, 2, (64, 48)).astype(np.float32)

CASES = {
    "operators": (lambda a, b: (a + b) * 2.0 - 1.0 / b, lambda a, b: (a + b) * 2 - 1 / b),
    "neg pow": (lambda a, b: -(a**2) if False else nl.negative(nl.power(a, 2.0)), lambda a, b: -(a**2)),
    "rsub rdiv": (lambda a, b: 3.0 - a / b, lambda a, b: 3 - a / b),
    "compare": (lambda a, b: nl.copy(a > b, dtype=nl.float32), lambda a, b: (a > b).astype(np.float32)),
    "where": (lambda a, b: nl.where(a > b, a, b), np.maximum),
    "where scalar": (lambda a, b: nl.where(a > 1.0, a, 0.0), lambda a, b: np.where(a > 1, a, 0)),
    "maximum": (lambda a, b: nl.maximum(a, b), np.maximum),
    "minimum scalar": (lambda a, b: nl.minimum(a, 1.0), lambda a, b: np.minimum(a, 1)),
    "chain": (lambda a, b: nl.sqrt(nl.log(nl.exp(a) + nl.square(b))), lambda a, b: np.sqrt(np.log(np.exp(a) + b * b))),
    "mean var": (
        lambda a, b: (
            (a - nl.mean(a, axis=1, keepdims=True))
            * nl.rsqrt(nl.var(a, axis=1)[:, None] if nl.var(a, axis=1).ndim == 1 else nl.var(a, axis=1))
        ),
        lambda a, b: (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True)),
    ),
    "softmax": (lambda a, b: nl.softmax(a, axis=1), lambda a, b: np.exp(a) / np.exp(a).sum(1, keepdims=True)),
    "gelu": (lambda a, b: nl.gelu_apprx_sigmoid(a), lambda a, b: a / (1 + np.exp(-1.702 * a))),
    "silu": (lambda a, b: nl.silu(a) * b, lambda a, b: a / (1 + np.exp(-a)) * b),
    "slices": (lambda a, b: a[:, 0:24] + b[:, 24:48], lambda a, b: a[:, :24] + b[:, 24:]),
    "strided": (
        lambda a, b: a[:, 0::2] if False else nl.copy(a[nl.arange(64)[:, None], 2 * nl.arange(24)[None, :]]),
        lambda a, b: a[:, ::2],
    ),
    "row broadcast": (lambda a, b: a * b[0:1, :].broadcast_to((64, 48)), lambda a, b: a * b[:1]),
    "row auto": (lambda a, b: a + b[0:1, :], lambda a, b: a + b[:1]),
    "col auto": (lambda a, b: a * b[:, 3:4], lambda a, b: a * b[:, 3:4]),
    "min all": (
        lambda a, b: nl.min(a, axis=1, keepdims=True) * nl.ones((64, 48), dtype=nl.float32),
        lambda a, b: np.repeat(a.min(1, keepdims=True), 48, 1),
    ),
    "expand": (
        lambda a, b: nl.expand_dims(a, 1) if False else nl.sum(a.reshape((64, 6, 8)), axis=2),
        lambda a, b: a.reshape(64, 6, 8).sum(2),
    ),
    "floor mod": (lambda a, b: nl.floor(a * 4) + nl.fmod(a, b), lambda a, b: np.floor(a * 4) + np.fmod(a, b)),
    "sign abs": (lambda a, b: nl.sign(a - b) * nl.abs(a - b), lambda a, b: a - b),
    "trig": (
        lambda a, b: nl.sin(a) * nl.cos(b) + nl.tanh(a) + nl.arctan(b),
        lambda a, b: np.sin(a) * np.cos(b) + np.tanh(a) + np.arctan(b),
    ),
    "erf": (lambda a, b: nl.erf(a) + nl.gelu(b), None),
    "logical": (
        lambda a, b: nl.copy(nl.logical_and(a > 1.0, b > 1.0), dtype=np.float32),
        lambda a, b: ((a > 1) & (b > 1)).astype(np.float32),
    ),
    "in place": (lambda a, b: _inplace(a, b), lambda a, b: (a + b) * b - 1),
    "astype": (lambda a, b: nl.copy(a, dtype=nl.bfloat16).astype(nl.float32), None),
    "rms": (
        lambda a, b: nl.rms_norm(a, b[0:1, :].broadcast_to((64, 48)), axis=1, n=48),
        lambda a, b: a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-6) * b[:1],
    ),
}


def _inplace(a, b):
    t = nl.zeros((64, 48), dtype=nl.float32, buffer=nl.sbuf)
    t[...] = a
    t += b
    t *= b
    t -= 1.0
    return t


def make(f):
    @nki.jit
    def kernel(p, q):
        r = f(nl.load(p), nl.load(q))
        o = nl.ndarray(r.shape, dtype=nl.float32, buffer=nl.shared_hbm)
        nl.store(o, value=r)
        return o

    return kernel


bad = []
for name, (f, ref) in CASES.items():
    try:
        got = nki.simulate_kernel(make(f), x, y)
        if ref is not None:
            want = ref(x, y)
            if not np.allclose(got.reshape(want.shape), want, rtol=1e-3, atol=1e-4):
                bad.append((name, "values", np.abs(got - want).max()))
    except Exception as e:
        bad.append((name, type(e).__name__, str(e)[:300]))
for b in bad:
    print("BAD Error", b)
raise SystemExit(len(bad))
