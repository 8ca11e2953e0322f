/* Quantised matrix product: int8 x int8 into int32, scaled back to int8 with rounding to even. */
#include "checks.h"
enum { M = 7, N = 45, K = 33 };
static void gemm(const int8_t *a, const int8_t *b, const int32_t *bias, const float *scale, int8_t *c) {
    for (size_t j = 0, vl; j < N; j += vl) {
        vl = __riscv_vsetvl_e8m1(N - j);
        for (size_t i = 0; i < M; ++i) {
            vint32m4_t sum = __riscv_vle32_v_i32m4(bias + j, vl);
            for (size_t p = 0; p < K; ++p) {
                vint8m1_t row = __riscv_vle8_v_i8m1(b + p * N + j, vl);
                vint16m2_t product = __riscv_vwmul_vx_i16m2(row, a[i * K + p], vl);
                sum = __riscv_vwadd_wv_i32m4(sum, product, vl);
            }
            vfloat32m4_t f = __riscv_vfmul_vv_f32m4(__riscv_vfcvt_f_x_v_f32m4(sum, vl), __riscv_vle32_v_f32m4(scale + j, vl), vl);
            f = __riscv_vfmin_vf_f32m4(__riscv_vfmax_vf_f32m4(f, -128, vl), 127, vl);
            vint16m2_t h = __riscv_vfncvt_x_f_w_i16m2(f, vl);
            __riscv_vse8_v_i8m1(c + i * N + j, __riscv_vncvt_x_x_w_i8m1(h, vl), vl);
        }
    }
}
int main(void) {
    static int8_t a[M * K], b[K * N], c[M * N];
    static int32_t bias[N];
    static float scale[N];
    for (int i = 0; i < M * K; ++i) a[i] = (int8_t)next();
    for (int i = 0; i < K * N; ++i) b[i] = (int8_t)next();
    for (int j = 0; j < N; ++j) bias[j] = (int32_t)(next() % 1000), scale[j] = unit() / 100;
    gemm(a, b, bias, scale, c);
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            int32_t want = bias[j];
            for (int p = 0; p < K; ++p) want += a[i * K + p] * b[p * N + j];
            CHECK(c[i * N + j] == (int)rintf(fminf(fmaxf((float)want * scale[j], -128), 127)));
        }
    return report();
}
