int ac_rmsnorm(const float *restrict x, const float *restrict w, float *restrict out, int64_t m, int64_t n) {
    size_t most = LONGEST;
    for (; m > 0; --m, x += n, out += n) {
        f32s sum = SPLAT(0, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            f32s v = LOAD(x + j, vl);
            sum = __riscv_vfmacc_tu(sum, v, v, vl);
            j += (int64_t)vl;
        }
        float scale = 1.0f / sqrtf(total(sum, most) / (float)n + 1e-5f);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            f32s v = __riscv_vfmul(LOAD(x + j, vl), scale, vl);
            __riscv_vse32(out + j, __riscv_vfmul(v, LOAD(w + j, vl), vl), vl);
            j += (int64_t)vl;
        }
    }
    return 0;
}
