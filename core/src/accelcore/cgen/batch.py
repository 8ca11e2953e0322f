"""Several kernels in one translation unit: the headers are read once, which is most of a compilation's cost.

Only kernels that a schedule derived share a unit, and of these only such whose text has no preprocessor lines but the
generator's own: foreign text could redefine what its neighbours mean.  A unit that does not compile is halved until
the kernels at fault stand alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from accelcore.cgen.headers import HEADERS, leading
from accelcore.cgen.toolchain import Built, Compiler, compile_shared
from accelcore.values import Kernel, Limits

MOST = 8
"""Most kernels in one unit: beyond that a failure or a change costs more than sharing saves."""

_DIRECTIVE = re.compile(r"^\s*#\s*(.*)$", re.M)
_OURS = re.compile(
    r"include <(stdint|stddef|math|immintrin|riscv_vector)\.h>|ifndef AC_HAVE_\w+|define AC_HAVE_\w+|endif"
)
_FOREIGN = re.compile(r"constructor|destructor|\basm\b|__asm|alias\s*\(|section\s*\(|_Pragma")


@dataclass(frozen=True)
class Part:
    """A kernel of a batch: where it was compiled to and under which symbol, or the compiler's words."""

    kernel: Kernel
    built: Built
    symbol: str


def may_share(kernel: Kernel) -> bool:
    """Whether a kernel may be compiled in one unit with others."""
    if not kernel.schedule or _FOREIGN.search(kernel.text):
        return False
    return all(_OURS.fullmatch(line.strip()) for line in _DIRECTIVE.findall(kernel.text))


@dataclass(frozen=True)
class Unit:
    """Kernels that one run of a compiler builds: its name, its flags, and the places of the kernels in their list."""

    compiler: str
    flags: str
    places: tuple[int, ...]


def units(kernels: Sequence[Kernel], flags: str) -> list[Unit]:
    """Kernels of one compiler and one set of flags share a unit, up to MOST; flags: of those that name none.

    Only kernels in C are taken.
    """
    groups: dict[tuple[str, str, int], list[int]] = {}
    for at, kernel in enumerate(kernels):
        if kernel.language == "c":
            build = dict(kernel.build)
            alone = -1 if may_share(kernel) else at
            groups.setdefault((build.get("cc", ""), build.get("flags", flags), alone), []).append(at)
    return [
        Unit(name, words, tuple(places[at : at + MOST]))
        for (name, words, _), places in groups.items()
        for at in range(0, len(places), MOST)
    ]


def compile_batch(one: Compiler, kernels: Sequence[Kernel], flags: Sequence[str], limits: Limits) -> list[Part]:
    """Compile kernels with one compiler and one set of flags; parts in the order of the kernels."""
    if len(kernels) > MOST:
        return [
            part
            for at in range(0, len(kernels), MOST)
            for part in compile_batch(one, kernels[at : at + MOST], flags, limits)
        ]
    if len(kernels) == 1:
        built = compile_shared(one, kernels[0].text, flags, limits)
        return [Part(kernels[0], built, kernels[0].entry)]
    built = compile_shared(one, joined(kernels), flags, limits)
    if built.path is not None:
        return [Part(k, built, numbered(k.entry, at)) for at, k in enumerate(kernels)]
    half = len(kernels) // 2
    return [*compile_batch(one, kernels[:half], flags, limits), *compile_batch(one, kernels[half:], flags, limits)]


def numbered(entry: str, at: int) -> str:
    """The symbol of the kernel at a place of a batch."""
    return f"{entry}_k{at}"


def joined(kernels: Sequence[Kernel]) -> str:
    """One translation unit of all kernels, their symbols renamed; headers first, where they may be precompiled."""
    parts = [f"#include <{name}>" for name in HEADERS if any(name in leading(k.text) for k in kernels)]
    for at, kernel in enumerate(kernels):
        names = [(kernel.entry, numbered(kernel.entry, at))]
        names.append((f"{kernel.entry}_workspace", f"{numbered(kernel.entry, at)}_workspace"))
        parts += [f"#define {old} {new}" for old, new in names]
        parts.append(kernel.text)
        parts += [f"#undef {old}" for old, _ in names]
    return "\n".join(parts) + "\n"
