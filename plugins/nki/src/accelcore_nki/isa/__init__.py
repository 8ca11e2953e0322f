"""`nki.isa`: instructions, destination first.  Each checks its operands and records itself."""

from __future__ import annotations

from accelcore_nki.errors import NkiError as NkiValidationError
from accelcore_nki.isa.activations import activate2, activation, activation_reduce, exponential
from accelcore_nki.isa.arithmetic import (
    reciprocal,
    scalar_tensor_tensor,
    tensor_partition_reduce,
    tensor_reduce,
    tensor_scalar,
    tensor_scalar_cumulative,
    tensor_scalar_reduce,
    tensor_tensor,
    tensor_tensor_scan,
)
from accelcore_nki.isa.copies import (
    affine_select,
    dma_compute,
    dma_copy,
    dma_transpose,
    iota,
    local_gather,
    memset,
    nc_n_gather,
    nc_stream_shuffle,
    tensor_copy,
    tensor_copy_predicated,
)
from accelcore_nki.isa.enums import dge_mode, dma_engine, engine, matmul_perf_mode, nc_version, oob_mode, reduce_cmd
from accelcore_nki.isa.functions import (
    bn_aggr,
    bn_stats,
    core_barrier,
    get_nc_version,
    max8,
    nc_find_index8,
    nc_match_replace8,
    nonzero_with_count,
    range_select,
    register_alloc,
    register_load,
    register_move,
    register_store,
    scalar_load,
    scalar_store,
    select_reduce,
    sequence_bounds,
    topk,
)
from accelcore_nki.isa.products import nc_matmul, nc_transpose
from accelcore_nki.registers import VirtualRegister

NkiScalar = VirtualRegister

tensor_copy_dynamic_src = tensor_copy_dynamic_dst = tensor_copy  # before NKI 0.4; views carry run-time offsets
tensor_engine, vector_engine, scalar_engine = engine.tensor, engine.vector, engine.scalar
gpsimd_engine, unknown_engine = engine.gpsimd, engine.unknown
_UNSIMULATED = {
    "nc_matmul_mx": "nc_matmul", "quantize_mx": "tensor_copy", "sendrecv": "dma_copy", "rng": "iota", "rand2": "iota",
    "dropout": "tensor_copy_predicated", "set_rng_seed": "none", "rand_get_state": "none", "rand_set_state": "none",
}  # fmt: skip

__all__ = [
    "NkiValidationError", "VirtualRegister", "activate2", "activation", "activation_reduce", "affine_select",
    "bn_aggr", "bn_stats", "core_barrier", "dge_mode", "dma_compute", "dma_copy", "dma_engine", "dma_transpose",
    "engine", "exponential", "get_nc_version", "iota", "local_gather", "matmul_perf_mode", "max8", "memset",
    "nc_find_index8", "nc_match_replace8", "nc_matmul", "nc_n_gather", "nc_stream_shuffle", "nc_transpose",
    "nc_version", "nonzero_with_count", "oob_mode", "range_select", "reciprocal", "reduce_cmd", "register_alloc",
    "register_load", "register_move", "register_store", "scalar_load", "scalar_store", "scalar_tensor_tensor",
    "select_reduce", "sequence_bounds", "tensor_copy", "tensor_copy_predicated", "tensor_partition_reduce",
    "tensor_reduce", "tensor_scalar", "tensor_scalar_cumulative", "tensor_scalar_reduce", "tensor_tensor",
    "tensor_tensor_scan", "topk",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """An instruction that is not simulated: an error that names the nearest that is."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "constants":
        from accelcore_nki.isa import enums

        return enums
    from accelcore_nki.errors import Unsimulated, unsupported

    if name in _UNSIMULATED:
        return Unsimulated(f"nki.isa.{name}", _UNSIMULATED[name])
    raise unsupported("nki.isa", name, __all__)
