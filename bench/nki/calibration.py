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


def matmul_blocked_mn(left: Any, right: Any) -> Any:
    """Stage v4: blocks of M and N, each loaded along K into its own bank sums."""
    out = nl.ndarray((M, N), dtype=nl.float32, buffer=nl.shared_hbm)
    block_m, block_n = 2 * ROWS, 2 * PSUM_COLUMNS
    for m in range(0, M, block_m):
        for n in range(0, N, block_n):
            tiles = [(i, j) for i in range(0, block_m, ROWS) for j in range(0, block_n, PSUM_COLUMNS)]
            sums = {tile: _new(ROWS, PSUM_COLUMNS, "psum") for tile in tiles}
            for k in range(0, K, ROWS):
                x, y = nl.load(left[k : k + ROWS, m : m + block_m]), nl.load(right[k : k + ROWS, n : n + block_n])
                for (i, j), acc in sums.items():
                    isa.nc_matmul(acc, x[:, i : i + ROWS], y[:, j : j + PSUM_COLUMNS])
            for (i, j), acc in sums.items():
                nl.store(out[m + i : m + i + ROWS, n + j : n + j + PSUM_COLUMNS], acc)
    return out


def _scan_step(step: Any, pushed: Any, rate: Any, rows: tuple[Any, Any], total: Any, start: Any) -> Any:
    """One state of a selective scan: h = exp(delta A) h + delta u B; y += C h.  B and C come from PSUM."""
    length = step.shape[1]
    decay, driven, hidden = (_new(ROWS, length) for _ in range(3))
    isa.activation(decay, nl.exp, step, scale=rate)
    isa.tensor_tensor(driven, pushed, rows[0], nl.multiply)
    isa.tensor_tensor_scan(hidden, decay, driven, start, nl.multiply, nl.add)
    weighed = _new(ROWS, length)
    isa.tensor_tensor(weighed, hidden, rows[1], nl.multiply)
    isa.tensor_tensor(total, total, weighed, nl.add)
    return hidden


def _in_all_partitions(table: Any, state: int, span: slice, ones: Any) -> Any:
    """A row of a table in every partition, by a product with ones."""
    row = nl.load(table[state : state + 1, span])
    spread = _new(ROWS, row.shape[1], "psum")
    isa.nc_matmul(spread, ones, row)
    return spread


def mamba_reloading(delta: Any, u: Any, rates: Any, b: Any, c: Any) -> Any:
    """v1: states outside, channels inside; every step loads its channels again and multiplies delta with u again."""
    channels, length = delta.shape
    out = nl.ndarray((channels, length), dtype=nl.float32, buffer=nl.shared_hbm)
    ones = nl.ones((1, ROWS), dtype=nl.float32)
    totals = [nl.zeros((ROWS, length), dtype=nl.float32) for _ in range(0, channels, ROWS)]
    for state in range(b.shape[0]):
        both = tuple(_in_all_partitions(t, state, slice(0, length), ones) for t in (b, c))
        for at, total in enumerate(totals):
            rows = nl.ds(at * ROWS, ROWS)
            step, value, rate = nl.load(delta[rows]), nl.load(u[rows]), nl.load(rates[rows, state : state + 1])
            pushed = _new(ROWS, length)
            isa.tensor_tensor(pushed, step, value, nl.multiply)
            _scan_step(step, pushed, rate, both, total, 0.0)
    for at, total in enumerate(totals):
        nl.store(out[nl.ds(at * ROWS, ROWS)], total)
    return out


def mamba_tiled(delta: Any, u: Any, rates: Any, b: Any, c: Any) -> Any:
    """v2 and v3: channels outside, what does not depend on the state done once; pieces of 512 of the sequence (v3)."""
    channels, length = delta.shape
    out = nl.ndarray((channels, length), dtype=nl.float32, buffer=nl.shared_hbm)
    ones = nl.ones((1, ROWS), dtype=nl.float32)
    for row in range(0, channels, ROWS):
        rows = nl.ds(row, ROWS)
        rate, carried = nl.load(rates[rows]), nl.zeros((ROWS, b.shape[0]), dtype=nl.float32)
        for begin in range(0, length, PSUM_COLUMNS):
            span = slice(begin, begin + PSUM_COLUMNS)
            step, value, pushed = nl.load(delta[rows, span]), nl.load(u[rows, span]), _new(ROWS, PSUM_COLUMNS)
            isa.tensor_tensor(pushed, step, value, nl.multiply)
            total = nl.zeros((ROWS, PSUM_COLUMNS), dtype=nl.float32)
            for state in range(b.shape[0]):
                both = tuple(_in_all_partitions(t, state, span, ones) for t in (b, c))
                one = slice(state, state + 1)
                hidden = _scan_step(step, pushed, rate[:, one], both, total, carried[:, one])
                if length > PSUM_COLUMNS:
                    isa.tensor_copy(carried[:, one], hidden[:, PSUM_COLUMNS - 1 : PSUM_COLUMNS])
            nl.store(out[rows, span], total)
    return out


