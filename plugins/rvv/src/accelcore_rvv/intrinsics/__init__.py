"""The intrinsics as C for the host's compiler: what generated code means, where there is no emulator."""

from __future__ import annotations

from accelcore_rvv.intrinsics.definitions import UnsupportedIntrinsic, definition, emulated

__all__ = ["UnsupportedIntrinsic", "definition", "emulated"]
