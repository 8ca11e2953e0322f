"""RVV 1.0 as data: the instructions and data movements that the C emitter writes.

Names and meanings are from the RISC-V vector intrinsics specification, v1.0.  `RVV` is length-agnostic: its lanes are
counted per 64 bits of VLEN (`registers`), and every intrinsic works on the first `ac_vl` elements.
"""

from __future__ import annotations

from dataclasses import replace

from accelcore.cgen import VectorIsa
from accelcore_rvv.tables import arithmetic, conversions, mathematics, memory, narrow, records, widening
from accelcore_rvv.tables.registers import COUNTS, FLOATS, INTEGERS, LARGEST, ctype, mask, shapes

RVV = VectorIsa(
    name="rvv",
    bits=64,
    masks="opaque",
    widens=True,
    registers=32,
    most=LARGEST,
    headers=("stddef.h", "riscv_vector.h"),
    flags=("-march=rv64gcv",),
    types={
        **{(dtype, lanes): ctype(dtype, lanes) for dtype, lanes in shapes((*FLOATS, *INTEGERS))},
        **{("bool", lanes): f"v{mask(lanes)}_t".replace("vb", "vbool") for lanes in COUNTS},
    },
    moves=memory.moves(),
    helpers={**memory.HELPERS, **mathematics.helpers()},
    instructions=tuple(
        one for part in (arithmetic, conversions, mathematics, narrow, widening) for one in part.instructions()
    ),
)

SPLITTING = replace(RVV, moves={**RVV.moves, **records.moves()}, helpers={**RVV.helpers, **records.helpers()})
"""The same for CPUs whose segment accesses are slow."""

__all__ = ["RVV", "SPLITTING"]
