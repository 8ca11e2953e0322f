"""Rules that operands of instructions obey: buffers, partitions, shapes, generations.

Sources: the API pages of nki.isa and the architecture guides.  Each function raises one NkiError that names its rule.
"""

from __future__ import annotations

from typing import Any

from accelcore_nki.dtypes import INTEGERS, SIZES
from accelcore_nki.errors import fail
from accelcore_nki.generations import PARTITIONS
from accelcore_nki.recorder import current
from accelcore_nki.tensors import ON_CHIP, PSUM, SBUF, NkiTensor, Scattered

ON_CHIP_ONLY = ON_CHIP
SBUF_ONLY = frozenset((SBUF,))
PSUM_ONLY = frozenset((PSUM,))


def tensor(role: str, value: Any) -> NkiTensor:
    """The operand, which must be a tensor."""
    if isinstance(value, NkiTensor):
        return value
    raise fail(
        "operand",
        f"{role} is a {type(value).__name__}, not a device tensor",
        hint="host arrays enter a kernel as arguments; results of NumPy are not on the device",
    )


def tile(role: str, value: Any, buffers: frozenset[str] = ON_CHIP_ONLY) -> NkiTensor:
    """An on-chip operand of an engine: right buffer, at most 128 partitions, a legal start partition."""
    view = value if isinstance(value, NkiTensor) else tensor(role, value)
    if view.storage.buffer not in buffers:
        raise fail(
            "buffer",
            f"{role} is in {view.storage.buffer}, this engine wants {' or '.join(sorted(buffers))}",
            view,
            hint="nisa.dma_copy brings HBM to SBUF, nisa.tensor_copy brings PSUM to SBUF",
        )
    _partitions(role, view)
    return view


def _partitions(role: str, view: NkiTensor) -> None:
    storage, count = view.storage, view.shape[0]
    free = storage.free_bytes // SIZES[view.dtype]
    if not view.offset and storage.address is None and view.strides[0] == free and count <= PARTITIONS:
        return  # all partitions from the first on: the usual case, kept fast
    if isinstance(view.indirection, Scattered):
        return
    if count > 1 and view.strides[0] != free:
        raise fail(
            "partition-stride",
            f"{role} strides over partitions",
            view,
            hint="engines read neighbouring partitions; copy by DMA for anything else",
        )
    start = view.offset // free
    if storage.address is not None:
        start += storage.address[0]
    step = 128 if count > 64 else 64 if count > 32 else 32
    if start % step or start + count > PARTITIONS:
        raise fail(
            "partition-start",
            f"{role} starts at partition {start} and has {count}",
            view,
            hint=f"{count} partitions start at a multiple of {step}"
            if step < 128
            else "more than 64 partitions start at 0",
        )


def same_shape(*pairs: tuple[str, NkiTensor]) -> tuple[int, int]:
    """(partitions, elements a partition), which all operands share."""
    first_role, first = pairs[0]
    shape = (first.shape[0], first.free)
    for role, view in pairs[1:]:
        if view.shape != first.shape and (view.shape[0], view.free) != shape:
            raise fail(
                "shape",
                f"{first_role} has {shape[0]} partitions of {shape[1]}, {role} {view.shape[0]} of {view.free}",
                first,
                view,
            )
    return shape


def column(role: str, value: Any, like: NkiTensor) -> NkiTensor:
    """A vector with one element for each partition of another operand."""
    view = tile(role, value)
    if view.shape[0] != like.shape[0] or view.free != 1:
        raise fail("shape", f"{role} needs one element for each of {like.shape[0]} partitions", view)
    return view


def not_both_psum(*pairs: tuple[str, NkiTensor]) -> None:
    """The two inputs are not both in PSUM."""
    if all(view.storage.buffer == PSUM for _, view in pairs):
        roles = " and ".join(role for role, _ in pairs)
        raise fail(
            "psum-ports",
            f"{roles} are both in PSUM",
            *(view for _, view in pairs),
            hint="copy one of them to SBUF first (nisa.tensor_copy)",
        )


def integers(role: str, *views: NkiTensor) -> None:
    """Bit operators work on integers."""
    for view in views:
        if view.dtype not in INTEGERS:
            raise fail("dtype", f"{role} with a bit operator is {view.dtype}", view, hint="bit operators take integers")


def same_dtype(role: str, view: NkiTensor, other: NkiTensor) -> None:
    """Both operands have one type."""
    if view.dtype != other.dtype:
        raise fail("dtype", f"{role} is {view.dtype}, not {other.dtype}", view, other)


def at_least(version: int, what: str) -> None:
    """The instruction exists on this generation."""
    if current().generation.version < version:
        raise fail("generation", f"{what} needs NeuronCore-v{version}, the target is {current().generation.name}")


def choose(asked: Any, default: str, allowed: tuple[str, ...], *views: NkiTensor) -> str:
    """The engine: the one that is asked for, else the default; GpSimd never with PSUM."""
    name = getattr(asked, "name", None) or "unknown"
    if name == "unknown":
        name = default
    if name not in allowed:
        raise fail("engine", f"the {name} engine has no such instruction", hint=f"one of {', '.join(allowed)}")
    if name == "gpsimd":
        for view in views:
            if view.storage.buffer == PSUM:
                raise fail("engine", "GpSimd cannot reach PSUM", view, hint="use the vector engine, or copy to SBUF")
    return name
