"""accelcore: from plain loops to a proved summary and a fast, judged kernel, on any chip that has a plugin.

The functions have the same names as the commands: `lift`, `compile`, `optimize`, `check`, `run`, `resume`, `report`,
`targets`, `doctor`; `compare` is `report --compare`, `load` opens an exported kernel.  Importing this package imports
nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from accelcore.hookspecs import hookimpl
from accelcore.registry import API

if TYPE_CHECKING:
    from accelcore.export import load
    from accelcore.pipeline import check, compare, compile, doctor, lift, optimize, report, resume, run, targets

__version__ = "0.1.0"
__all__ = [
    "API",
    "check",
    "compare",
    "compile",
    "doctor",
    "errors",
    "hookimpl",
    "lift",
    "load",
    "optimize",
    "report",
    "resume",
    "run",
    "targets",
]

_HOMES = {"load": "accelcore.export", "errors": "accelcore.errors"}


def __getattr__(name: str) -> Any:
    """Public functions are imported when they are first used."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module 'accelcore' has no attribute {name!r}")
    if name == "errors":
        return import_module("accelcore.errors")
    return getattr(import_module(_HOMES.get(name, "accelcore.pipeline")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
