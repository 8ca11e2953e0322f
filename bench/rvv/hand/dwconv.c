/* Two results of a row at a time; the taps of a group of channels stay in registers. */
#if GROUP <= 2
#define TAPS(F) F(0, 0) F(0, 1) F(0, 2) F(1, 0) F(1, 1) F(1, 2) F(2, 0) F(2, 1) F(2, 2)
#define GET(i, j) f32s f##i##j = LOAD(f + (3 * i + j) * c + q, vl);
#define ONE(i, j) s = __riscv_vfmacc(s, f##i##j, LOAD(p + (i * w + j) * c, vl), vl);
int ac_dwconv(const float *restrict x, const float *restrict f, float *restrict out, int64_t c, int64_t h, int64_t w) {
    for (int64_t q = 0, vl_; q < c; q += vl_) {
        size_t vl = LENGTH(c - q);
        vl_ = (int64_t)vl;
        TAPS(GET)
        for (int64_t i = 0; i + 2 < h; ++i)
            for (int64_t j = 0; j + 2 < w; ++j) {
                const float *p = x + (i * w + j) * c + q;
                f32s s = __riscv_vfmul(f00, LOAD(p, vl), vl);
                ONE(0, 1) ONE(0, 2) ONE(1, 0) ONE(1, 1) ONE(1, 2) ONE(2, 0) ONE(2, 1) ONE(2, 2)
                __riscv_vse32(out + (i * (w - 2) + j) * c + q, s, vl);
            }
    }
    return 0;
}
#else
int ac_dwconv(const float *restrict x, const float *restrict f, float *restrict out, int64_t c, int64_t h, int64_t w) {
    for (int64_t i = 0; i + 2 < h; ++i)
        for (int64_t j = 0; j + 2 < w; ++j)
            for (int64_t q = 0, vl_; q < c; q += vl_) {
                size_t vl = LENGTH(c - q);
                vl_ = (int64_t)vl;
                const float *p = x + (i * w + j) * c + q;
                f32s s = SPLAT(0, vl);
#pragma GCC unroll 3
                for (int di = 0; di < 3; ++di)
#pragma GCC unroll 3
                    for (int dj = 0; dj < 3; ++dj)
                        s = __riscv_vfmacc(s, LOAD(f + (3 * di + dj) * c + q, vl), LOAD(p + (di * w + dj) * c, vl), vl);
                __riscv_vse32(out + (i * (w - 2) + j) * c + q, s, vl);
            }
    return 0;
}
#endif
