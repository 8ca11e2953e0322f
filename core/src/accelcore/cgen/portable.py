"""The portable instruction set: the vector extensions of gcc and clang alone, on any CPU."""

from __future__ import annotations

from accelcore.cgen.isa import VectorIsa


def portable(bits: int = 256) -> VectorIsa:
    """Vectors of `bits` bits; the compiler splits what the CPU has no registers for."""
    return VectorIsa(name=f"portable-{bits}", bits=bits, registers=16)


PORTABLE = portable()
