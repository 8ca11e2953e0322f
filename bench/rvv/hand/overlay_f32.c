int ac_overlay_f32(const float *restrict base, const float *restrict active, float *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, base += vl, active += vl, out += vl) {
        vl = LENGTH(n);
        f32s a = LOAD(base, vl), b = LOAD(active, vl);
        bools light = __riscv_vmfge(a, 0.5f, vl);
        f32s dark = __riscv_vfmul(__riscv_vfadd(a, a, vl), b, vl);
        f32s c = __riscv_vfrsub(a, 1.0f, vl), d = __riscv_vfrsub(b, 1.0f, vl);
        f32s bright = __riscv_vfrsub(__riscv_vfmul(__riscv_vfadd(c, c, vl), d, vl), 1.0f, vl);
        __riscv_vse32(out, __riscv_vmerge(dark, bright, light, vl), vl);
    }
    return 0;
}
