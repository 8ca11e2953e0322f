"""Virtual registers of the engines' sequencers: numbers that are only known when the kernel runs."""

from __future__ import annotations


class VirtualRegister:
    """A register by its number; its value is in the memory of an execution."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __bool__(self) -> bool:
        return self._value() != 0

    def __index__(self) -> int:
        return self._value()

    def _value(self) -> int:
        from accelcore_nki.recorder import current

        return current().register_value(self.index)

    def __str__(self) -> str:
        return f"register {self.index}"
