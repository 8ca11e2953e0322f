/* The elements above a threshold, side by side. */
int ac_above(const float *restrict x, float t, float *restrict out, int32_t *restrict count, int64_t n) {
    float *next = out;
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl) {
        vl = LENGTH(n);
        const f32s v = LOAD(x, vl);
        const bools chosen = __riscv_vmfgt(v, t, vl);
        const size_t found = __riscv_vcpop(chosen, vl);
        __riscv_vse32(next, __riscv_vcompress(v, chosen, vl), found);
        next += found;
    }
    *count = (int32_t)(next - out);
    return 0;
}
