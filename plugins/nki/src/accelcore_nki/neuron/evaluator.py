"""The evaluator `neuron`, and what is missing for it: the real package (not the index's placeholder), a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from accelcore.errors import UsageError

if TYPE_CHECKING:
    from accelcore.protocols import Runner
    from accelcore.values import Artifact, Evaluation, Kernel, Limits, Task

_DEVICE = Path("/dev/neuron0")
_SOURCE = "the vendor's own package index has the real one"
_UNGUARDED = "kernels run without the sandbox: the device needs more than it grants"


def state_of_package() -> str:
    """What is wrong with the installed `nki`: "" for the real one; absent; or the placeholder, which holds no code.

    The package of that name on the public index is version 0.0.1 and has no `nki.language`.
    """
    import sys
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec("nki", sys.path)
    if found is None:
        return f"nki: not installed; {_SOURCE}"
    places = [Path(place) for place in found.submodule_search_locations or ()]
    if not any((place / name).exists() for place in places for name in ("language", "language.py", "language.pyi")):
        return f"nki: the empty placeholder of the public index is installed; {_SOURCE}"
    return ""


@dataclass(frozen=True)
class Neuron:
    """Runs kernels on a Neuron device; never tried on one.

    trusted: that kernels may run outside the sandbox; without it `open` refuses.  iterations: of a measurement.
    """

    name: ClassVar[str] = "neuron"
    about: ClassVar[str] = "a Neuron device with the vendor's package; follows its documents, never run on hardware"
    target: ClassVar[str] = "nki"

    trusted: bool = field(default=False, metadata={"help": _UNGUARDED})
    iterations: int = field(default=20, metadata={"help": "runs of a measurement"})

    def missing(self) -> list[str]:
        """The real package, the device, or leave to run outside the sandbox."""
        lacking = [state_of_package()]
        lacking += [] if _DEVICE.exists() else [f"no device ({_DEVICE})"]
        return [line for line in lacking if line]

    def fingerprint(self) -> str:
        """The version of the vendor's package and the machine's name: costs of others are not comparable."""
        import platform
        from importlib.metadata import PackageNotFoundError, version

        try:
            release = version("nki")
        except PackageNotFoundError:
            release = "none"
        return f"neuron nki {release} {platform.node()}"

    def build(self, task: Task, kernels: Sequence[Kernel], *, limits: Limits) -> Sequence[Artifact | Evaluation]:
        """As the simulator does: language and syntax; compilation is the vendor's, when the kernel is called."""
        from accelcore_nki.target import NkiSimulator

        return NkiSimulator().build(task, kernels, limits=limits)

    def open(self, artifact: Artifact, *, limits: Limits) -> Runner:
        """A runner that gives each call to a process of its own."""
        import json

        from accelcore import codec
        from accelcore_nki.neuron.runner import NeuronRunner

        if not self.trusted:
            raise UsageError(_UNGUARDED, hint="evaluator option trusted=true, for kernels that you would run yourself")
        facts: Mapping[str, str] = dict(artifact.facts)
        return NeuronRunner(codec.decode(json.loads(facts["task"])), artifact.kernel, self.iterations, limits)
