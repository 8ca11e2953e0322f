/* Four rows in flight, so that the additions do not wait for each other. */
int ac_row_sums(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    size_t most = LONGEST;
    for (; m >= 4; m -= 4, x += 4 * n, out += 4) {
        f32s a = SPLAT(0, most), b = a, c = a, d = a;
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            a = __riscv_vfadd_tu(a, a, LOAD(x + j, vl), vl);
            b = __riscv_vfadd_tu(b, b, LOAD(x + n + j, vl), vl);
            c = __riscv_vfadd_tu(c, c, LOAD(x + 2 * n + j, vl), vl);
            d = __riscv_vfadd_tu(d, d, LOAD(x + 3 * n + j, vl), vl);
            j += (int64_t)vl;
        }
        out[0] = total(a, most), out[1] = total(b, most), out[2] = total(c, most), out[3] = total(d, most);
    }
    for (; m > 0; --m, x += n) {
        f32s a = SPLAT(0, most);
        for (int64_t j = 0; j < n;) {
            size_t vl = LENGTH(n - j);
            a = __riscv_vfadd_tu(a, a, LOAD(x + j, vl), vl);
            j += (int64_t)vl;
        }
        *out++ = total(a, most);
    }
    return 0;
}
