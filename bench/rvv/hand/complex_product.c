#if GROUP > 4
#error "two fields of at most four registers"
#endif
typedef PASTE3(vfloat32, M32, x2_t) pairs;
#define PAIRS(p, vl) PASTE3(__riscv_vlseg2e32_v_f32, M32, x2)(p, vl)
#define PART(v, at) PASTE(__riscv_vget_f32, M32)(v, at)
int ac_complex_product(const float *restrict x, const float *restrict y, float *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, x += 2 * vl, y += 2 * vl, out += 2 * vl) {
        vl = LENGTH(n);
        pairs a = PAIRS(x, vl), b = PAIRS(y, vl);
        f32s re = __riscv_vfmul(PART(a, 0), PART(b, 0), vl), im = __riscv_vfmul(PART(a, 0), PART(b, 1), vl);
        re = __riscv_vfnmsac(re, PART(a, 1), PART(b, 1), vl);
        im = __riscv_vfmacc(im, PART(a, 1), PART(b, 0), vl);
        __riscv_vsseg2e32(out, PASTE3(__riscv_vcreate_v_f32, M32, x2)(re, im), vl);
    }
    return 0;
}
