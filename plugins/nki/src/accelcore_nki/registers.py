"""Virtual registers of the engines' sequencers: numbers that are only known when the kernel runs."""

from __future__ import annotations


class VirtualRegister:
    """A register by its number; its value is in the memory of an execution.

    Arithmetic on it gives Python numbers: the simulator knows the value when it traces (or says that it needs data).
    """

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

    def __int__(self) -> int:
        return self._value()

    def __add__(self, other: int) -> int:
        return self._value() + int(other)

    def __sub__(self, other: int) -> int:
        return self._value() - int(other)

    def __rsub__(self, other: int) -> int:
        return int(other) - self._value()

    def __mul__(self, other: int) -> int:
        return self._value() * int(other)

    def __floordiv__(self, other: int) -> int:
        return self._value() // int(other)

    def __mod__(self, other: int) -> int:
        return self._value() % int(other)

    def __neg__(self) -> int:
        return -self._value()

    __radd__, __rmul__ = __add__, __mul__

    def __str__(self) -> str:
        return f"register {self.index}"
