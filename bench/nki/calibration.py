"""The timing model against published measurements: one table of modelled, measured, error.

    python bench/nki/calibration.py

The kernels here are our own, written from the shapes, the traffic and the mathematics that the vendor publishes beside
its measurements; where the composition of the measured kernel is not published, the note says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accelcore_nki import Shape, isa, trace
from accelcore_nki import language as nl
from accelcore_nki.timing import Timeline, modelled

M, K, N = 4096, 8192, 8192  # of the trn2 matrix product, float32
PSUM_COLUMNS, ROWS = 512, 128


@dataclass(frozen=True)
class Entry:
    """A published measurement in ms, and how to model it."""

    name: str
    target: str
    measured: float
    read: Callable[[Timeline], float]
    kernel: Callable[..., Any]
    shapes: tuple[Shape, ...]
    note: str = ""


def _new(rows: int, columns: int, buffer: str = "sbuf") -> Any:
    return nl.ndarray((rows, columns), dtype=nl.float32, buffer=buffer)


def matmul_tiled(left: Any, right: Any) -> Any:
    """Stage v2: both tiles are loaded in the innermost loop."""
    out = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.shared_hbm)
    for m in range(0, M, ROWS):
        for n in range(0, N, PSUM_COLUMNS):
            acc = _new(ROWS, PSUM_COLUMNS, "psum")
            for k in range(0, K, ROWS):
                x, y = nl.load(left[k : k + ROWS, m : m + ROWS]), nl.load(right[k : k + ROWS, n : n + PSUM_COLUMNS])
                isa.nc_matmul(acc, x, y)
            nl.store(out[m : m + ROWS, n : n + PSUM_COLUMNS], acc)
    return out


def matmul_hoisted(left: Any, right: Any) -> Any:
    """Stage v3: the left tiles of a row are loaded once."""
    out = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.shared_hbm)
    for m in range(0, M, ROWS):
        tiles = [nl.load(left[k : k + ROWS, m : m + ROWS]) for k in range(0, K, ROWS)]
        for n in range(0, N, PSUM_COLUMNS):
            acc = _new(ROWS, PSUM_COLUMNS, "psum")
            for index, tile in enumerate(tiles):
                k = index * ROWS
                isa.nc_matmul(acc, tile, nl.load(right[k : k + ROWS, n : n + PSUM_COLUMNS]))
            nl.store(out[m : m + ROWS, n : n + PSUM_COLUMNS], acc)
    return out


def matmul_blocked(left: Any, right: Any) -> Any:
    """Stage v5: blocks of M, N and K; partial sums of a block of K are added in SBUF."""
    out = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.shared_hbm)
    block_m, block_n, block_k = 2048, 1024, 1024
    for n in range(0, N, block_n):
        for m in range(0, M, block_m):
            tiles = [(i, j) for i in range(0, block_m, ROWS) for j in range(0, block_n, PSUM_COLUMNS)]
            sums = {tile: _new(ROWS, PSUM_COLUMNS) for tile in tiles}
            for k in range(0, K, block_k):
                depth = range(k, k + block_k, ROWS)
                xs = [nl.load(left[d : d + ROWS, m : m + block_m]) for d in depth]
                ys = [nl.load(right[d : d + ROWS, n : n + block_n]) for d in depth]
                for (i, j), total in sums.items():
                    _partial(total, xs, ys, i, j, first=k == 0)
            for (i, j), total in sums.items():
                nl.store(out[m + i : m + i + ROWS, n + j : n + j + PSUM_COLUMNS], total)
    return out


def _partial(total: Any, xs: list[Any], ys: list[Any], i: int, j: int, *, first: bool) -> None:
    acc = _new(ROWS, PSUM_COLUMNS, "psum")
    for x, y in zip(xs, ys, strict=True):
        isa.nc_matmul(acc, x[:, i : i + ROWS], y[:, j : j + PSUM_COLUMNS])
    if first:
        isa.tensor_copy(total, acc)
    else:
        isa.tensor_tensor(total, total, acc, nl.add)


def mamba(delta: Any, u: Any, rates: Any, b: Any, c: Any) -> Any:
    """Selective scan, a state at a time: h = exp(delta A) h + delta u B; y += C h.  [channels, sequence] inputs."""
    channels, length = delta.shape
    out = nl.ndarray((channels, length), dtype=nl.float32, buffer=nl.shared_hbm)
    for row in range(0, channels, ROWS):
        rows = nl.ds(row, ROWS)
        total = nl.zeros((ROWS, length), dtype=nl.float32)
        rate = nl.load(rates[rows])
        for state in range(b.shape[0]):
            step, value = nl.load(delta[rows]), nl.load(u[rows])
            decay, pushed, hidden = (_new(ROWS, length) for _ in range(3))
            isa.activation(decay, nl.exp, step, scale=rate[:, state : state + 1])
            isa.tensor_tensor(pushed, step, value, nl.multiply)
            isa.tensor_tensor(pushed, pushed, _rows_of(b, state), nl.multiply)
            isa.tensor_tensor_scan(hidden, decay, pushed, 0.0, nl.multiply, nl.add)
            isa.tensor_tensor(hidden, hidden, _rows_of(c, state), nl.multiply)
            isa.tensor_tensor(total, total, hidden, nl.add)
        nl.store(out[rows], total)
    return out


def _rows_of(table: Any, state: int) -> Any:
    """A row in all partitions, repeated by DMA."""
    return nl.load(table[state : state + 1].broadcast(0, ROWS))


def _total(line: Timeline) -> float:
    return line.total / 1e6


def _scan_shapes(channels: int) -> tuple[Shape, ...]:
    wide, table = Shape((channels, 512)), Shape((16, 512))
    return wide, wide, Shape((channels, 16)), table, table


PRODUCT = (Shape((K, M)), Shape((K, N)))
ASSUMED = "composition of the measured kernel assumed"
ENTRIES = (
    Entry("matmul v2, tiled", "trn2", 39.89, _total, matmul_tiled, PRODUCT, "the DMA interval is fitted to it"),
    Entry("matmul v3, loads hoisted", "trn2", 28.20, _total, matmul_hoisted, PRODUCT),
    Entry("matmul v5, blocked in K", "trn2", 28.30, _total, matmul_blocked, PRODUCT, "block sizes assumed"),
    Entry("  its TensorE busy", "trn2", 28.16, lambda t: t.busy("tensor") / 1e6, matmul_blocked, PRODUCT),
    Entry("mamba v1, 256 channels", "trn1", 0.17293, _total, mamba, _scan_shapes(256), ASSUMED),
    Entry("mamba v1, 4096 channels", "trn1", 2.34, _total, mamba, _scan_shapes(4096), ASSUMED),
)


def main() -> None:
    """Print the table."""
    print(f"{'measurement':27s} {'chip':5s} {'modelled ms':>12s} {'measured ms':>12s} {'error':>7s}  note")
    lines: dict[Any, Timeline] = {}
    began = time.perf_counter()
    for entry in ENTRIES:
        key = (entry.kernel, entry.shapes)
        if key not in lines:
            lines[key] = modelled(trace(entry.kernel, *entry.shapes, target=entry.target)[0])
        have = entry.read(lines[key])
        error = f"{have / entry.measured - 1:+.1%}"
        print(f"{entry.name:27s} {entry.target:5s} {have:12.3f} {entry.measured:12.3f} {error:>7s}  {entry.note}")
    count = sum(len(line.program.instructions) for line in lines.values())
    print(f"{count} instructions traced and scheduled in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
