#include "checks.h"
static vfloat32m4_t exponential(vfloat32m4_t x, size_t vl) {
    x = __riscv_vfmax(__riscv_vfmin(x, 88.0f, vl), -87.0f, vl);
    vint32m4_t k = __riscv_vfcvt_x_f_v_i32m4(__riscv_vfmul(x, 1.44269504f, vl), vl);
    vfloat32m4_t n = __riscv_vfcvt_f_x_v_f32m4(k, vl);
    vfloat32m4_t r = __riscv_vfnmsac(x, 0.693359375f, n, vl);
    r = __riscv_vfnmsac(r, -2.12194440e-4f, n, vl);
    vfloat32m4_t p = __riscv_vfmv_v_f_f32m4(1.3981999507e-3f, vl);
    const float c[] = {8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f};
    p = __riscv_vfadd(__riscv_vfmul(p, r, vl), 8.3334519073e-3f, vl);
    for (int i = 1; i < 6; ++i) p = __riscv_vfadd(__riscv_vfmul(p, r, vl), c[i], vl);
    vint32m4_t bits = __riscv_vsll(__riscv_vadd(k, 127, vl), 23, vl);
    return __riscv_vfmul(p, __riscv_vreinterpret_v_i32m4_f32m4(bits), vl);
}
static void softmax(const float *x, float *y, size_t n) {
    vfloat32m1_t best = __riscv_vfmv_s_f_f32m1(-INFINITY, 1), sum = __riscv_vfmv_s_f_f32m1(0, 1);
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e32m4(n - i);
        best = __riscv_vfredmax_vs_f32m4_f32m1(__riscv_vle32_v_f32m4(x + i, vl), best, vl);
    }
    float top = __riscv_vfmv_f_s_f32m1_f32(best);
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e32m4(n - i);
        vfloat32m4_t e = exponential(__riscv_vfsub(__riscv_vle32_v_f32m4(x + i, vl), top, vl), vl);
        __riscv_vse32(y + i, e, vl);
        sum = __riscv_vfredusum(e, sum, vl);
    }
    float scale = 1.0f / __riscv_vfmv_f(sum);
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e32m8(n - i);
        __riscv_vse32(y + i, __riscv_vfmul(__riscv_vle32_v_f32m8(y + i, vl), scale, vl), vl);
    }
}
int main(void) {
    static float x[500], y[500];
    for (size_t n = 1; n < 500; n += 83) {
        double total = 0, top = -1e9;
        for (size_t i = 0; i < n; ++i) x[i] = 10 * unit() - 5, top = fmax(top, x[i]);
        for (size_t i = 0; i < n; ++i) total += exp(x[i] - top);
        softmax(x, y, n);
        for (size_t i = 0; i < n; ++i) CHECK(fabs(y[i] - exp(x[i] - top) / total) < 1e-6);
    }
    printf("%.3f\n", y[0]);
    return report();
}
