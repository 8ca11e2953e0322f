"""SSE4.2, for machines without AVX: 128-bit vectors by the extensions that gcc and clang share.

It needs no tables: compilers turn these vectors into SSE instructions one for one.  The flags name the level of the
x86-64 psABI that has SSE4.2 and nothing wider.
"""

from __future__ import annotations

from accelcore.cgen import VectorIsa

SSE4 = VectorIsa(name="sse4", bits=128, registers=16, flags=("-march=x86-64-v2",))
