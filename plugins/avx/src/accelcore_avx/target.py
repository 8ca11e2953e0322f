"""Target "avx": scheduled loops as AVX-512 or AVX2 intrinsics, or as vectors for SSE4, by what the CPU has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from accelcore.cgen import VectorIsa
from accelcore.cgen.native import NativeEvaluator
from accelcore.cgen.scheduled import ScheduledTarget
from accelcore.cgen.toolchain import cpu_features, cpu_name
from accelcore.loops.unit import VectorUnit
from accelcore.values import Machine

_NEEDS = {
    "avx512": frozenset({"avx512f", "avx512bw", "avx512vl", "avx512dq", "bmi2"}),
    "avx2": frozenset({"avx2", "fma", "bmi2", "f16c"}),
    "sse4": frozenset({"sse4_1", "sse4_2", "ssse3"}),
}
_NEEDS["avx512vnni"] = _NEEDS["avx512"] | {"avx512_vnni"}


def best(features: frozenset[str]) -> str:
    """The widest vectors that a CPU with these features has, "avx512", "avx2" or "sse4"; "" for none."""
    return next((name for name in ("avx512", "avx2", "sse4") if _NEEDS[name] <= features), "")


def lacking(isa: str, features: frozenset[str]) -> str:
    """Why a CPU with these features does not run `isa`; "" when it does."""
    if isa == "auto":
        return "" if best(features) else "an x86-64 CPU with SSE4.2: use --target c here"
    absent = _NEEDS[isa] - features
    return f"a CPU with {', '.join(sorted(absent))}: use --target c, or avx:isa=auto" if absent else ""


@dataclass(frozen=True)
class AvxTarget(ScheduledTarget):
    """C with intrinsics for x86-64."""

    name: ClassVar[str] = "avx"
    about: ClassVar[str] = "AVX-512 or AVX2 intrinsics in C"

    isa: Literal["auto", "avx512vnni", "avx512", "avx2", "sse4"] = field(
        default="auto", metadata={"help": "instruction set: auto takes all that the CPU has"}
    )

    @property
    def knowledge(self) -> Path:
        """Facts for people and models."""
        return Path(__file__).parent / "knowledge"

    @property
    def chosen(self) -> str:
        """The instruction set that is emitted; AVX-512 where none is known to run, for reading only."""
        return self.isa if self.isa != "auto" else best(cpu_features()) or "avx512"

    def missing(self) -> Sequence[str]:
        """A compiler, or a CPU that runs the instruction set."""
        reason = lacking(self.isa, cpu_features())
        return [*super().missing(), *([reason] if reason else [])]

    def vectors(self) -> VectorIsa:
        """The instruction tables."""
        from accelcore_avx.avx2 import AVX2
        from accelcore_avx.avx512 import AVX512
        from accelcore_avx.dots import with_dots
        from accelcore_avx.sse4 import SSE4

        if self.chosen == "sse4":
            return SSE4
        if self.chosen == "avx2":
            return AVX2
        return with_dots(AVX512, cpu_features() if self.isa == "auto" else _NEEDS[self.isa])

    def unit(self) -> VectorUnit:
        """The vector unit with this machine's caches, where the system tells them."""
        from accelcore_avx.machine import cache_sizes

        near = dict(cache_sizes())
        unit = super().unit()
        return replace(unit, l1=near.get("L1", unit.l1), l2=near.get("L2", unit.l2))

    def flags(self) -> str:
        """Everything that the CPU has; for a narrower set than its widest, no more than that."""
        return "-march=native" if self.isa == "auto" else " ".join((*self.vectors().flags, "-mtune=native"))

    def machine(self) -> Machine:
        """Peaks and bandwidths of one thread, measured once and kept in the user's cache folder; the name for SSE."""
        from accelcore_avx.machine import measured

        return Machine(cpu_name()) if self.chosen == "sse4" else measured("avx2" if self.chosen == "avx2" else "avx512")


@dataclass(frozen=True)
class AvxEvaluator(NativeEvaluator):
    """Compiles C with intrinsics and runs it on this CPU."""

    name: ClassVar[str] = "avx-native"
    about: ClassVar[str] = "compiles with gcc, clang or zig and runs on this CPU, in a sandboxed child"
    target: ClassVar[str] = "avx"

    def missing(self) -> Sequence[str]:
        """A compiler, or a CPU with AVX2 at least."""
        reason = lacking("auto", cpu_features())
        return [*super().missing(), *([reason] if reason else [])]
