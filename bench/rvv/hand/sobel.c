/* Sums of 16 bits by widening; the absolute value is the larger of a number and its negative. */
#define W PASTE(m, GROUP)
#define B M16
typedef PASTE3(vuint8, B, _t) bytes;
typedef PASTE3(vuint16, W, _t) words;
typedef PASTE3(vint16, W, _t) numbers;
#define BYTES(p) PASTE(__riscv_vle8_v_u8, B)(p, vl)
#define SIGNED(v) PASTE3(__riscv_vreinterpret_v_u16, W, PASTE(_i16, W))(v)
#define SIZE(v) __riscv_vmax(v, __riscv_vneg(v, vl), vl)
#define SMOOTH(a, b, c) __riscv_vwmaccu(__riscv_vwaddu_vv(a, c, vl), 2, b, vl)
int ac_sobel(const uint8_t *restrict x, int16_t *restrict out, int64_t m, int64_t n) {
    for (int64_t i = 0; i + 2 < m; ++i, out += n - 2) {
        const uint8_t *p = x + i * n, *q = p + n, *r = q + n;
        size_t vl;
        for (int64_t j = 0; j < n - 2; j += (int64_t)vl) {
            vl = PASTE(__riscv_vsetvl_e8, B)((size_t)(n - 2 - j));
            bytes a = BYTES(p + j), b = BYTES(p + j + 1), c = BYTES(p + j + 2), d = BYTES(q + j), f = BYTES(q + j + 2);
            bytes g = BYTES(r + j), h = BYTES(r + j + 1), k = BYTES(r + j + 2);
            numbers across = SIGNED(__riscv_vsub(SMOOTH(c, f, k), SMOOTH(a, d, g), vl));
            numbers down = SIGNED(__riscv_vsub(SMOOTH(g, h, k), SMOOTH(a, b, c), vl));
            __riscv_vse16(out + j, __riscv_vadd(SIZE(across), SIZE(down), vl), vl);
        }
    }
    return 0;
}
