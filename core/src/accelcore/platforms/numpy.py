"""The NumPy target: the summary as vectorised NumPy code, a kernel in Python.

It is what many users would otherwise write, so it is a baseline of every C target, and a target that works without any
compiler.  Kernels take and return arrays in the order of the C interface (DESIGN 4); they run in a sandboxed child.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from accelcore.errors import UnsupportedLowering
from accelcore.values import Artifact, Evaluation, Kernel, Limits, Machine, Move, Status, Summary, Task

if TYPE_CHECKING:
    from accelcore.protocols import Runner


@dataclass(frozen=True)
class NumpyTarget:
    """Vectorised NumPy, one statement per stage of the summary."""

    name: ClassVar[str] = "numpy"
    about: ClassVar[str] = "vectorised NumPy; needs no compiler"
    language: ClassVar[str] = "python"

    @property
    def knowledge(self) -> Path | None:
        """None: language models know NumPy."""
        return None

    def missing(self) -> Sequence[str]:
        """NumPy, when it is not installed."""
        return _missing()

    def machine(self) -> Machine:
        """The processor's name."""
        from accelcore.cgen.toolchain import cpu_name

        return Machine(cpu_name())

    def lower(self, task: Task) -> Kernel:
        """The summary as NumPy, reals in the dtype in which the other targets compute them."""
        if not isinstance(task.reference, Summary):
            raise UnsupportedLowering(f"task {task.name} has no summary to lower", hint="lift it first")
        from accelcore.ir.emit.numpy import emit
        from accelcore.ir.passes import in_one_pass
        from accelcore.loops.lower import real_dtype

        task = replace(task, reference=in_one_pass(task, task.reference))
        return Kernel(emit(task, real=real_dtype(task)), "python", task.name)

    def moves(self, task: Task, kernel: Kernel) -> Sequence[Move]:
        """None: NumPy decides how."""
        return ()

    def rewrite(self, move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
        """None."""
        return ()

    def baselines(self, task: Task) -> Mapping[str, Kernel]:
        """None: it is the baseline of others."""
        return {}


def _missing() -> list[str]:
    import importlib.util

    return [] if importlib.util.find_spec("numpy") else ["numpy: pip install numpy"]


@dataclass(frozen=True)
class NumpyEvaluator:
    """Runs Python kernels in a sandboxed child."""

    name: ClassVar[str] = "numpy-python"
    about: ClassVar[str] = "runs NumPy kernels in a sandboxed Python child"
    target: ClassVar[str] = "numpy"

    def missing(self) -> Sequence[str]:
        """NumPy, when it is not installed."""
        return _missing()

    def fingerprint(self) -> str:
        """Processor, Python and NumPy."""
        import importlib.metadata

        from accelcore.cgen.toolchain import cpu_name

        return f"{cpu_name()}; Python {platform.python_version()}; numpy {importlib.metadata.version('numpy')}"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """Python compiles on load; here only its syntax and language are looked at."""
        return [self._built(task, kernel) for kernel in kernels]

    def _built(self, task: Task, kernel: Kernel) -> Artifact | Evaluation:
        from accelcore.cgen.native import refused

        if kernel.language != "python":
            return refused(task, kernel, Status.UNSUPPORTED, f"{self.name} runs Python, not {kernel.language}")
        try:
            compile(kernel.text, f"{kernel.entry}.py", "exec")
        except (SyntaxError, ValueError) as error:
            return refused(task, kernel, Status.COMPILE_ERROR, f"error: {error}")
        from accelcore.sandbox.frames import abi_text

        return Artifact(kernel, "", kernel.entry, (("abi", abi_text(task)),))

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A Python child that holds the kernel."""
        from accelcore.sandbox.native import open_script

        return open_script(artifact, limits=limits)