def mamba_pieces(delta: Any, u: Any, rates: Any, b: Any, c: Any) -> Any:
    """As v1, in pieces of 512 of a longer sequence; each state carries its end over."""
    channels, length = delta.shape
    out = nl.ndarray((channels, length), dtype=nl.float32, buffer=nl.shared_hbm)
    ones = nl.ones((1, ROWS), dtype=nl.float32)
    for row in range(0, channels, ROWS):
        rows = nl.ds(row, ROWS)
        rate, ends = nl.load(rates[rows]), [0.0] * b.shape[0]
        for begin in range(0, length, PSUM_COLUMNS):
            span = slice(begin, begin + PSUM_COLUMNS)
            total = nl.zeros((ROWS, PSUM_COLUMNS), dtype=nl.float32)
            for state in range(b.shape[0]):
                step, value, pushed = nl.load(delta[rows, span]), nl.load(u[rows, span]), _new(ROWS, PSUM_COLUMNS)
                isa.tensor_tensor(pushed, step, value, nl.multiply)
                both = tuple(_in_all_partitions(t, state, span, ones) for t in (b, c))
                hidden = _scan_step(step, pushed, rate[:, state : state + 1], both, total, ends[state])
                ends[state] = hidden[:, PSUM_COLUMNS - 1 : PSUM_COLUMNS]
            nl.store(out[rows, span], total)
    return out


def rope(x: Any, cos: Any, sin: Any) -> Any:
    """Rotation of the two halves of the head dimension, which lie in 64 partitions each; [heads, 128, sequence]."""
    heads, width, length = x.shape
    out = nl.ndarray(x.shape, dtype=nl.float32, buffer=nl.shared_hbm)
    half = width // 2
    for begin in range(0, length, PSUM_COLUMNS):
        span = slice(begin, begin + PSUM_COLUMNS)
        c, s = nl.load(cos[:, span]), nl.load(sin[:, span])
        for head in range(heads):
            low, high = nl.load(x[head, 0:half, span]), nl.load(x[head, half:width, span])
            for place, first, second, op in ((0, low, high, nl.subtract), (half, high, low, nl.add)):
                a, b, done = (_new(half, PSUM_COLUMNS) for _ in range(3))
                isa.tensor_tensor(a, first, c, nl.multiply)
                isa.tensor_tensor(b, second, s, nl.multiply)
                isa.tensor_tensor(done, a, b, op)
                nl.store(out[head, place : place + half, span], done)
    return out


def _total(line: Timeline) -> float:
    return line.total / 1e6


def _busy(engine: str) -> Callable[[Timeline], float]:
    return lambda line: line.busy(engine) / 1e6


def _scan_shapes(channels: int, length: int) -> tuple[Shape, ...]:
    wide, table = Shape((channels, length)), Shape((16, length))
    return wide, wide, Shape((channels, 16)), table, table


PRODUCT = (Shape((K, M)), Shape((K, N)))
ASSUMED, BLOCKS = "operations assumed", "block sizes assumed"
LONGER = {1024: 3.3, 2048: 6.6, 3072: 10.1, 4096: 13.3, 5120: 17.3, 6144: 19.6, 7168: 24.2, 8192: 27.8}
HEADS = (Shape((64, 128, 4096)), Shape((64, 4096)), Shape((64, 4096)))
ENTRIES = (
    Entry("matmul v2, tiled", "trn2", 39.89, _total, matmul_tiled, PRODUCT, "the DMA interval is fitted to it"),
    Entry("matmul v3, loads hoisted", "trn2", 28.20, _total, matmul_hoisted, PRODUCT),
    Entry("matmul v4, blocked in M, N", "trn2", 28.41, _total, matmul_blocked_mn, PRODUCT, BLOCKS),
    Entry("matmul v5, blocked in K", "trn2", 28.30, _total, matmul_blocked, PRODUCT, BLOCKS),
    Entry("  its TensorE busy", "trn2", 28.16, _busy("tensor"), matmul_blocked, PRODUCT),
    Entry("mamba v1, 256 channels", "trn1", 0.17293, _total, mamba_reloading, _scan_shapes(256, 512), ASSUMED),
    Entry("mamba v1, 4096 channels", "trn1", 2.34, _total, mamba_reloading, _scan_shapes(4096, 512), ASSUMED),
    Entry("mamba v2, sequence 512", "trn1", 1.61, _total, mamba_tiled, _scan_shapes(4096, 512), ASSUMED),
    Entry("  its VectorE busy", "trn1", 1.61 * 0.996, _busy("vector"), mamba_tiled, _scan_shapes(4096, 512)),
    *(
        Entry(f"mamba v3, sequence {n}", "trn1", ms, _total, mamba_tiled, _scan_shapes(4096, n), ASSUMED)
        for n, ms in LONGER.items()
    ),
    Entry("  its VectorE busy, 8192", "trn1", 27.8 * 0.949, _busy("vector"), mamba_tiled, _scan_shapes(4096, 8192)),
    Entry("mamba 256x7168, VectorE busy", "trn1", 1.77, _busy("vector"), mamba_pieces, _scan_shapes(256, 7168)),
    Entry("rope 64x4096x128, VectorE busy", "trn1", 3.10, _busy("vector"), rope, HEADS, ASSUMED),
)


def main() -> None:
    """Print the table."""
    print(f"{'measurement':31s} {'chip':5s} {'modelled ms':>12s} {'measured ms':>12s} {'error':>7s}  note")
    lines: dict[Any, Timeline] = {}
    began = time.perf_counter()
    for entry in ENTRIES:
        key = (entry.kernel, entry.shapes)
        if key not in lines:
            lines[key] = modelled(trace(entry.kernel, *entry.shapes, target=entry.target)[0])
        have = entry.read(lines[key])
        error = f"{have / entry.measured - 1:+.1%}"
        print(f"{entry.name:31s} {entry.target:5s} {have:12.3f} {entry.measured:12.3f} {error:>7s}  {entry.note}")
    count = sum(len(line.program.instructions) for line in lines.values())
    print(f"{count} instructions traced and scheduled in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
