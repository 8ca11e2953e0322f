/* Eight fields of eight records are the columns; with longer registers, a block's part of them. */
#if GROUP > 1
#error "eight fields of one register"
#endif
int ac_blocks_turned(const int16_t *restrict x, int16_t *restrict out, int64_t n) {
    for (int64_t b = 0; b < n; ++b, x += 64, out += 64) {
        vint16m1x8_t v = __riscv_vlseg8e16_v_i16m1x8(x, 8);
        __riscv_vse16(out, __riscv_vget_i16m1(v, 0), 8);
        __riscv_vse16(out + 8, __riscv_vget_i16m1(v, 1), 8);
        __riscv_vse16(out + 16, __riscv_vget_i16m1(v, 2), 8);
        __riscv_vse16(out + 24, __riscv_vget_i16m1(v, 3), 8);
        __riscv_vse16(out + 32, __riscv_vget_i16m1(v, 4), 8);
        __riscv_vse16(out + 40, __riscv_vget_i16m1(v, 5), 8);
        __riscv_vse16(out + 48, __riscv_vget_i16m1(v, 6), 8);
        __riscv_vse16(out + 56, __riscv_vget_i16m1(v, 7), 8);
    }
    return 0;
}
