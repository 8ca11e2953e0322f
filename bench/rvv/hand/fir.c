/* One load each strip and tap; 16 by 8 bits: the tap is widened once, outside. */
typedef PASTE3(vint16, M16, _t) words;
int ac_fir(const int16_t *restrict x, const int8_t *restrict f, int16_t *restrict out, int64_t n) {
    int64_t left = n - 7;
    for (size_t vl; left > 0; left -= (int64_t)vl, x += vl, out += vl) {
        vl = LENGTH(left);
        i32s sum = __riscv_vwmul(PASTE(__riscv_vle16_v_i16, M16)(x, vl), (int16_t)f[0], vl);
        for (int j = 1; j < 8; ++j) sum = __riscv_vwmacc(sum, (int16_t)f[j], PASTE(__riscv_vle16_v_i16, M16)(x + j, vl), vl);
        __riscv_vse16(out, __riscv_vnclip(sum, 7, __RISCV_VXRM_RNU, vl), vl);
    }
    return 0;
}
