"""Stand-ins for frameworks that a file imports for its test harness and that are not installed.

Importing them works, so that kernels and NumPy tests of the file run; calling anything in them says what is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

FRAMEWORKS = frozenset((
    "torch", "torchvision", "torch_xla", "torch_neuronx", "jax", "jaxlib", "jax_neuronx", "flax", "libneuronxla",
    "neuronx_distributed", "neuronx_distributed_inference", "transformers", "nkilib", "nkilib_src", "tensorflow",
))  # fmt: skip


class _Missing(type):
    """The class of stand-ins: they are classes, so that they serve as bases and in isinstance."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__qualname__}.{name}")

    def __call__(cls, *_: Any, **__: Any) -> Any:
        if cls.__dict__.get("stands_in"):
            package = cls.__qualname__.split(".")[0]
            what = f"{package} is not installed, and {cls.__qualname__} is called here; NumPy paths of the file work"
            raise ModuleNotFoundError(what, name=package)
        return super().__call__()

    def __getitem__(cls, _: Any) -> Any:
        return cls


def _stand_in(name: str) -> Any:
    return _Missing(name.rsplit(".", 1)[-1], (), {"__qualname__": name, "stands_in": True})


class _Finder(MetaPathFinder, Loader):
    """Finds what nobody else has found, when it is a framework."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """A spec for a framework's module."""
        return ModuleSpec(fullname, self, is_package=True) if fullname.split(".")[0] in FRAMEWORKS else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module whose every attribute is a stand-in."""
        module = ModuleType(spec.name, "A stand-in for a package that is not installed.")
        module.__dict__["__getattr__"] = lambda name: _attribute(spec.name, name)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def _attribute(module: str, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return _stand_in(f"{module}.{name}")


def stand_in() -> None:
    """From now on absent frameworks can be imported in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
