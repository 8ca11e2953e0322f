"""Stand-ins for frameworks that a file imports for its test harness and that are not installed.

Importing them works, so that kernels and NumPy tests of the file run; calling anything in them says what is missing.
A file that asks whether a framework is there is told the truth: an import that catches ImportError raises it,
`importlib.util.find_spec` and `pytest.importorskip` find nothing.
"""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

FRAMEWORKS = frozenset((
    "torch", "torchvision", "torch_xla", "torch_neuronx", "jax", "jaxlib", "jax_neuronx", "flax", "libneuronxla",
    "neuronx_distributed", "neuronx_distributed_inference", "transformers", "nkilib", "nkilib_src", "tensorflow",
))  # fmt: skip
_CAUGHT = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))
_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))


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
    """Finds what nobody else has found, when it is a framework and nobody asks whether it is there."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        """A spec for a framework's module."""
        if fullname.split(".")[0] not in FRAMEWORKS or _asked(sys._getframe(1)):
            return None
        return ModuleSpec(fullname, self, is_package=True)

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


def _asked(frame: FrameType | None) -> bool:
    """Whether the import is ready for a no: it is some installed package's, or in a `try` that catches the error."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib._bootstrap"):
        frame = frame.f_back
    if frame is None:
        return False
    file = frame.f_code.co_filename
    return file.startswith(("<frozen", *_INSTALLED)) or any(a <= frame.f_lineno <= b for a, b in _guarded(file))


@cache
def _guarded(file: str) -> tuple[tuple[int, int], ...]:
    """First and last lines of what a file tries, ready for an import to fail."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    tries = (node for node in ast.walk(tree) if isinstance(node, ast.Try))
    return tuple(
        (node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno)
        for node in tries
        if any(name in _CAUGHT for handler in node.handlers for name in _names(handler.type))
    )


def _names(caught: ast.expr | None) -> Iterator[str]:
    """Names of what a handler catches; a bare one catches everything."""
    if caught is None:
        yield "BaseException"
    for node in ast.walk(caught) if caught is not None else ():
        if isinstance(node, ast.Name):
            yield node.id


def stand_in() -> None:
    """From now on absent frameworks can be imported in this process."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
