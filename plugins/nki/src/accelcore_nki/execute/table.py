"""Which function executes which instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from accelcore_nki.execute import maths, moves

if TYPE_CHECKING:
    from accelcore_nki.execute.memory import Memory
    from accelcore_nki.recorder import Instruction

_MOVES = (
    moves.dma_copy, moves.dma_transpose, moves.dma_compute, moves.tensor_copy, moves.memset, moves.iota,
    moves.affine_select, moves.tensor_copy_predicated, moves.nc_stream_shuffle, moves.nc_n_gather, moves.local_gather,
    moves.register_move, moves.register_load, moves.register_store,
)  # fmt: skip
_MATHS = (
    maths.nc_matmul, maths.nc_transpose, maths.tensor_tensor, maths.tensor_scalar, maths.scalar_tensor_tensor,
    maths.tensor_reduce, maths.tensor_partition_reduce, maths.tensor_scalar_reduce, maths.activate, maths.exponential,
    maths.reciprocal, maths.tensor_tensor_scan, maths.tensor_scalar_cumulative, maths.bn_stats, maths.bn_aggr,
    maths.range_select, maths.select_reduce, maths.max8, maths.nc_find_index8, maths.nc_match_replace8,
    maths.topk, maths.sequence_bounds, maths.activate2, maths.nonzero_with_count,
)  # fmt: skip

TABLE: dict[str, Callable[[Memory, Instruction], None]] = {f.__name__: f for f in (*_MOVES, *_MATHS)}
TABLE["activation"] = maths.activate
