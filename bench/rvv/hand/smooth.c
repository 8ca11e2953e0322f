/* Two loads and a slide: the middle one is the left one moved by a lane, with the next element in the last. */
int ac_smooth(const float *restrict x, float *restrict out, int64_t n) {
    for (n -= 2; n > 0;) {
        size_t vl = LENGTH(n);
        f32s left = LOAD(x, vl), right = LOAD(x + 2, vl);
        f32s sum = __riscv_vfmul(left, 0.25f, vl);
        sum = __riscv_vfmacc(sum, 0.5f, __riscv_vfslide1down(left, x[vl], vl), vl);
        __riscv_vse32(out, __riscv_vfmacc(sum, 0.25f, right, vl), vl);
        x += vl, out += vl, n -= (int64_t)vl;
    }
    return 0;
}
