typedef PASTE3(vint8, M8, _t) bytes;
int ac_dot_s8(const int8_t *restrict x, const int8_t *restrict y, int32_t *restrict out, int64_t n) {
    size_t most = LONGEST;
    i32s sum = PASTE(__riscv_vmv_v_x_i32, M32)(0, most);
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, y += vl) {
        vl = LENGTH(n);
        bytes a = PASTE(__riscv_vle8_v_i8, M8)(x, vl), b = PASTE(__riscv_vle8_v_i8, M8)(y, vl);
        sum = __riscv_vwadd_wv_tu(sum, sum, __riscv_vwmul(a, b, vl), vl);
    }
    vint32m1_t zero = __riscv_vmv_s_x_i32m1(0, 1);
    *out = __riscv_vmv_x_s_i32m1_i32(PASTE3(__riscv_vredsum_vs_i32, M32, _i32m1)(sum, zero, most));
    return 0;
}
