int ac_sum_exp(const float *restrict x, float *restrict out, int64_t n) {
    size_t most = LONGEST;
    f32s sum = SPLAT(0, most);
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl) {
        vl = LENGTH(n);
        sum = __riscv_vfadd_tu(sum, sum, exponential(LOAD(x, vl), vl), vl);
    }
    *out = total(sum, most);
    return 0;
}
