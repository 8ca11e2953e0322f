"""One thread for NumPy's matrix library while a tile is multiplied.

Tiles are small: on a busy machine the library's threads wait for each other far longer than they work (measured: a
product of 1024 cubed took 12 s instead of 0.2 s with five runnable threads a core).  Where the library is not the
OpenBLAS that NumPy's wheels bring, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_NAMES = (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", ""))  # how builds decorate the library's functions


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply with one thread in this block, with as many as before after it."""
    found = _controls()
    before = found[0]() if found is not None else 1
    if found is None or before <= 1:
        yield
        return
    found[1](1)
    try:
        yield
    finally:
        found[1](before)


@cache
def _controls() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    """The functions that get and set the number of threads, or None."""
    import ctypes
    from pathlib import Path

    import numpy as np

    for path in sorted((Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*")):
        try:
            library = ctypes.CDLL(str(path))  # loaded already: this is the same one
        except OSError:
            continue
        for before, after in _NAMES:
            name = f"{before}openblas_{{}}_num_threads{after}"
            pair = [getattr(library, name.format(verb), None) for verb in ("get", "set")]
            if all(pair):
                return pair[0], pair[1]  # type: ignore[return-value]  # both were just seen to be there
    return None
