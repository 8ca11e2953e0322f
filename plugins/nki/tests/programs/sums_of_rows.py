"""Adds two vectors on a NeuronCore."""

import argparse
import numpy as np
import nki
import nki.isa as nisa
import nki.language as nl


@nki.jit
def add_kernel(a_input, b_input):
    """Element-wise add; rows beyond 128 are tiled."""
    assert a_input.shape == b_input.shape
    c_output = nl.ndarray(a_input.shape, dtype=a_input.dtype, buffer=nl.shared_hbm)
    rows, cols = a_input.shape
    P = nl.tile_size.pmax
    for i in nl.affine_range((rows + P - 1) // P):
        lo, hi = i * P, min((i + 1) * P, rows)
        a_tile = nl.ndarray((hi - lo, cols), dtype=a_input.dtype, buffer=nl.sbuf)
        b_tile = nl.ndarray((hi - lo, cols), dtype=b_input.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=a_tile, src=a_input[lo:hi, :])
        nisa.dma_copy(dst=b_tile, src=b_input[lo:hi, :])
        c_tile = nl.ndarray((hi - lo, cols), dtype=a_input.dtype, buffer=nl.sbuf)
        nisa.tensor_tensor(dst=c_tile, data1=a_tile, data2=b_tile, op=nl.add)
        nisa.dma_copy(dst=c_output[lo:hi, :], src=c_tile)
    return c_output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--cols", type=int, default=64)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    a = rng.standard_normal((args.rows, args.cols)).astype(np.float32)
    b = rng.standard_normal((args.rows, args.cols)).astype(np.float32)
    c = add_kernel(a, b)
    print(f"max error {np.abs(c - (a + b)).max()}")
    assert np.allclose(c, a + b)
    print("PASSED")


if __name__ == "__main__":
    main()
