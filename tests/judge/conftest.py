"""Tasks and evaluators for the judge's tests: simulated ones that need no compiler, and NumPy kernels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import ClassVar

import pytest

from accelcore.errors import RunFailure
from accelcore.ir import expr as E
from accelcore.sandbox.native import abi_text, open_script
from accelcore.values import Artifact, Cost, Fidelity, Kernel, Param, Role, Status, Summary, Task, sizes_of


def double_task(**more):
    n, x = E.size("n"), E.array("x", "f32", 1)
    params = (Param("x", "f32", (n,)), Param("y", "f32", (n,), Role.OUT))
    post = (("y", E.comp(n, lambda i: E.cast(E.cast(x[i], "real") * 2.0, "f32"))),)
    plain = Task("double", params, Summary(post), sizes=(sizes_of({"n": 500}),))
    return replace(plain, **more)


class SimulatedRunner:
    """Calls a Python function in this process and counts cycles: a stand-in for a simulator."""

    def __init__(self, function, cycles):
        self.function, self.cycles = function, cycles

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def call(self, batch, sizes):
        for buffers in batch:
            self.function(buffers, sizes)
        return [Cost(float(self.cycles), "cycles") for _ in batch]


@dataclass(frozen=True)
class Simulator:
    """`functions` by kernel text: each takes (buffers, sizes) and returns nothing."""

    functions: dict
    name: ClassVar[str] = "simulator"
    about: ClassVar[str] = "for tests"
    target: ClassVar[str] = "none"
    fidelity: ClassVar[Fidelity] = Fidelity.SIMULATED

    def missing(self):
        return ()

    def fingerprint(self):
        return "simulated"

    def build(self, task, kernels, *, limits):
        return [Artifact(kernel, "", kernel.entry) for kernel in kernels]

    def open(self, artifact, *, limits):
        function = self.functions[artifact.kernel.text]
        return SimulatedRunner(function() if getattr(function, "fresh", False) else function, 100)


class Scripts:
    """NumPy kernels in the sandbox, timed."""

    name, about, target = "scripts", "for tests", "numpy"

    def missing(self):
        return ()

    def fingerprint(self):
        return "scripts"

    def build(self, task, kernels, *, limits):
        return [Artifact(k, "", k.entry, (("abi", abi_text(task)),)) for k in kernels]

    def open(self, artifact, *, limits):
        return open_script(artifact, limits=limits)


@pytest.fixture
def kit():
    return SimpleNamespace(
        double=double_task, Simulator=Simulator, Scripts=Scripts, Kernel=Kernel, RunFailure=RunFailure, Status=Status
    )
