"""Enumerations of `nki.isa`."""

from __future__ import annotations

from enum import Enum, IntEnum


class engine(Enum):
    """Engines of a NeuronCore."""

    tensor = "tensor"
    vector = "vector"
    scalar = "scalar"
    gpsimd = "gpsimd"
    dma = "dma"
    sync = "sync"
    unknown = "unknown"


class reduce_cmd(Enum):
    """Commands to the accumulator registers."""

    idle = "idle"
    reset = "reset"
    reduce = "reduce"
    reset_reduce = "reset_reduce"
    load_reduce = "load_reduce"


class dge_mode(Enum):
    """Who generates the descriptors of a DMA."""

    unknown = "unknown"
    swdge = "swdge"
    hwdge = "hwdge"
    none = "none"


class oob_mode(Enum):
    """What a run-time index outside the tensor does."""

    error = "error"
    skip = "skip"


class matmul_perf_mode(Enum):
    """Performance mode of the tensor engine."""

    none = "none"
    double_row = "double_row"


class dma_engine(Enum):
    """Who moves data between cores."""

    dma = "dma"
    gpsimd_dma = "gpsimd_dma"


class nc_version(IntEnum):
    """Generations of the NeuronCore, in order."""

    gen2 = 2
    gen3 = 3
    gen4 = 4
