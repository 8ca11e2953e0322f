"""The module names of NKI 1: `neuronxcc.nki` and what is under it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from accelcore_nki.errors import UnsupportedCall, source_line
from accelcore_nki.nki1 import isa, kernels, language
from accelcore_nki.nki1.tiles import Tile


class _Subscriptable:
    """Takes any subscript: annotations say something to people only."""

    def __getitem__(self, _: object) -> Any:
        return object

    def __call__(self, *_: object, **__: object) -> Any:
        return object


class Buffer:
    """A buffer with addresses, `ncc.sbuf.mod_alloc(...)`; the simulator chooses addresses itself."""

    def __init__(self, buffer: str) -> None:
        self.buffer = buffer


def _places(buffer: str) -> ModuleType:
    found = ModuleType(f"neuronxcc.nki.compiler.{buffer}", f"Allocation in {buffer}.")
    for name in ("alloc", "mod_alloc", "auto_alloc"):
        found.__dict__[name] = lambda *_, **__: Buffer(buffer)
    return found


def _unchanged(function: Any = None, **_: Any) -> Any:
    """A decorator that says something to the real compiler only."""
    return function if callable(function) else _unchanged


def requests() -> dict[str, Any]:
    """The compiler's module: requests that the simulator needs not grant."""
    names = ("skip_middle_end_transformations", "enable_stack_allocator", "force_auto_alloc")
    return {"sbuf": _places("sbuf"), "psum": _places("psum"), "__path__": [], **dict.fromkeys(names, _unchanged)}


def enumerations(name: str) -> ModuleType:
    """The module of enumerations under an `isa` module."""
    from accelcore_nki.isa import enums

    found = ModuleType(name, "Enumerations of the instructions.")
    found.__dict__.update({k: v for k, v in vars(enums).items() if not k.startswith("_")})
    return found


def modules() -> dict[str, ModuleType]:
    """The modules by the names that kernels import."""
    top, nki = ModuleType("neuronxcc"), ModuleType("neuronxcc.nki", "The NKI 1 surface of the accelcore simulator.")
    typing, compiler = ModuleType("neuronxcc.nki.typing"), ModuleType("neuronxcc.nki.compiler")
    for name in ("tensor", "mutable_tensor", "scalar"):
        typing.__dict__[name] = _Subscriptable()
    compiler.__dict__.update(requests())
    names = ("jit", "baremetal", "benchmark", "profile", "simulate_kernel", "trace")
    parts: dict[str, Any] = {"language": language, "isa": isa, "typing": typing, "compiler": compiler}
    nki.__dict__.update(parts, **{name: getattr(kernels, name) for name in names}, tensor=Tile, __path__=[])
    nki.__dict__["__getattr__"] = _missing
    top.__dict__.update(nki=nki, __path__=[], __version__="2.0")
    below = {f"neuronxcc.nki.compiler.{name}": compiler.__dict__[name] for name in ("sbuf", "psum")}
    below["neuronxcc.nki.isa.constants"] = enumerations("neuronxcc.nki.isa.constants")
    for name in ("neuronxcc.starfish", "neuronxcc.starfish.support", "neuronxcc.starfish.support.dtype"):
        below[name] = ModuleType(name, "Host types and casts, as tests of kernels import them.")
        below[name].__dict__["__path__"] = []
    below[name].__dict__.update(dict(language.types()), static_cast=language.static_cast)
    return {"neuronxcc": top, "neuronxcc.nki": nki, **{f"neuronxcc.nki.{k}": m for k, m in parts.items()}, **below}


def _missing(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    what = f"neuronxcc.nki.{name} is not simulated"
    near = "jit, baremetal, benchmark, profile, simulate_kernel"
    raise UnsupportedCall(what, rule="unsupported", where=source_line(), hint=f"there is: {near}")
