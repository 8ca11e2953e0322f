"""Moves: which choices of the schedule to try next on a kernel, and the kernels that they give.

A move is one text of a schedule, or several joined by "; ", as `lowering.choices` reads them.  What a kernel's text
does not depend on is not proposed: a move that changes nothing is no move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from accelcore.errors import AccelcoreError
from accelcore.values import Kernel, Move, Summary, Task
from accelcore_nki.lowering import kernel as lowered
from accelcore_nki.lowering.choices import MENU

_ALL = "rows(whole); fuse(all); name(functions); unroll(windows); engine(balance)"
_PLAIN = (
    "rows(whole); fuse(all); name(functions)",
    f"{_ALL}; pipeline(3)",
    f"{_ALL}; pipeline(4); parts(2048); apart(4)",
    f"{_ALL}; pipeline(8); parts(1024); sums(2)",
    f"{_ALL}; pipeline(8); parts(1024); turns(clock); sums(2)",
    f"{_ALL}; pipeline(2); turns(clock); accumulate(psum); steps(4)",
    f"{_ALL}; pipeline(3); apart(1)",
    f"{_ALL}; pipeline(6); parts(2048); turns(clock)",
    f"{_ALL}; pipeline(4); parts(2048)",
    f"{_ALL}; pipeline(4); turns(clock)",
    "rows(whole)",
    "fuse(all)",
    "name(functions)",
    "unroll(windows)",
)
_ONLINE = f"{_ALL}; hoist(both); split(operands); turns(clock)"
_APART = f"{_ALL}; hoist(both); turns(clock); weights(half)"
_FIRST = (
    f"{_APART}; keys(1024); pipeline(8); steps(4); detour(2)",
    f"{_APART}; keys(1024); pipeline(8); steps(2); detour(2)",
    f"{_APART}; keys(512); pipeline(8); steps(4); detour(2)",
    f"{_ONLINE}; keys(512); pipeline(7)",
    f"{_ONLINE}; keys(512); pipeline(8)",
    f"{_ONLINE}; keys(512); pipeline(6)",
    "hoist(both); block(512, 512)",
    f"{_ALL}; hoist(both); pipeline(4)",
    f"{_ALL}; hoist(both); pipeline(4); apart(2)",
)
_PRODUCTS = (
    "hoist(both); block(512, 512)", "hoist(both); block(1024, 512)", "hoist(both); block(256, 2048)", "hoist(both)",
    "hoist(stationary)", "hoist(moving)", "block(512, 512)", "block(1024, 512)", "block(512, 1024)",
    "block(256, 2048)", "block(128, 4096)", "block(2048, 512)", "order(columns)", "order(rows)",
)  # fmt: skip
# Not among them: narrow(operands).  It rounds computed operands to bf16, which few products can bear: what passes at
# the sizes of the search leaves the bound at others, and the confirmation refuses the fastest kernels of a search.
_TURNS = ("transpose(dma)", "transpose(tensor)", "transpose(strided)", "swap(axes)")
_ENGINES = (
    "pipeline(2)",
    "pipeline(4)",
    "pipeline(3)",
    "pipeline(6)",
    "pipeline(8)",
    "turns(clock)",
    "apart(1)",
    "apart(2)",
    "apart(5)",
    "engine(balance)",
    "engine(scalar)",
    "engine(gpsimd)",
    "engine(vector)",
)
_SOFTMAX = (
    "keys(512)", "keys(1024)", "keys(2048)", "keys(256)", "split(operands)", "weights(half)", "detour(2)", "detour(3)"
)  # fmt: skip
_SUMS = (
    "accumulate(psum)", "steps(2)", "steps(3)", "steps(4)", "steps(6)", "sums(1)", "sums(2)", "sums(3)", "sums(4)"
)  # fmt: skip
_PARTS = ("parts(1024)", "parts(2048)", "parts(512)")
_WIDTHS = (1024, 2048, 4096, 256, 8192)


def moves(task: Task, kernel: Kernel, chip: str) -> Sequence[Move]:
    """Choices that change this kernel, most promising first; none for a kernel that no schedule gives."""
    if not isinstance(task.reference, Summary) or not _derived(task, kernel):
        return ()
    found, seen = [], {kernel.text}
    for text in _candidates(kernel):
        changed = _after(text, task, kernel)
        if changed is not None and _code(changed) not in seen and _code(changed) != _code(kernel):
            seen.add(_code(changed))
            found.append(Move(text, "; ".join(MENU[part.partition("(")[0]] for part in text.split("; "))))
    return tuple(found)


def rewrite(move: Move, task: Task, kernel: Kernel) -> Iterable[Kernel]:
    """The kernel after a move; none where it does not apply, or is words only."""
    if not isinstance(task.reference, Summary) or not _derived(task, kernel):
        return ()
    changed = _after(move.name, task, kernel)
    return () if changed is None else (changed,)


def _candidates(kernel: Kernel) -> Iterator[str]:
    """All texts that are not in the schedule already."""
    groups: list[Iterable[str]] = [_PLAIN]
    if "nc_matmul" in kernel.text:
        groups = [_FIRST, _PLAIN, _PRODUCTS, _SOFTMAX]
    groups += [_ENGINES, _PARTS, _SUMS, _TURNS, (f"tile({n})" for n in _WIDTHS), (f"fold({n})" for n in _WIDTHS)]
    for group in groups:
        yield from (t for t in group if not set(t.split("; ")) <= set(kernel.schedule))


def _after(text: str, task: Task, kernel: Kernel) -> Kernel | None:
    parts = text.split("; ")
    names = {part.partition("(")[0] for part in parts}
    kept = [s for s in kernel.schedule if s.partition("(")[0] not in names]
    try:
        return lowered(task, (*kept, *parts))
    except AccelcoreError:
        return None


def _derived(task: Task, kernel: Kernel) -> bool:
    """Whether the kernel's text is what its schedule gives: only then do choices continue it."""
    try:
        return lowered(task, kernel.schedule).text == kernel.text
    except AccelcoreError:
        return False


def _code(kernel: Kernel) -> str:
    """The text without its first line, which names the schedule."""
    return kernel.text.partition("\n")[2]
