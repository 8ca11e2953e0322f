"""Encoders of the commands: Python calls instead of bit fields.

Sizes are rows and columns of the operand (after transposition).  Local addresses are rows; `acc` makes one of the
accumulator.  Field positions: the instruction set of Gemmini's RoCC interface.
"""

from __future__ import annotations

import struct

from accelcore_gemmini.commands import Command

GARBAGE = 0xFFFFFFFF
"""Local address that reads as zeros, keeps the weights, or discards the result."""

MVIN_FUNCT = (2, 1, 14)
"""Funct of mvin by load state."""


def acc(row: int, *, accumulate: bool = False, full: bool = False) -> int:
    """The local address of an accumulator row: written by adding, read as whole int32 values."""
    return 1 << 31 | int(accumulate) << 30 | int(full) << 29 | row


def bits(value: float) -> int:
    """The bit pattern of a float32."""
    return int.from_bytes(struct.pack("<f", value), "little")


def _block(local: int, rows: int, cols: int) -> int:
    return rows << 48 | cols << 32 | local


def config_ex(
    *, weight_stationary: bool = True, activation: int = 0, a_transpose: bool = False, b_transpose: bool = False,
    a_stride: int = 1, c_stride: int = 1, shift: int = 0,
) -> Command:  # fmt: skip
    """Dataflow, activation (0 none, 1 relu) and transposes of the array; strides in local rows."""
    low = int(weight_stationary) << 2 | activation << 3 | int(a_transpose) << 8 | int(b_transpose) << 9
    return Command(0, bits(1.0) << 32 | a_stride << 16 | low, c_stride << 48 | shift)


def config_ld(
    stride: int, *, state: int = 0, scale: float = 1.0, shrunk: bool = False, block_stride: int = 16, repeats: int = 1
) -> Command:
    """Bytes between rows in memory and rows between column blocks, of one of the three load states."""
    return Command(0, bits(scale) << 32 | block_stride << 16 | repeats << 8 | state << 3 | int(shrunk) << 2 | 1, stride)


def config_st(stride: int, *, activation: int = 0, scale: float = 1.0) -> Command:
    """Bytes between rows in memory; scale and activation of what leaves the accumulator."""
    return Command(0, activation << 2 | 2, bits(scale) << 32 | stride)


def mvin(address: int, local: int, rows: int, cols: int, *, state: int = 0) -> Command:
    """Memory to local rows; address 0 writes zeros."""
    return Command(MVIN_FUNCT[state], address, _block(local, rows, cols))


def mvout(address: int, local: int, rows: int, cols: int) -> Command:
    """Local rows to memory."""
    return Command(3, address, _block(local, rows, cols))


def preload(b: int, c: int, *, b_size: tuple[int, int] = (16, 16), c_size: tuple[int, int] = (16, 16)) -> Command:
    """Names B (output stationary: D) and the destination C of the next compute."""
    return Command(6, _block(b, *b_size), _block(c, *c_size))


def compute(
    a: int, d: int = GARBAGE, *, a_size: tuple[int, int] = (16, 16), d_size: tuple[int, int] = (16, 16),
    preloaded: bool = True,
) -> Command:  # fmt: skip
    """Feeds A (and D; output stationary: B) with the weights just preloaded, or with those that the array holds."""
    return Command(4 if preloaded else 5, _block(a, *a_size), _block(d, *d_size))


def loop_ws(
    blocks: tuple[int, int, int], addresses: tuple[int, int, int, int], strides: tuple[int, int, int, int], *,
    padding: tuple[int, int, int] = (0, 0, 0), accumulate: bool = False, full: bool = False, low_d: bool = False,
    a_transpose: bool = False, b_transpose: bool = False, activation: int = 0, residual: bool = False,
) -> list[Command]:  # fmt: skip
    """The hardware loop over I x J x K blocks: C = A B + D, or C = A + B with `residual`.

    addresses, strides: of A, B, D, C, in bytes and in elements; address 0 leaves the operand out.  padding: elements
    by which the last block of I, J, K is short.
    """
    fields = [sum(n << 16 * at for at, n in enumerate(triple)) for triple in (padding, blocks)]
    a, b, d, c = addresses
    first = int(accumulate) | int(full) << 1 | int(low_d) << 2 | activation << 8
    second = int(a_transpose) | int(b_transpose) << 1 | int(residual) << 2
    return [
        Command(9, fields[0], fields[1]), Command(10, a, b), Command(11, d, c),
        Command(12, strides[0], strides[1]), Command(13, strides[2], strides[3]), Command(8, first, second),
    ]  # fmt: skip
