int ac_softmax(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    size_t most = LONGEST;
    for (; m > 0; --m, x += n, out += n) {
        f32s top = SPLAT(-INFINITY, most), sum = SPLAT(0, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            top = __riscv_vfmax_tu(top, top, LOAD(x + j, vl), vl);
            j += (int64_t)vl;
        }
        float best = largest(top, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            f32s e = exponential(__riscv_vfsub(LOAD(x + j, vl), best, vl), vl);
            __riscv_vse32(out + j, e, vl);
            sum = __riscv_vfadd_tu(sum, sum, e, vl);
            j += (int64_t)vl;
        }
        float scale = 1.0f / total(sum, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            __riscv_vse32(out + j, __riscv_vfmul(LOAD(out + j, vl), scale, vl), vl);
            j += (int64_t)vl;
        }
    }
    return 0;
}
