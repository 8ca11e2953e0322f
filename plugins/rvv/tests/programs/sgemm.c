#include "checks.h"
enum { M = 11, N = 53, K = 19 };
static void sgemm(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    for (size_t j = 0, vl; j < n; j += vl) {
        vl = __riscv_vsetvl_e32m4(n - j);
        size_t i = 0;
        for (; i + 4 <= m; i += 4) {
            vfloat32m4_t c0 = __riscv_vfmv_v_f_f32m4(0, vl), c1 = c0, c2 = c0, c3 = c0;
            for (size_t p = 0; p < k; ++p) {
                vfloat32m4_t row = __riscv_vle32_v_f32m4(b + p * n + j, vl);
                c0 = __riscv_vfmacc_vf_f32m4(c0, a[i * k + p], row, vl);
                c1 = __riscv_vfmacc_vf_f32m4(c1, a[(i + 1) * k + p], row, vl);
                c2 = __riscv_vfmacc_vf_f32m4(c2, a[(i + 2) * k + p], row, vl);
                c3 = __riscv_vfmacc_vf_f32m4(c3, a[(i + 3) * k + p], row, vl);
            }
            __riscv_vse32(c + i * n + j, c0, vl), __riscv_vse32(c + (i + 1) * n + j, c1, vl);
            __riscv_vse32(c + (i + 2) * n + j, c2, vl), __riscv_vse32(c + (i + 3) * n + j, c3, vl);
        }
        for (; i < m; ++i) {
            vfloat32m4_t sum = __riscv_vfmv_v_f_f32m4(0, vl);
            for (size_t p = 0; p < k; ++p)
                sum = __riscv_vfmacc(sum, a[i * k + p], __riscv_vle32_v_f32m4(b + p * n + j, vl), vl);
            __riscv_vse32(c + i * n + j, sum, vl);
        }
    }
}
int main(void) {
    static float a[M * K], b[K * N], c[M * N];
    for (int i = 0; i < M * K; ++i) a[i] = unit();
    for (int i = 0; i < K * N; ++i) b[i] = unit();
    sgemm(M, N, K, a, b, c);
    for (int i = 0; i < M; ++i)
        for (int j = 0; j < N; ++j) {
            double want = 0;
            for (int p = 0; p < K; ++p) want += (double)a[i * K + p] * b[p * N + j];
            CHECK(fabs(c[i * N + j] - want) < 1e-5);
        }
    return report();
}
