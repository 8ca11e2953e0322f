/* Five overlapping loads: on these machines a load is no dearer than a slide. */
int ac_conv1d(const float *restrict x, const float *restrict f, float *restrict out, int64_t n) {
    const float a = f[0], b = f[1], c = f[2], d = f[3], e = f[4];
    for (n -= 4; n > 0;) {
        size_t vl = LENGTH(n);
        f32s v = LOAD(x, vl), s = __riscv_vfmul(v, a, vl);
        s = __riscv_vfmacc(s, b, LOAD(x + 1, vl), vl);
        s = __riscv_vfmacc(s, c, LOAD(x + 2, vl), vl);
        s = __riscv_vfmacc(s, d, LOAD(x + 3, vl), vl);
        s = __riscv_vfmacc(s, e, LOAD(x + 4, vl), vl);
        __riscv_vse32(out, s, vl);
        x += vl, out += vl, n -= (int64_t)vl;
    }
    return 0;
}
