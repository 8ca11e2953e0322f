"""Kernels as objects: configurations, factories, callables, counters in closures."""

from __future__ import annotations

import abc
import functools
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Callable, ClassVar, NamedTuple

import numpy as np

import nki
import nki.isa as nisa
import nki.language as nl

P = nl.tile_size.pmax


class Tile(NamedTuple):
    start: int
    size: int

    @property
    def span(self):
        return nl.ds(self.start, self.size)

    @classmethod
    def over(cls, extent, size=P):
        return [cls(at, min(size, extent - at)) for at in range(0, extent, size)]


@dataclass(frozen=True)
class Config:
    rows: int
    columns: int
    _: KW_ONLY
    tile: int = 512
    dtype: str = nl.float32
    gains: tuple[float, ...] = field(default_factory=lambda: (1.0,))

    LIMIT: ClassVar[int] = 1 << 14

    def __post_init__(self):
        assert self.columns <= self.LIMIT, f"{self.columns=} is more than {self.LIMIT}"
        assert self.tile > 0, f"expected a positive tile, got {self.tile!r}"


class Block(abc.ABC):
    def __init__(self, config: Config):
        self.config = config
        self.loads = 0

    @staticmethod
    def new(rows, columns, dtype=nl.float32, *, buffer=nl.sbuf):
        return nl.ndarray((rows, columns), dtype=dtype, buffer=buffer)

    def fetch(self, source, rows: Tile, columns: Tile):
        tile = self.new(rows.size, columns.size)
        nisa.dma_copy(dst=tile, src=source[rows.span, columns.span])
        self.loads += 1
        return tile

    @abc.abstractmethod
    def compute(self, tile): ...

    def __call__(self, x, out):
        for rows in Tile.over(x.shape[0]):
            for columns in Tile.over(x.shape[1], self.config.tile):
                result = self.compute(self.fetch(x, rows, columns))
                nisa.dma_copy(dst=out[rows.span, columns.span], src=result)
        return self


class Gains(Block):
    def compute(self, tile):
        for gain in self.config.gains:
            nisa.tensor_scalar(tile, tile, nl.multiply, gain)
        return tile


class Clipped(Gains):
    def compute(self, tile):
        tile = super().compute(tile)
        nisa.tensor_scalar(dst=tile, data=tile, op0=nl.minimum, operand0=1.0, op1=nl.maximum, operand1=-1.0)
        return tile


def make(block: type[Block], config: Config, seen: list[int]) -> Callable:
    @nki.jit
    def kernel(x):
        rows, columns = x.shape
        assert (rows, columns) == (config.rows, config.columns), f"{x.shape} is not {config.rows}x{config.columns}"
        out = nl.ndarray((rows, columns), dtype=x.dtype, buffer=nl.shared_hbm)
        seen.append(block(config)(x, out).loads)
        return out

    return kernel


@functools.lru_cache(maxsize=None)
def shifted(amount: float):
    """A kernel for each amount, made once."""

    def body(x, *, times=1):
        out = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.shared_hbm)
        tile = nl.ndarray(x.shape, dtype=x.dtype, buffer=nl.sbuf)
        nisa.dma_copy(dst=tile, src=x)
        total = 0

        def again():
            nonlocal total
            nisa.tensor_scalar(dst=tile, data=tile, op0=nl.add, operand0=amount)
            total += 1

        while total < times:
            again()
        nisa.dma_copy(dst=out, src=tile)
        return out

    return nki.jit(body)


def main():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 700), dtype=np.float32)
    config = Config(*x.shape, gains=(2.0, 0.5, 3.0))
    seen: list[int] = []
    np.testing.assert_allclose(make(Gains, config, seen)(x), 3 * x, rtol=1e-6)
    np.testing.assert_allclose(make(Clipped, replace(config, tile=256), seen)(x), np.clip(3 * x, -1, 1), rtol=1e-6)
    assert seen == [4, 6], seen
    small = x[:16, :16].copy()
    assert shifted(2.0) is shifted(2.0)
    np.testing.assert_allclose(shifted(2.0)(small, times=3), small + 6, rtol=1e-6)
    np.testing.assert_allclose(functools.partial(shifted(1.0), times=2)(small), small + 2, rtol=1e-6)
    try:
        make(Gains, replace(config, rows=7), seen)(x)
    except AssertionError as error:
        assert "is not 7x700" in str(error)
    else:
        raise SystemExit("a wrong shape passed")


if __name__ == "__main__":
    main()
