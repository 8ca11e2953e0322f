int ac_layernorm(const float *restrict x, const float *restrict w, const float *restrict b, float *restrict out,
                 int64_t m, int64_t n) {
    size_t most = LONGEST;
    for (; m > 0; --m, x += n, out += n) {
        f32s sum = SPLAT(0, most), squares = SPLAT(0, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            sum = __riscv_vfadd_tu(sum, sum, LOAD(x + j, vl), vl);
            j += (int64_t)vl;
        }
        float mean = total(sum, most) / (float)n;
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            f32s v = __riscv_vfsub(LOAD(x + j, vl), mean, vl);
            squares = __riscv_vfmacc_tu(squares, v, v, vl);
            j += (int64_t)vl;
        }
        float scale = 1.0f / sqrtf(total(squares, most) / (float)n + 1e-5f);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            f32s v = __riscv_vfmul(__riscv_vfsub(LOAD(x + j, vl), mean, vl), scale, vl);
            __riscv_vse32(out + j, __riscv_vfmadd(v, LOAD(w + j, vl), LOAD(b + j, vl), vl), vl);
            j += (int64_t)vl;
        }
    }
    return 0;
}
