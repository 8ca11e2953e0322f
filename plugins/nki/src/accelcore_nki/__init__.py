"""Trainium NKI for accelcore: run kernels on NumPy, check them, model their time.

    import accelcore_nki
    result = accelcore_nki.simulate(kernel)(a, b)

`import nki` answers only after `accelcore_nki.install()`, so that a real package is never shadowed unless asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from accelcore import hookimpl

if TYPE_CHECKING:
    from accelcore.protocols import Evaluator, Target
    from accelcore_nki.errors import NkiError
    from accelcore_nki.kernels import Kernel, Result, Shape, jit, run, simulate, trace
    from accelcore_nki.surface import install, uninstall

requires_api = 1


@hookimpl
def accelcore_targets() -> Sequence[Target]:
    """The target."""
    from accelcore_nki.target import NkiTarget

    return [NkiTarget()]


@hookimpl
def accelcore_evaluators() -> Sequence[Evaluator]:
    """Its simulator, and the evaluator for a device."""
    from accelcore_nki.neuron import Neuron
    from accelcore_nki.target import NkiSimulator

    return [NkiSimulator(), Neuron()]


_WHERE = {
    "NkiError": "errors", "Kernel": "kernels", "Result": "kernels", "Shape": "kernels", "jit": "kernels",
    "run": "kernels", "simulate": "kernels", "trace": "kernels", "install": "surface", "uninstall": "surface",
}  # fmt: skip
__all__ = ["Kernel", "NkiError", "Result", "Shape", "install", "jit", "run", "simulate", "trace", "uninstall"]


def __getattr__(name: str) -> Any:
    """Public names, imported when used: the hooks must stay cheap."""
    if name not in _WHERE:
        raise AttributeError(f"accelcore_nki has no {name}")
    from importlib import import_module

    return getattr(import_module(f"accelcore_nki.{_WHERE[name]}"), name)
