"""exp of f32 in RVV's own instructions, where they are fewer than the ones that every ISA has.

x = k ln 2 + r as in `accelcore.cgen.vecmath`, with its polynomial and so its error (below 1.01 ulp); k comes from the
conversion to integers and back.  2**k is two factors, so that results below the normal numbers and infinity come out
right.  A NaN fails the comparison, keeps r a NaN, and so stays one.
"""

from __future__ import annotations

from collections.abc import Iterator

from accelcore.cgen import Instruction, operand
from accelcore.ir.expr import call
from accelcore_rvv.tables.registers import COUNTS, ctype, exists, mask, suffix

# The coefficients of accelcore.cgen.vecmath.elementary.EXP["f32"], highest first, and the two below it.
_COEFFICIENTS = ("0.00138181623f", "0.0083689522f", "0.0416683182f", "0.166665196f", "0.49999994f", "1.0f", "1.0f")


def instructions() -> Iterator[Instruction]:
    """exp at every number of lanes."""
    for lanes in COUNTS:
        if exists("f32", lanes):
            template = f"ac_exp_{suffix('f32', lanes)}({{a}}, ac_vl)"
            yield Instruction("exp", lanes, call("exp", operand("a", "f32")), template, 25)


def helpers() -> dict[str, str]:
    """The C functions by name."""
    return {f"ac_exp_{suffix('f32', lanes)}": _exp(lanes) for lanes in COUNTS if exists("f32", lanes)}


def _exp(lanes: int) -> str:
    f, i, v, w = suffix("f32", lanes), suffix("i32", lanes), ctype("f32", lanes), ctype("i32", lanes)
    first, *rest = _COEFFICIENTS
    steps = "\n".join(
        f"    p = __riscv_vfmadd_vv_{f}(p, r, __riscv_vfmv_v_f_{f}({c}, ac_vl), ac_vl);" for c in rest[1:]
    )
    power = f"__riscv_vreinterpret_v_{i}_{f}(__riscv_vsll_vx_{i}(__riscv_vadd_vx_{i}({{k}}, 127, ac_vl), 23, ac_vl))"
    return f"""static inline {v} ac_exp_{f}({v} x, size_t ac_vl) {{
    x = __riscv_vfmerge_vfm_{f}(x, -104.0f, __riscv_vmflt_vf_{f}_{mask(lanes)}(x, -104.0f, ac_vl), ac_vl);
    {w} k = __riscv_vfcvt_x_f_v_{i}(__riscv_vfmul_vf_{f}(x, 1.44269504f, ac_vl), ac_vl);
    k = __riscv_vmin_vx_{i}(k, 254, ac_vl);
    const {v} n = __riscv_vfcvt_f_x_v_{f}(k, ac_vl);
    {v} r = __riscv_vfnmsac_vf_{f}(x, 0.693359375f, n, ac_vl);
    r = __riscv_vfnmsac_vf_{f}(r, -2.12194440e-4f, n, ac_vl);
    {v} p = __riscv_vfmacc_vf_{f}(__riscv_vfmv_v_f_{f}({rest[0]}, ac_vl), {first}, r, ac_vl);
{steps}
    const {w} half = __riscv_vsra_vx_{i}(k, 1, ac_vl), other = __riscv_vsub_vv_{i}(k, half, ac_vl);
    p = __riscv_vfmul_vv_{f}(p, {power.format(k="half")}, ac_vl);
    return __riscv_vfmul_vv_{f}(p, {power.format(k="other")}, ac_vl);
}}"""
