"""Cycles without llvm-mca: instructions weighted by class and register group.

One issue slot for a scalar instruction, LMUL * VLEN / DLEN cycles of a vector pipe for a vector one, as many as it has
elements for strided and indexed accesses, and a few times that for divisions and roots.  First order only: no
latencies, no dependences.
"""

from __future__ import annotations

from collections.abc import Sequence

from accelcore_rvv.cpus import Cpu
from accelcore_rvv.disassembly import Line, vtype_of

_LONG = ("vdiv", "vrem", "vfdiv", "vfrdiv", "vfsqrt", "vfrsqrt")
_BY_ELEMENT = ("vlse", "vsse", "vlux", "vlox", "vsux", "vsox", "vrgather", "vcompress")
_DIVISION = 8.0  # cycles of a division per pass through the pipe
_SCALAR_LONG = {"div": 12.0, "divu": 12.0, "rem": 12.0, "remu": 12.0, "fdiv.s": 12.0, "fdiv.d": 20.0, "fsqrt.s": 14.0}


def cycles(cpu: Cpu, vlen: int, lines: Sequence[Line], vtype: str) -> float:
    """Cycles of one execution of a block."""
    slots = pipe = 0.0
    for line in lines:
        if line.name in ("vsetvli", "vsetivli"):
            vtype = vtype_of(line)
        slots += 1.0
        if line.vector and not line.name.startswith("vset"):
            pipe += _vector(cpu, vlen, line.name, vtype)
        else:
            slots += _SCALAR_LONG.get(line.name, 0.0) * cpu.issue
    return max(slots / cpu.issue, pipe / cpu.pipes)


def _vector(cpu: Cpu, vlen: int, name: str, vtype: str) -> float:
    width, _, group = (vtype or "e32,m1").partition(",")
    lmul = 1 / int(group[2:]) if group.startswith("mf") else float(group[1:] or 1)
    passes = max(1.0, lmul * vlen / cpu.dlen)
    if name.startswith(_BY_ELEMENT):
        return lmul * vlen / int(width[1:])
    if name.startswith(("vw", "vfw", "vn", "vfn")):
        passes *= 2
    return passes * (_DIVISION if name.startswith(_LONG) else 1.0)
