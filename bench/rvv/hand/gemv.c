/* Eight rows at a time share the loads of x. */
enum { ROWS = GROUP == 8 ? 2 : GROUP == 4 ? 4 : 8 };
#define ALL(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
static inline __attribute__((always_inline)) void block(
    const float *restrict a, const float *restrict x, float *restrict y, int64_t n, int rows) {
    size_t most = LONGEST;
#define START(r) f32s s##r = SPLAT(0, most);
#define STEP(r) if (r < rows) s##r = __riscv_vfmacc_tu(s##r, LOAD(a + r * n + j, vl), v, vl);
#define PUT(r) if (r < rows) y[r] = total(s##r, most);
    ALL(START)
    for (int64_t j = 0; j < n;) {
        size_t vl = LENGTH(n - j);
        f32s v = LOAD(x + j, vl);
        ALL(STEP)
        j += (int64_t)vl;
    }
    ALL(PUT)
}
int ac_gemv(const float *restrict a, const float *restrict x, float *restrict y, int64_t m, int64_t n) {
    int64_t i = 0;
    for (; i + ROWS <= m; i += ROWS) block(a + i * n, x, y + i, n, ROWS);
    for (; i < m; ++i) block(a + i * n, x, y + i, n, 1);
    return 0;
}
