#!/usr/bin/env python3
"""One entry point, many variants: environment variables, argparse, match statements, timing by hand."""

import argparse
import os
import sys
import time
import warnings

import numpy as np

try:
    import torch
except ImportError:
    torch = None

import nki
import nki.isa as nisa
import nki.language as nl

ACTIVATIONS = {"relu": nl.relu, "gelu": nl.gelu, "silu": nl.silu, "tanh": nl.tanh, "sigmoid": getattr(nl, "sigmoid")}
REFERENCE = {
    "relu": lambda v: np.maximum(v, 0),
    "silu": lambda v: v / (1 + np.exp(-v)),
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
}


@nki.jit(platform_target="trn2")
def apply(x, name="relu", scale: float = 1.0, engine=nisa.engine.unknown):
    out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
    rows, columns = x.shape
    step = int(os.environ.get("TILE_COLUMNS", "128"))
    for i in nl.affine_range(-(-rows // nl.tile_size.pmax)):
        lo = i * nl.tile_size.pmax
        hi = min(lo + nl.tile_size.pmax, rows)
        for j in nl.affine_range(-(-columns // step)):
            size = min(step, columns - j * step)
            here = nl.ds(j * step, size)
            tile = nl.ndarray((hi - lo, size), dtype=x.dtype, buffer=nl.sbuf)
            nisa.dma_copy(dst=tile, src=x[lo:hi, here])
            match name, engine:
                case ("relu", nisa.engine.vector):
                    nisa.tensor_scalar(tile, tile, nl.multiply, scale, op1=nl.maximum, operand1=0.0)
                case (str(), _):
                    nisa.activation(tile, ACTIVATIONS[name], tile, scale=scale)
            nisa.dma_copy(dst=out[lo:hi, here], src=tile)
    return out


def parse(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--only", choices=sorted(REFERENCE), nargs="*", default=sorted(REFERENCE))
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse(argv)
    os.environ.setdefault("TILE_COLUMNS", "96")
    x = np.random.RandomState(7).randn(args.rows, args.columns).astype(np.float32)
    worst = 0.0
    for name in args.only:
        begin = time.perf_counter()
        got = apply(x, name=name, scale=0.5)
        took = time.perf_counter() - begin
        worst = max(worst, float(np.abs(got - REFERENCE[name](0.5 * x)).max()))
        if args.verbose:
            print(f"{name:>10}: {took * 1e3:8.2f} ms")
    np.testing.assert_allclose(apply(x, scale=2.0, engine=nisa.engine.vector), np.maximum(2 * x, 0), rtol=1e-6)
    if torch is not None:
        warnings.warn("torch is here, but not needed", stacklevel=1)
    print(f"max error {worst:.2e}")
    return int(worst > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
