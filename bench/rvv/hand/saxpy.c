int ac_saxpy(float a, const float *restrict x, const float *restrict y, float *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, y += vl, out += vl) {
        vl = LENGTH(n);
        __riscv_vse32(out, __riscv_vfmacc(LOAD(y, vl), a, LOAD(x, vl), vl), vl);
    }
    return 0;
}
