"""C generation: from the loop language to C for a vector instruction set.

`emit(program, isa)` gives the text.  An instruction set is a `VectorIsa` value made of `Instruction`s; `PORTABLE` is
the one that every compiler has.
"""

from __future__ import annotations

from accelcore.cgen.emit import emit
from accelcore.cgen.instructions import Dot, Instruction, operand, short
from accelcore.cgen.isa import VectorIsa
from accelcore.cgen.portable import PORTABLE, portable

__all__ = ["PORTABLE", "Dot", "Instruction", "VectorIsa", "emit", "operand", "portable", "short"]
