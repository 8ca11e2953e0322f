#include "checks.h"
enum { H = 9, W = 11, C = 40 };
static void dwconv(const float *x, const float *f, const float *bias, float *out) {
    for (size_t c = 0, vl; c < C; c += vl) {
        vl = __riscv_vsetvl_e32m1(C - c);
        vfloat32m1_t f0 = __riscv_vle32_v_f32m1(f + c, vl), f1 = __riscv_vle32_v_f32m1(f + C + c, vl);
        vfloat32m1_t f2 = __riscv_vle32_v_f32m1(f + 2 * C + c, vl), start = __riscv_vle32_v_f32m1(bias + c, vl);
        for (size_t i = 0; i < H; ++i)
            for (size_t j = 0; j + 2 < W; ++j) {
                const float *p = x + (i * W + j) * C + c;
                vfloat32m1_t sum = __riscv_vfmacc_vv_f32m1(start, f0, __riscv_vle32_v_f32m1(p, vl), vl);
                sum = __riscv_vfmacc_vv_f32m1(sum, f1, __riscv_vle32_v_f32m1(p + C, vl), vl);
                sum = __riscv_vfmacc_vv_f32m1(sum, f2, __riscv_vle32_v_f32m1(p + 2 * C, vl), vl);
                __riscv_vse32_v_f32m1(out + (i * (W - 2) + j) * C + c, __riscv_vfmax_vf_f32m1(sum, 0, vl), vl);
            }
    }
}
int main(void) {
    static float x[H * W * C], f[3 * C], bias[C], out[H * (W - 2) * C];
    for (int i = 0; i < H * W * C; ++i) x[i] = unit() - 0.5f;
    for (int i = 0; i < 3 * C; ++i) f[i] = unit() - 0.5f;
    for (int i = 0; i < C; ++i) bias[i] = unit() - 0.5f;
    dwconv(x, f, bias, out);
    for (int i = 0; i < H; ++i)
        for (int j = 0; j + 2 < W; ++j)
            for (int c = 0; c < C; ++c) {
                double want = bias[c];
                for (int d = 0; d < 3; ++d) want += (double)x[(i * W + j + d) * C + c] * f[d * C + c];
                CHECK(fabs(out[(i * (W - 2) + j) * C + c] - fmax(want, 0)) < 1e-6);
            }
    return report();
}
