/* Three fields of a segment load, stored apart. */
#define B PASTE(m, GROUP)
#if GROUP > 2
#error "three fields of at most two registers"
#endif
typedef PASTE3(vuint8, B, x3_t) pixels;
int ac_planar(const uint8_t *restrict image, uint8_t *restrict out, int64_t n) {
    int64_t apart = n;
    for (size_t vl; n > 0; n -= (int64_t)vl, image += 3 * vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        pixels v = PASTE3(__riscv_vlseg3e8_v_u8, B, x3)(image, vl);
        __riscv_vse8(out, PASTE(__riscv_vget_u8, B)(v, 0), vl);
        __riscv_vse8(out + apart, PASTE(__riscv_vget_u8, B)(v, 1), vl);
        __riscv_vse8(out + 2 * apart, PASTE(__riscv_vget_u8, B)(v, 2), vl);
    }
    return 0;
}
