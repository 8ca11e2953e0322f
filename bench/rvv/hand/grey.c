#define W PASTE(m, GROUP)
#define B M16
#if GROUP > 4
#error "three fields of at most two registers"
#endif
typedef PASTE3(vuint8, B, x3_t) pixels;
typedef PASTE3(vuint16, W, _t) words;
#define PART(v, at) PASTE(__riscv_vget_u8, B)(v, at)
int ac_grey(const uint8_t *restrict image, uint8_t *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, image += 3 * vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        pixels v = PASTE3(__riscv_vlseg3e8_v_u8, B, x3)(image, vl);
        words s = __riscv_vwmulu(PART(v, 0), 77, vl);
        s = __riscv_vwmaccu(s, 150, PART(v, 1), vl);
        s = __riscv_vwmaccu(s, 29, PART(v, 2), vl);
        __riscv_vse8(out, __riscv_vnsrl(s, 8, vl), vl);
    }
    return 0;
}
