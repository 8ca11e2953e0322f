/* Rows by one group of columns in registers; the shared row is loaded once, the other operand stays scalar. */
#if GROUP == 8
enum { ROWS = 3 };
#elif GROUP == 4
enum { ROWS = 7 };
#elif GROUP == 2
enum { ROWS = 12 };
#else
enum { ROWS = 16 };
#endif
#define ALL(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)
static inline __attribute__((always_inline)) void block(
    const float *restrict a, const float *restrict b, float *restrict c, int64_t k, int64_t n, size_t vl, int rows) {
#define START(r) f32s c##r = SPLAT(0, vl);
#define STEP(r) if (r < rows) c##r = __riscv_vfmacc(c##r, a[r * k + p], row, vl);
#define PUT(r) if (r < rows) __riscv_vse32(c + r * n, c##r, vl);
    ALL(START)
    for (int64_t p = 0; p < k; ++p) {
        f32s row = LOAD(b + p * n, vl);
        ALL(STEP)
    }
    ALL(PUT)
}
int ac_sgemm(const float *restrict a, const float *restrict b, float *restrict c, int64_t k, int64_t m, int64_t n) {
    for (int64_t j = 0, vl; j < n; j += vl) {
        vl = (int64_t)LENGTH(n - j);
        int64_t i = 0;
        for (; i + ROWS <= m; i += ROWS) block(a + i * k, b + j, c + i * n + j, k, n, (size_t)vl, ROWS);
        switch (m - i) {
#define REST(r) case r: if (r < ROWS) block(a + i * k, b + j, c + i * n + j, k, n, (size_t)vl, r); break;
            ALL(REST)
        }
    }
    return 0;
}
