/* The maximum first, then the first place that equals it, which ends the search. */
int ac_argmax(const float *restrict x, int32_t *restrict out, int64_t m, int64_t n) {
    size_t most = LONGEST;
    for (; m > 0; --m, x += n) {
        f32s top = SPLAT(-INFINITY, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            top = __riscv_vfmax_tu(top, top, LOAD(x + j, vl), vl);
            j += (int64_t)vl;
        }
        float best = largest(top, most);
        int32_t place = 0;
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            long at = __riscv_vfirst(__riscv_vmfeq(LOAD(x + j, vl), best, vl), vl);
            if (at >= 0) {
                place = (int32_t)(j + at);
                break;
            }
            j += (int64_t)vl;
        }
        *out++ = place;
    }
    return 0;
}
