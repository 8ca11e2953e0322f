/* The byte indices serve as they are, four times as wide. */
typedef PASTE3(vuint8, M8, _t) bytes;
int ac_looked_up(const float *restrict table, const uint8_t *restrict at, float *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, at += vl, out += vl) {
        vl = LENGTH(n);
        PASTE3(vuint16, M16, _t) offsets = __riscv_vwmulu(PASTE(__riscv_vle8_v_u8, M8)(at, vl), 4, vl);
        __riscv_vse32(out, PASTE(__riscv_vluxei16_v_f32, M32)(table, offsets, vl), vl);
    }
    return 0;
}
