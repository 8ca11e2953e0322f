/* Doubling slides inside a strip, the last element carried to the next. */
typedef PASTE3(vint64, M32, _t) wide;
int ac_prefix_sum(const int32_t *restrict x, int64_t *restrict out, int64_t n) {
    int64_t carry = 0;
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e64, M32)((size_t)n);
        wide v = PASTE(__riscv_vsext_vf2_i64, M32)(PASTE(__riscv_vle32_v_i32, M16)(x, vl), vl);
        wide zero = PASTE(__riscv_vmv_v_x_i64, M32)(0, vl);
        for (size_t d = 1; d < vl; d *= 2) v = __riscv_vadd(v, __riscv_vslideup(zero, v, d, vl), vl);
        v = __riscv_vadd(v, carry, vl);
        __riscv_vse64(out, v, vl);
        carry = out[vl - 1];
    }
    return 0;
}
