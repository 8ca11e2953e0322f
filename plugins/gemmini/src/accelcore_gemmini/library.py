"""The C library: built on first use with the compiler that is found, loaded once a process."""

from __future__ import annotations

import ctypes
import functools
import re
from importlib import resources
from pathlib import Path
from typing import Any

from accelcore.errors import MissingTool
from accelcore_gemmini import config

_HEADERS = ("machine.h", "internal.h", "timing.h", "timing_state.h", "runtime.h", "watch.h")
_PARTS = (
    "machine.c", "config.c", "norm.c", "move.c", "execute.c", "loop_ws.c", "loop_conv.c",
    "station.c", "unroll.c", "load_unit.c", "array_unit.c", "store_unit.c", "timing.c", "watch.c", "runtime.c",
)  # fmt: skip
_LOCAL = re.compile(r'^#include "[a-z_]+\.h"$', re.MULTILINE)
_SECONDS = 120.0


def source() -> str:
    """The whole library as one translation unit: it is compiled as a single text, and inlines better so."""
    folder = resources.files("accelcore_gemmini") / "native"
    prices = (f"#define GM_{name} {getattr(config, name)}" for name in ("HOST_CYCLES_PER_BLOCK", "HOST_FREE_BLOCKS"))
    parts = (_LOCAL.sub("", (folder / name).read_text()) for name in (*_HEADERS, *_PARTS))
    return "\n".join((*prices, *parts))


@functools.lru_cache(maxsize=1)
def library_path() -> Path:
    """The compiled library.

    Raises MissingTool when there is no C compiler, or when it fails on the library.
    """
    from accelcore.cgen.toolchain import compile_shared, compiler
    from accelcore.values import Limits

    one = compiler()
    built = compile_shared(one, source(), ("-O3", "-march=native", "-D_GNU_SOURCE"), Limits(seconds=_SECONDS))
    if built.path is None:
        raise MissingTool(f"{one.name} does not compile the simulator", hint=built.log[-2000:])
    return built.path


@functools.lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The library, built when need be and loaded."""
    return _declared(ctypes.CDLL(str(library_path())))


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    machine, i64, u64, address = ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint64, ctypes.c_void_p
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "gm_new": (machine, [address]),
        "gm_free": (None, [machine]),
        "gm_region": (ctypes.c_int, [machine, u64, u64, address, ctypes.c_int]),
        "gm_run": (i64, [machine, address, i64, ctypes.POINTER(ctypes.c_int32)]),
        "gm_message": (ctypes.c_char_p, [machine]),
        "gm_checks": (None, [machine, ctypes.c_int, ctypes.c_int]),
        "gm_rows_written": (None, [machine, address]),
        "gm_ops": (address, [machine, ctypes.POINTER(i64)]),
        "gm_op_size": (i64, []),
        "gm_timing_run": (i64, [address, address, i64, address, address, i64, address, ctypes.c_double]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib
