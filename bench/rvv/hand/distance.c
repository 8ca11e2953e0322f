/* Differences of 9 bits in 16, squares added to 32. */
typedef PASTE3(vuint8, M8, _t) bytes;
typedef PASTE3(vint16, M16, _t) words;
int ac_distance(const uint8_t *restrict x, const uint8_t *restrict y, int32_t *restrict out, int64_t n) {
    size_t most = LONGEST;
    i32s sum = PASTE(__riscv_vmv_v_x_i32, M32)(0, most);
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, y += vl) {
        vl = LENGTH(n);
        bytes a = PASTE(__riscv_vle8_v_u8, M8)(x, vl), b = PASTE(__riscv_vle8_v_u8, M8)(y, vl);
        words d = PASTE3(__riscv_vreinterpret_v_u16, M16, PASTE(_i16, M16))(__riscv_vwsubu_vv(a, b, vl));
        sum = __riscv_vwmacc_tu(sum, d, d, vl);
    }
    vint32m1_t zero = __riscv_vmv_s_x_i32m1(0, 1);
    *out = __riscv_vmv_x_s_i32m1_i32(PASTE3(__riscv_vredsum_vs_i32, M32, _i32m1)(sum, zero, most));
    return 0;
}
