"""All constants of the timing model, by generation, each with where it comes from.

origin: documented (by the vendor), fitted (to published measurements), guessed (nothing is published).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Constant:
    """A number, its unit, how sure it is, and its source."""

    value: float
    unit: str
    origin: Literal["documented", "fitted", "guessed"]
    source: str


@dataclass(frozen=True)
class Constants:
    """What the model knows about one generation.

    clocks: of the engines. initiation: shortest interval between instructions of an engine. access: what reaching
    SBUF or PSUM adds to each instruction of the vector, scalar and GpSimd engines. chain: extra wait of an
    instruction for its predecessor on the same engine. semaphore: wait for another engine. matmul_latency: from the
    last row in to the result in PSUM. dma_*: bandwidth of all DMA engines of a core together, interval between
    DMAs, start-up, cost of a descriptor on one of 16 engines, share of the bandwidth that a transposition reaches.
    reciprocal: cycles an element. gpsimd_start: start-up of iota and its like. fp32_passes: of a float32 product.
    transpose_passes: of a float32 transposition. fast_copy: speed-up of 16-bit SBUF copies; fast_pair: of 16-bit
    two-input operations.
    """

    tensor_clock: Constant
    vector_clock: Constant
    scalar_clock: Constant
    gpsimd_clock: Constant
    dma_bandwidth: Constant
    dma_issue: Constant
    hbm_bandwidth: Constant
    fast_copy: Constant
    fast_pair: Constant
    transpose_passes: Constant
    access: Constant
    initiation: Constant = Constant(64, "cycles", "documented", "NKI 1 instruction cost text: MIN_II")
    chain: Constant = Constant(100, "cycles", "documented", "performance guide: about 100 for serial dependence")
    semaphore: Constant = Constant(150, "ns", "guessed", "not published; 100 to 200 ns assumed")
    matmul_latency: Constant = Constant(192, "cycles", "guessed", "pipeline of 128 rows and 64 to write")
    dma_latency: Constant = Constant(1300, "ns", "documented", "DMA overview: semaphore to start")
    dma_descriptor: Constant = Constant(28, "ns", "guessed", "a short element on one of 16 engines")
    dma_transpose_hbm: Constant = Constant(0.9, "share", "documented", "Trainium2 guide: 90 % from HBM")
    dma_transpose_sbuf: Constant = Constant(0.5, "share", "documented", "Trainium2 guide: 50 % inside SBUF")
    reciprocal: Constant = Constant(2, "cycles", "fitted", "documented 8 contradicts the measured silu kernel")
    gpsimd_start: Constant = Constant(150, "cycles", "documented", "iota, affine_select: 150 + N")
    fp32_passes: Constant = Constant(4, "passes", "documented", "architecture guides: float32 at a quarter")
    launch: Constant = Constant(15, "us", "fitted", "difference of measured and summed time of a short kernel")


def _clock(ghz: float) -> Constant:
    return Constant(ghz, "GHz", "documented", "architecture guide")


def _bandwidth(total: float) -> Constant:
    return Constant(total, "GB/s", "documented", "DMA bandwidth guide, 16 engines of a core")


def _hbm(share: float) -> Constant:
    return Constant(share, "GB/s", "documented", "architecture guide: device total by its cores")


_MEASURED_ISSUE = Constant(500, "ns", "fitted", "tiled trn2 matmul: 66,048 DMAs in 39.89 ms")
_NO_FAST = Constant(1, "times", "documented", "no fast modes on NeuronCore-v2")
_FAST_COPY = Constant(4, "times", "documented", "Trainium2 guide: 16-bit SBUF copies")
_FAST_PAIR = Constant(2, "times", "documented", "Trainium2 guide: 16-bit SBUF tensor_tensor")

_SEEN_ACCESS = Constant(60, "cycles", "fitted", "guide: about 60 cycles; busy time of measured rope and mamba has it")
_HIDDEN_ACCESS = Constant(0, "cycles", "guessed", "guide: about 60 cycles, usually hidden; nothing measured")

CONSTANTS = {
    "trn1": Constants(
        _clock(2.8), _clock(1.12), _clock(1.4), _clock(1.4), _bandwidth(272), _MEASURED_ISSUE, _hbm(410), _NO_FAST,
        _NO_FAST, Constant(2, "passes", "fitted", "4 overshoots the measured attention steps by a fifth"),
        _SEEN_ACCESS,
    ),
    "trn2": Constants(
        _clock(2.4), _clock(0.96), _clock(1.2), _clock(1.2), _bandwidth(368), _MEASURED_ISSUE, _hbm(375), _FAST_COPY,
        _FAST_PAIR, Constant(2, "passes", "documented", "transpose mode: float32 twice as fast"),
        _HIDDEN_ACCESS,
    ),
    "trn3": Constants(
        _clock(2.4), _clock(1.2), _clock(1.2), _clock(1.2), _bandwidth(528), _MEASURED_ISSUE, _hbm(587), _FAST_COPY,
        _FAST_PAIR, Constant(2, "passes", "guessed", "as NeuronCore-v3"), _HIDDEN_ACCESS,
    ),
}  # fmt: skip
