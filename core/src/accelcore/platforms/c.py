"""The portable C target: vectors by the extensions that gcc and clang share, on any CPU.

accelcore compile loops.py --target c:bits=256
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from accelcore.cgen.isa import VectorIsa
from accelcore.cgen.native import NativeEvaluator
from accelcore.cgen.portable import portable
from accelcore.cgen.scheduled import ScheduledTarget
from accelcore.errors import UsageError
from accelcore.values import Machine

_WIDTHS = (128, 256, 512)


@dataclass(frozen=True)
class CTarget(ScheduledTarget):
    """Portable C with vector extensions; the compiler splits vectors that the CPU has no registers for."""

    name: ClassVar[str] = "c"
    about: ClassVar[str] = "portable C with gcc/clang vector extensions"

    bits: int = field(default=0, metadata={"help": "vector width: 128, 256, 512; 0 chooses by the CPU"})

    def __post_init__(self) -> None:
        if self.bits not in (0, *_WIDTHS):
            raise UsageError(f"vector width {self.bits}", hint=f"one of {', '.join(map(str, _WIDTHS))}, or 0")

    def vectors(self) -> VectorIsa:
        """Vectors as wide as the CPU's own, where that is known."""
        return portable(self.bits or _native_bits())

    def machine(self) -> Machine:
        """The processor's name; peaks are measured by targets that know its instructions."""
        from accelcore.cgen.toolchain import cpu_name

        return Machine(cpu_name())


def _native_bits() -> int:
    from accelcore.cgen.toolchain import cpu_features

    found = cpu_features()
    return 512 if "avx512f" in found else 256 if "avx2" in found else 128


@dataclass(frozen=True)
class CEvaluator(NativeEvaluator):
    """Compiles and runs portable C here."""

    name: ClassVar[str] = "c-native"
    about: ClassVar[str] = "compiles C with the compilers found and runs it here, in a sandboxed child"
    target: ClassVar[str] = "c"
