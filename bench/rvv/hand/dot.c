int ac_dot(const float *restrict x, const float *restrict y, float *restrict out, int64_t n) {
    size_t most = LONGEST;
    f32s sum = SPLAT(0, most);
    for (; n >= (int64_t)most; n -= (int64_t)most, x += most, y += most)
        sum = __riscv_vfmacc(sum, LOAD(x, most), LOAD(y, most), most);
    if (n) {
        size_t vl = LENGTH(n);
        sum = __riscv_vfmacc_tu(sum, LOAD(x, vl), LOAD(y, vl), vl);
    }
    *out = total(sum, most);
    return 0;
}
