"""Kernels of NKI 1 and the ways to run them: jit, baremetal, benchmark, profile, simulate_kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from accelcore_nki.kernels import Kernel
from accelcore_nki.nki1.tiles import Tile
from accelcore_nki.recorder import current
from accelcore_nki.tensors import NkiTensor
from accelcore_nki.ways import Timed, ways


def kernel_of(function: Any, **options: Any) -> Kernel:
    """The kernel of a function that is written against NKI 1; a kernel stays as it is."""
    if isinstance(function, Kernel):
        return function
    return Kernel(_adapted(function), target=options.get("platform_target") or "", options=options, surface=1)


def _adapted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with tiles for the core's tensors; called by another kernel it is part of that one."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(v, Tile) for v in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        returned = function(*map(_wrapped, args), **{k: _wrapped(v) for k, v in kwargs.items()})
        recorder = current()
        if recorder.pending is not None:
            recorder.pending()
        return _unwrapped(returned)

    return call


def _wrapped(value: Any) -> Any:
    if isinstance(value, NkiTensor):
        return Tile(value)
    return type(value)(map(_wrapped, value)) if isinstance(value, tuple | list) else value


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Tile):
        return value.tensor
    if isinstance(value, dict):
        return {k: _unwrapped(v) for k, v in value.items()}
    return type(value)(map(_unwrapped, value)) if isinstance(value, tuple | list) else value


def jit(func: Any = None, mode: str = "auto", **options: Any) -> Any:
    """`nki.jit`; every mode runs in the simulator, and mode="benchmark" notes the modelled time."""
    if func is None:
        return functools.partial(jit, mode=mode, **options)
    return Timed(kernel_of(func, **options)) if mode in ("benchmark", "profile") else kernel_of(func, **options)


def trace(kernel: Any = None, **options: Any) -> Any:
    """`nki.trace`: the function as a kernel."""
    return jit(kernel, **options)


_WAYS = ways(kernel_of)
baremetal, benchmark, profile = _WAYS["baremetal"], _WAYS["benchmark"], _WAYS["profile"]
simulate_kernel = _WAYS["simulate_kernel"]
