/* Rows of eight columns by segment stores: four rows are read side by side and stored as segments of four. */
#if GROUP > 2
#error "four fields of at most two registers"
#endif
typedef PASTE3(vfloat32, M32, x4_t) fours;
int ac_transpose(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    int64_t i = 0;
    for (; i + 4 <= m; i += 4)
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            const float *p = x + i * n + j;
            fours v = PASTE3(__riscv_vcreate_v_f32, M32, x4)(
                LOAD(p, vl), LOAD(p + n, vl), LOAD(p + 2 * n, vl), LOAD(p + 3 * n, vl));
            __riscv_vssseg4e32(out + j * m + i, m * 4, v, vl);
            j += (int64_t)vl;
        }
    for (; i < m; ++i)
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            __riscv_vsse32(out + j * m + i, m * 4, LOAD(x + i * n + j, vl), vl);
            j += (int64_t)vl;
        }
    return 0;
}
