"""Functions of `nki.language` that both generations have and that NKI 2 takes from here, on its own tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from accelcore_nki.nki1.tiles import Tile
from accelcore_nki.tensors import NkiTensor

NAMES = frozenset((
    "all", "broadcast_to", "ceil", "empty_like", "expand_dims", "floor", "gather_flattened", "negative", "tan", "trunc",
    "var", "where",
))  # fmt: skip
_FIRST = {"broadcast_to": "src", "empty_like": "a", "expand_dims": "data"}
"""What NKI 1 calls the argument that NKI 2 calls x."""


def function(name: str) -> Callable[..., Any]:
    """The function by its name, from tensors to tensors."""
    from accelcore_nki.nki1 import language

    inner, first = getattr(language, name), _FIRST.get(name, "x")

    @functools.wraps(inner, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        named = {first if key == "x" else key: _tile(value) for key, value in kwargs.items()}
        found = inner(*map(_tile, args), **named)
        return found.tensor if isinstance(found, Tile) else found

    return call


def _tile(value: Any) -> Any:
    return Tile(value) if isinstance(value, NkiTensor) else value
