"""An exported kernel raced against what its user would otherwise call: compilers, NumPy, torch, Halide.

    python bench/avx/libraries.py FOLDER FUNCTION SIZE=N ...
    python bench/avx/libraries.py --pick FOLDER FOLDER ... SIZE=N ...

run.py runs it with the Python of `make bench-peers`, one thread, and a C library that keeps freed memory.  All calls
come from this process, pinned to one CPU, on the same arrays (racing.py).  The kernel, Halide and the compilers' loops
are C functions, called the same way, and what a call costs from here is measured apart where it is a large part of it;
NumPy and torch are called from Python.  What a call of either side costs on the smallest arrays is taken off both, and
printed.  FOLDER/plain.c, where there is one, holds the
loops for the compilers, FOLDER/compilers.json their commands by label.
Prints a JSON object: peer -> {"ratio", "low", "high", "ms", "ours_ms", "dispatch_us", "read"} or {"reason"}; read is
the ratio where each side's result is read once afterwards, for the peers of a call longer than 50 us.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from racing import Array, Call, Interface, array, built, consumer, idle, pinned, race, seconds

WORTH_READING = 50e-6
_SHORT = 20e-6  # seconds of a call of which what it costs to make one is a part that matters
FAILURES = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
            subprocess.SubprocessError)  # fmt: skip
"""What a peer may die of (torch's own errors are RuntimeErrors): its column, not the table."""
_TIE = 0.01
_MOST_APART = 3.0  # a peer so many times slower is not raced again with its result read


class Board:
    """One exported kernel at one set of sizes, and the races against it."""

    def __init__(self, folder: str, function: str, sizes: Mapping[str, int]) -> None:
        self.folder, self.function, self.sizes = folder, function, sizes
        self.face = Interface(folder)
        facts = self.face.facts
        self.path = built(f"{folder}/kernel.c", f"{folder}/race.so", facts["FLAGS"], facts["LIBRARIES"])
        self.inputs, self.out = self.face.operands(sizes)
        self.kernel = self.face.call(self.path, self.inputs, self.out, sizes)
        self.kernel()
        self.reading = consumer(folder)

    def against(self, make: Callable[[Array], Call], costs: tuple[float, float] = (0.0, 0.0)) -> dict[str, Any]:
        """The race against a call that fills the array it is given."""
        theirs = array(self.out.shape, self.out.dtype.str)
        other = make(theirs)
        other()
        if not np.allclose(self.out, theirs, rtol=1e-3, atol=1e-2):
            return {"reason": "disagrees with the kernel"}
        raced = race(self.kernel, other, costs)
        found: dict[str, Any] = raced.json(costs[1])
        if raced.ours > WORTH_READING and raced.ratio < _MOST_APART:
            read = [self.reading(x) for x in (self.out, theirs)]
            found["read"] = race(_then(self.kernel, read[0]), _then(other, read[1]), costs).ratio
        return found

    def library(self, write: Callable[..., Call]) -> dict[str, Any]:
        """The race against what a Python library does with the same arguments."""
        costs = self.costs(lambda inputs, out, _: write(**inputs, out=out))
        return self.against(lambda to: write(**self.inputs, out=to), costs)

    def costs(self, make: Callable[[Mapping[str, Any], Array, Mapping[str, int]], Call]) -> tuple[float, float]:
        """Seconds of a call of the kernel and of the other side on the smallest arrays."""
        smallest = dict.fromkeys(self.sizes, 3 if self.function == "conv3x3" else 1)
        inputs, out = self.face.operands(smallest)
        theirs = make(inputs, array(out.shape, out.dtype.str), smallest)
        return idle(self.face.call(self.path, inputs, out, smallest), theirs)

    def compiled_costs(
        self, make: Callable[[Mapping[str, Any], Array, Mapping[str, int]], Call]
    ) -> tuple[float, float]:
        """The same for C functions, whose calls cost little: measured where the kernel takes little, too."""
        return self.costs(make) if seconds(self.kernel, 100) < _SHORT else (0.0, 0.0)

    def plain(self, label: str, command: list[str]) -> dict[str, Any]:
        """The race against the loops as a compiler makes them."""
        path = built(f"{self.folder}/plain.c", f"{self.folder}/{label.replace(' ', '_')}.so", command)
        costs = self.compiled_costs(lambda inputs, out, sizes: self.face.call(path, inputs, out, sizes))
        return self.against(lambda to: self.face.call(path, self.inputs, to, self.sizes), costs)

    def nothing(self, given: Sequence[Any]) -> Call:
        """A call as Halide's are, of a function that does nothing: its kernels are not made for the smallest arrays."""
        from halide_rows import Buffer

        Path(self.folder, "nothing.c").write_text("int nothing() { return 0; }\n")
        function = ctypes.CDLL(built(f"{self.folder}/nothing.c", f"{self.folder}/nothing.so", ["gcc"])).nothing
        held = [ctypes.c_float(x) if isinstance(x, float) else Buffer.of(x) for x in given]
        words = [x if isinstance(x, ctypes.c_float) else ctypes.byref(x) for x in held]
        return lambda: function(*words)

    def halide(self, scheduler: str) -> dict[str, Any]:
        """The race against Halide with an autoscheduler."""
        from halide import HalideError
        from halide_rows import compiled

        costs = self.compiled_costs(lambda inputs, out, _: self.nothing((*inputs.values(), out)))
        try:
            return self.against(
                lambda to: compiled(self.function, scheduler, self.inputs, to, self.sizes, self.folder), costs
            )
        except HalideError as error:  # its base is Exception
            raise RuntimeError(str(error)) from error


def _then(first: Call, second: Call) -> Call:
    def both() -> None:
        first()
        second()

    return both


def entries(board: Board) -> dict[str, Callable[[], dict[str, Any]]]:
    """Every race by peer."""
    found: dict[str, Callable[[], dict[str, Any]]] = {}
    commands = Path(board.folder, "compilers.json")
    for label, command in (json.loads(commands.read_text()) if commands.exists() else {}).items():
        found[label] = partial(board.plain, label, command)
    for name in ("numpy", "torch"):
        found[name] = partial(_written, board, name)
    for scheduler in ("Adams2019", "Mullapudi2016"):
        found[f"halide {scheduler}"] = partial(board.halide, scheduler)
    return found


def _written(board: Board, name: str) -> dict[str, Any]:
    if name == "torch":
        import torch

        torch.set_num_threads(1)
    write = importlib.import_module(f"{name}_rows").WRITTEN.get(board.function)
    return board.library(write) if write else {"reason": "has no whole-array form", "na": True}


def fastest(folders: list[str], sizes: Mapping[str, int]) -> int:
    """Which of several exports of one task is fastest, by a chain of races; those that do not build are left out."""
    best, incumbent = 0, None
    for number, folder in enumerate(folders):
        face = Interface(folder)
        try:
            path = built(f"{folder}/kernel.c", f"{folder}/race.so", face.facts["FLAGS"], face.facts["LIBRARIES"])
        except subprocess.CalledProcessError:
            continue
        if incumbent is None:
            inputs, out = face.operands(sizes)
            best, incumbent = number, face.call(path, inputs, out, sizes)
            continue
        contender = face.call(path, inputs, out, sizes)
        contender()
        if race(contender, incumbent).ratio > 1 + _TIE:
            best, incumbent = number, contender
    return best


def main() -> None:
    """Race one exported kernel against the peers that are here; with --pick, exports against each other."""
    given = [word for word in sys.argv[1:] if "=" in word]
    words = [word for word in sys.argv[1:] if "=" not in word]
    sizes = {name: int(value) for name, _, value in (text.partition("=") for text in given)}
    pinned()
    if words[0] == "--pick":
        print(json.dumps(fastest(words[1:], sizes)))
        return
    folder, function = words
    board = Board(folder, function, sizes)
    found = {}
    for peer, run in entries(board).items():
        try:
            found[peer] = run()
        except ModuleNotFoundError as error:
            found[peer] = {"reason": f"not installed: {error.name}; run make bench-peers"}
        except FAILURES as error:
            found[peer] = {"reason": f"{type(error).__name__}: {error}"}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
