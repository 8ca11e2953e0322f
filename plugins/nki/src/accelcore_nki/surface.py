"""Answering to `import nki` and `import neuronxcc.nki`: module names put into sys.modules on request, and out again."""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from accelcore_nki import isa, language
from accelcore_nki.errors import UnsupportedCall, source_line
from accelcore_nki.kernels import Kernel, jit, simulate
from accelcore_nki.nki1 import surface as first
from accelcore_nki.tensors import NkiTensor
from accelcore_nki.ways import ways

_saved: dict[str, ModuleType | None] = {}


def modules() -> dict[str, Any]:
    """The modules by the names that kernels import."""
    top = ModuleType("nki", "The NKI 2 surface of the accelcore simulator.")
    typing = ModuleType("nki.typing", "Type annotations of kernels.")
    typing.__dict__.update(tensor=_Subscriptable(), mutable_tensor=_Subscriptable())
    constants = ModuleType("nki.tensor", "Arrays that are known while a kernel is traced, for nl.shared_constant.")
    constants.__dict__.update(_constants())
    compiler = ModuleType("nki.compiler", "Requests to the compiler.")
    compiler.__dict__.update(first.requests())
    parts: dict[str, Any] = {"language": language, "isa": isa, "typing": typing, "tensor": constants}
    collectives = ModuleType("nki.collectives", "What several cores do together; not simulated.")
    collectives.__dict__["__getattr__"] = _not_together
    parts |= {"collectives": collectives, "compiler": compiler}
    parts["isa.constants"] = first.enumerations("nki.isa.constants")
    top.__dict__.update(parts, jit=jit, simulate=functools.partial(simulate, strict=False), NkiTensor=NkiTensor)
    top.__dict__.update(ways(_kernel), __version__="0.7.0", __path__=[])
    return {"nki": top, **{f"nki.{name}": module for name, module in parts.items()}, **first.modules()}


def _not_together(name: str) -> Any:
    """No collective is simulated; importing the module is no use of one."""
    if name.startswith("__"):
        raise AttributeError(name)
    what, hint = f"nki.collectives.{name} is not simulated", "nearest: none; one core is simulated"
    raise UnsupportedCall(what, rule="unsupported", where=source_line(), hint=hint)


def _kernel(function: Any) -> Kernel:
    return function if isinstance(function, Kernel) else Kernel(function)


def _constants() -> dict[str, Any]:
    """NumPy's array makers under the names of nki.tensor."""
    import numpy as np

    from accelcore_nki.dtypes import name_of, numpy_type

    def typed(make: Any) -> Any:
        return lambda *args, dtype="float32", **more: make(*args, dtype=numpy_type(name_of(dtype)), **more)

    return {name: typed(getattr(np, name)) for name in ("identity", "zeros", "ones", "full", "arange")}


def install() -> None:
    """Let `import nki` find the simulator in this process, and `import neuronxcc.nki` too, in place of
    real packages if there are any."""
    if _saved:
        return
    import_module("ml_dtypes")  # registers its types with NumPy, so that array.astype(nl.bfloat16) works
    for name, module in modules().items():
        _saved[name] = sys.modules.get(name)
        sys.modules[name] = module


def uninstall() -> None:
    """Undo `install`."""
    for name, module in _saved.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
    _saved.clear()


class _Subscriptable:
    """Takes any subscript: nki.typing.tensor[nl.float32, ...] says something to people only."""

    def __getitem__(self, _: object) -> type[NkiTensor]:
        return NkiTensor
