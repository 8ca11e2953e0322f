/* Steps of 1, 2, 4, ... lanes inside a strip, at most as many as 256 bits need written out; the total of all strips before
   in every lane, so that a strip waits for one addition of the one before it. */
#define STEP(d) v = __riscv_vfadd(v, __riscv_vslideup(zero, v, d, vl), vl)
int ac_running_sum(const float *restrict x, float *restrict out, int64_t n) {
    const size_t longest = LONGEST;
    const f32s zero = SPLAT(0, longest);
    f32s carry = zero;
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, out += vl) {
        vl = LENGTH(n);
        f32s v = LOAD(x, vl);
        v = __riscv_vfadd(v, __riscv_vfslide1up(v, 0.0f, vl), vl);
        STEP(2);
        STEP(4);
        if (GROUP >= 2) STEP(8);
        if (GROUP >= 4) STEP(16);
        if (GROUP >= 8) STEP(32);
        for (size_t d = 8 * GROUP; d < vl; d *= 2) STEP(d);
        f32s last = __riscv_vrgather(v, vl - 1, vl);
        v = __riscv_vfadd(v, carry, vl);
        carry = __riscv_vfadd(carry, last, vl);
        __riscv_vse32(out, v, vl);
    }
    return 0;
}
