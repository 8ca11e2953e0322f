"""Evaluator "rvv-host": where there is no emulator, kernels run on this machine with their intrinsics written out in C.

It gives a verdict and no cost: what a kernel computes is checked, at VLEN 128, 256, 512 and 1024 in turn (which one is
decided by the sizes of a call, so that the same call is the same every time), but nothing is known of its time.  No
compiler for RISC-V has seen the kernel then, so its grade is TESTED also where it was derived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from accelcore.cgen.binding import adapted
from accelcore.cgen.native import NativeEvaluator, refused
from accelcore.errors import AccelcoreError
from accelcore.values import (
    AbiArg,
    Artifact,
    Cost,
    Evaluation,
    Fidelity,
    Kernel,
    Limits,
    Role,
    Status,
    Task,
    abi_arguments,
)
from accelcore_rvv.build import C_TYPES
from accelcore_rvv.cpus import VLENS
from accelcore_rvv.intrinsics import emulated

if TYPE_CHECKING:
    import numpy as np

    from accelcore.protocols import Runner

_FLAGS = "-O1 -fwrapv"


@dataclass(frozen=True)
class RvvHostEvaluator(NativeEvaluator):
    """Compiles a kernel for this machine, its vector intrinsics as loops over structures."""

    name: ClassVar[str] = "rvv-host"
    about: ClassVar[str] = "intrinsics written out in C and run here: a verdict at four vector lengths, no cost"
    target: ClassVar[str] = "rvv"
    fidelity: ClassVar[Fidelity] = Fidelity.INTERPRETED

    def fingerprint(self) -> str:
        """No time depends on the machine: there is none."""
        lengths = ", ".join(map(str, VLENS))
        return f"intrinsics written out in C at VLEN {lengths}, without cost; {super().fingerprint()}"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Shared objects for this machine, in order."""
        return [self._one(task, kernel, limits) for kernel in kernels]

    def _one(self, task: Task, kernel: Kernel, limits: Limits) -> Artifact | Evaluation:
        if kernel.language != "c":
            return refused(task, kernel, Status.UNSUPPORTED, f"{self.name} builds C, not {kernel.language}")
        try:
            ours = adapted(task, kernel)
            text = _at_lengths(emulated(ours.text), ours.entry, abi_arguments(task), "_workspace(" in ours.text)
        except AccelcoreError as error:
            return refused(task, kernel, Status.UNSUPPORTED, str(error))
        (made,) = super().build(task, [replace(ours, text=text, build=(("flags", _FLAGS),))], limits=limits)
        if isinstance(made, Artifact):
            return replace(made, kernel=kernel)
        return refused(task, kernel, made.status, made.log)

    def open(self, artifact: Artifact, *, limits: Limits) -> _Untimed:
        """A sandboxed child with the shared object, whose times are left out."""
        return _Untimed(super().open(artifact, limits=limits))


class _Untimed:
    """A `Runner` without costs."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def call(
        self, batch: Sequence[Mapping[str, np.ndarray[Any, Any]]], sizes: Mapping[str, int]
    ) -> Sequence[Cost] | None:
        """Run once over each set of buffers."""
        self._runner.call(batch, sizes)
        return None

    @property
    def sandbox(self) -> str:
        """Level and layers."""
        return str(getattr(self._runner, "sandbox", ""))

    def __enter__(self) -> _Untimed:
        self._runner.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._runner.__exit__(*error)


def _at_lengths(text: str, entry: str, arguments: Sequence[AbiArg], workspace: bool) -> str:
    """The text with an entry that chooses a vector length by the sizes of the call."""
    kinds, sizes = [], ["0"]
    for at, argument in enumerate(arguments):
        kind = "int64_t" if argument.kind == "size" else C_TYPES.get(argument.dtype, "uint16_t")
        const = "const " if argument.kind == "pointer" and argument.role is Role.IN else ""
        kinds.append(f"{const}{kind} {'*' if argument.kind == 'pointer' else ''}a{at}")
        sizes += [f"a{at}"] if argument.kind == "size" else []
    kinds += ["void *scratch"] if workspace else []
    given = [f"a{at}" for at in range(len(arguments))] + (["scratch"] if workspace else [])
    return (
        f"#define {entry} ac_rv_inner\n{text}\n#undef {entry}\n"
        f"int {entry}({', '.join(kinds) or 'void'}) {{\n"
        f"    static const size_t lengths[] = {{{', '.join(map(str, VLENS))}}};\n"
        f"    ac_vlen = lengths[(uint64_t)({' + '.join(sizes)}) % {len(VLENS)}];\n"
        f"    return ac_rv_inner({', '.join(given)});\n}}\n"
    )
