"""Target "rvv": scheduled loops as length-agnostic RISC-V vector intrinsics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from accelcore.cgen import VectorIsa
from accelcore.cgen.baseline import plain_c
from accelcore.cgen.scheduled import ScheduledTarget, lowered
from accelcore.errors import UsageError
from accelcore.loops.unit import VectorUnit
from accelcore.values import Kernel, Machine, Memory, Move, Summary, Task
from accelcore_rvv import toolchain
from accelcore_rvv.cpus import CPUS, VLENS, Cpu
from accelcore_rvv.toolchain import ARCH

BASELINES = {"-O3": f"-O3 -march={ARCH}", "-O3 -ffast-math": f"-O3 -march={ARCH} -ffast-math"}


@dataclass(frozen=True)
class RvvTarget(ScheduledTarget):
    """C with intrinsics of RVV 1.0 that runs at any vector length."""

    name: ClassVar[str] = "rvv"
    about: ClassVar[str] = "RISC-V vector intrinsics in C, for any vector length"

    vlen: int = field(default=256, metadata={"help": f"bits of a vector register where costs are counted: {VLENS}"})
    cpu: str = field(default="spacemit-x60", metadata={"help": f"CPU whose time is modelled: {', '.join(CPUS)}"})

    def __post_init__(self) -> None:
        if self.cpu not in CPUS:
            raise UsageError(f"no model of the CPU {self.cpu!r}", hint=f"one of {', '.join(CPUS)}")
        if self.vlen not in VLENS:
            raise UsageError(f"vlen={self.vlen} is not tried here", hint=f"one of {', '.join(map(str, VLENS))}")

    @property
    def knowledge(self) -> Path:
        """Facts for people and models."""
        return Path(__file__).parent / "knowledge"

    @property
    def foreign(self) -> tuple[str, str]:
        """What exports are compiled and run with; the names stand for whatever versions a machine has."""
        found = toolchain.crosses()
        name = found[0].compiler.name if found else "clang"
        linker = f"ld.lld{name.removeprefix('clang')}"
        compiler = f"{name} --target=riscv64-linux-gnu -static --ld-path=$(shell command -v {linker})"
        return compiler, f"qemu-riscv64 -cpu rv64,v=true,vlen={self.vlen},vext_spec=v1.0"

    @property
    def model(self) -> Cpu:
        """The CPU whose time is modelled."""
        return CPUS[self.cpu]

    def vectors(self) -> VectorIsa:
        """The instruction tables."""
        from accelcore_rvv.tables import RVV, SPLITTING

        return RVV if self.model.segments else SPLITTING

    def flags(self) -> str:
        """The architecture."""
        return f"-march={ARCH}"

    def missing(self) -> Sequence[str]:
        """A cross compiler."""
        return toolchain.missing()

    def machine(self) -> Machine:
        """Peaks of one core at a usual clock; memories without bandwidths, since no cache is modelled."""
        cpu = self.model
        rate = cpu.hertz * cpu.pipes * cpu.dlen
        peaks = (("f32", 2 * rate / 32), ("f64", 2 * rate / 64), ("i8", 2 * rate / 8))
        facts = (("cpu", cpu.name), ("vlen", str(self.vlen)), ("model", cpu.about))
        return Machine(f"{cpu.name}, modelled", peaks, (Memory("L1", 32 << 10, 0.0),), facts)

    def unit(self) -> VectorUnit:
        """What the loop language needs to know of the machine."""
        from accelcore_rvv.moves import unit

        return unit(self.vlen)

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """Rewrites of loops, register grouping first, then flags."""
        from accelcore_rvv.moves import moves

        if not isinstance(task.reference, Summary) or not self.derives(task, kernel):
            return ()
        sizes = dict(task.sizes[0]) if task.sizes else None
        texts = moves(self.program(task, kernel.schedule), self.vlen, sizes)
        return (*(Move(text, about) for text, about in texts), *self.build_moves(kernel))

    def build_moves(self, kernel: Kernel) -> list[Move]:
        """Other compilers and optimisation levels."""
        build = dict(kernel.build)
        names = [one.compiler.name for one in toolchain.crosses()]
        now = build.get("cc") or (names[0] if names else "")
        found = [Move(f"build(cc, {name})", f"compile with {name}") for name in names if name != now]
        flags = f"-O3 {self.flags()}"
        if build.get("flags") != flags:
            found.append(Move(f"build(flags, {flags})", "compile at -O3"))
        return found

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """The plain loops, vectorised by the compiler."""
        if not isinstance(task.reference, Summary):
            return {}
        text = plain_c(lowered(task))
        found: dict[str, Kernel] = {}
        for one in toolchain.crosses()[:1]:
            for label, flags in BASELINES.items():
                build = (("cc", one.compiler.name), ("flags", flags))
                found[f"{one.compiler.name} {label}"] = Kernel(text, "c", f"ac_{task.name}", (), build)
        return found
