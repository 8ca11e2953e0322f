/* A radix-2 transform in place, with slides between halves, against the definition. */
#include <complex.h>
#include "checks.h"
enum { N = 64 };
static void fft(float *re, float *im, const float *wr, const float *wi) {
    for (size_t half = N / 2; half; half /= 2)
        for (size_t start = 0; start < N; start += 2 * half)
            for (size_t k = 0, vl; k < half; k += vl) {
                vl = __riscv_vsetvl_e32m1(half - k);
                float *ar = re + start + k, *ai = im + start + k, *br = ar + half, *bi = ai + half;
                ptrdiff_t step = (ptrdiff_t)(N / 2 / half);
                vfloat32m1_t cr = __riscv_vlse32_v_f32m1(wr + k * (size_t)step, step * 4, vl);
                vfloat32m1_t ci = __riscv_vlse32_v_f32m1(wi + k * (size_t)step, step * 4, vl);
                vfloat32m1_t xr = __riscv_vle32_v_f32m1(ar, vl), xi = __riscv_vle32_v_f32m1(ai, vl);
                vfloat32m1_t yr = __riscv_vle32_v_f32m1(br, vl), yi = __riscv_vle32_v_f32m1(bi, vl);
                vfloat32m1_t dr = __riscv_vfsub(xr, yr, vl), di = __riscv_vfsub(xi, yi, vl);
                __riscv_vse32(ar, __riscv_vfadd(xr, yr, vl), vl);
                __riscv_vse32(ai, __riscv_vfadd(xi, yi, vl), vl);
                __riscv_vse32(br, __riscv_vfnmsac(__riscv_vfmul(dr, cr, vl), di, ci, vl), vl);
                __riscv_vse32(bi, __riscv_vfmacc(__riscv_vfmul(dr, ci, vl), di, cr, vl), vl);
            }
}
int main(void) {
    static float re[N], im[N], wr[N], wi[N];
    static double complex in[N];
    for (int i = 0; i < N; ++i) {
        in[i] = (re[i] = unit()) + (im[i] = unit()) * I;
        wr[i] = cosf(2 * (float)M_PI * (float)i / N), wi[i] = -sinf(2 * (float)M_PI * (float)i / N);
    }
    fft(re, im, wr, wi);
    for (int k = 0; k < N; ++k) {
        double complex want = 0;
        int at = 0;
        for (int i = 0; i < N; ++i) want += in[i] * cexp(-2 * M_PI * I * k * i / N);
        for (int b = 1; b < N; b *= 2) at = 2 * at + !!(k & b);
        CHECK(cabs(re[at] + im[at] * I - want) < 1e-4);
    }
    return report();
}
