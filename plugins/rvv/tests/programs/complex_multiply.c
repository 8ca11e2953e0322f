#include <complex.h>
#include "checks.h"
enum { N = 123 };
static void multiply(const float *a, const float *b, float *c, size_t n) {
    for (size_t vl; n; n -= vl, a += 2 * vl, b += 2 * vl, c += 2 * vl) {
        vl = __riscv_vsetvl_e32m2(n);
        vfloat32m2x2_t x = __riscv_vlseg2e32_v_f32m2x2(a, vl), y = __riscv_vlseg2e32_v_f32m2x2(b, vl);
        vfloat32m2_t xr = __riscv_vget_v_f32m2x2_f32m2(x, 0), xi = __riscv_vget_v_f32m2x2_f32m2(x, 1);
        vfloat32m2_t yr = __riscv_vget_v_f32m2x2_f32m2(y, 0), yi = __riscv_vget_v_f32m2x2_f32m2(y, 1);
        vfloat32m2_t re = __riscv_vfnmsac(__riscv_vfmul(xr, yr, vl), xi, yi, vl);
        vfloat32m2_t im = __riscv_vfmacc(__riscv_vfmul(xr, yi, vl), xi, yr, vl);
        vfloat32m2x2_t z = __riscv_vundefined_f32m2x2();
        z = __riscv_vset_v_f32m2_f32m2x2(z, 0, re);
        z = __riscv_vset_v_f32m2_f32m2x2(z, 1, im);
        __riscv_vsseg2e32_v_f32m2x2(c, z, vl);
    }
}
int main(void) {
    static float complex a[N], b[N], c[N];
    for (int i = 0; i < N; ++i) a[i] = unit() - unit() * I, b[i] = unit() + unit() * I;
    multiply((float *)a, (float *)b, (float *)c, N);
    for (int i = 0; i < N; ++i) CHECK(cabsf(c[i] - a[i] * b[i]) < 1e-6f);
    return report();
}
