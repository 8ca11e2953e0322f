"""AVX-512 and AVX2 target for accelcore."""

from __future__ import annotations

requires_api = 1
