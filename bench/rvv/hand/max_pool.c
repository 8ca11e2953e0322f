/* Pairs of columns by segment loads; -0 and NaN are left to vfmax. */
#if GROUP > 4
#error "two fields of at most four registers"
#endif
typedef PASTE3(vfloat32, M32, x2_t) pairs;
#define PAIRS(p, vl) PASTE3(__riscv_vlseg2e32_v_f32, M32, x2)(p, vl)
#define PART(v, at) PASTE(__riscv_vget_f32, M32)(v, at)
int ac_max_pool(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m / 2; ++i, out += n / 2) {
        const float *above = x + 2 * i * n, *below = above + n;
        size_t vl;
        for (int64_t j = 0; j < n / 2; j += (int64_t)vl) {
            vl = LENGTH(n / 2 - j);
            pairs a = PAIRS(above + 2 * j, vl), b = PAIRS(below + 2 * j, vl);
            f32s one = __riscv_vfmax(PART(a, 0), PART(a, 1), vl), two = __riscv_vfmax(PART(b, 0), PART(b, 1), vl);
            __riscv_vse32(out + j, __riscv_vfmax(one, two, vl), vl);
        }
    }
    return 0;
}
