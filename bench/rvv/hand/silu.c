int ac_silu(const float *restrict x, float *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, out += vl) {
        vl = LENGTH(n);
        f32s v = LOAD(x, vl), e = exponential(__riscv_vfneg(v, vl), vl);
        __riscv_vse32(out, __riscv_vfdiv(v, __riscv_vfadd(e, 1.0f, vl), vl), vl);
    }
    return 0;
}
