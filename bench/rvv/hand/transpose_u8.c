/* Eight rows side by side, stored as segments of eight bytes. */
#if GROUP > 1
#error "eight fields of one register"
#endif
int ac_transpose_u8(const uint8_t *restrict x, uint8_t *restrict out, int64_t m, int64_t n) {
    int64_t i = 0;
    for (; i + 8 <= m; i += 8)
        for (int64_t j = 0; j < n;) {
            size_t vl = __riscv_vsetvl_e8m1((size_t)(n - j));
            const uint8_t *p = x + i * n + j;
#define ROW(r) __riscv_vle8_v_u8m1(p + r * n, vl)
            vuint8m1x8_t v = __riscv_vcreate_v_u8m1x8(ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7));
            __riscv_vssseg8e8(out + j * m + i, m, v, vl);
            j += (int64_t)vl;
        }
    for (; i < m; ++i)
        for (int64_t j = 0; j < n;) {
            size_t vl = __riscv_vsetvl_e8m1((size_t)(n - j));
            __riscv_vsse8(out + j * m + i, m, __riscv_vle8_v_u8m1(x + i * n + j, vl), vl);
            j += (int64_t)vl;
        }
    return 0;
}
