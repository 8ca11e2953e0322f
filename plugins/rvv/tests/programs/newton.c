/* Divisions, roots, estimates with Newton steps, classification, sign injection. */
#include "checks.h"
enum { N = 70 };
int main(void) {
    static float x[N], out[N];
    static uint32_t kinds[N];
    for (int i = 0; i < N; ++i) x[i] = unit() * 50 + 0.01f;
    for (size_t at = 0, vl; at < N; at += vl) {
        vl = __riscv_vsetvl_e32m4(N - at);
        vfloat32m4_t v = __riscv_vle32_v_f32m4(x + at, vl), e = __riscv_vfrsqrt7_v_f32m4(v, vl);
        for (int turn = 0; turn < 2; ++turn) {
            vfloat32m4_t t = __riscv_vfmul(__riscv_vfmul(e, e, vl), __riscv_vfmul(v, 0.5f, vl), vl);
            e = __riscv_vfmul(e, __riscv_vfrsub(t, 1.5f, vl), vl);
        }
        __riscv_vse32(out + at, e, vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(fabsf(out[i] * sqrtf(x[i]) - 1) < 1e-5f);
        vfloat32m4_t r = __riscv_vfrec7(v, vl);
        for (int turn = 0; turn < 2; ++turn) r = __riscv_vfmul(r, __riscv_vfrsub(__riscv_vfmul(r, v, vl), 2, vl), vl);
        __riscv_vse32(out + at, r, vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(fabsf(out[i] * x[i] - 1) < 1e-5f);
        __riscv_vse32(out + at, __riscv_vfdiv(__riscv_vfsqrt(v, vl), v, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == sqrtf(x[i]) / x[i]);
        __riscv_vse32(out + at, __riscv_vfsgnjn(v, v, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == -x[i]);
        __riscv_vse32(kinds + at, __riscv_vfclass(v, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(kinds[i] == 1 << 6);
    }
    return report();
}
