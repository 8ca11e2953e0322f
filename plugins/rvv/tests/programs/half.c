/* Half precision: needs Zvfh. */
#include "checks.h"
#if !defined(__riscv_zvfh)
#error "compile with -march=rv64gcv_zvfh"
#endif
enum { N = 100 };
int main(void) {
    static _Float16 x[N], y[N];
    static float out[N];
    for (int i = 0; i < N; ++i) x[i] = (_Float16)(float)(next() % 32), y[i] = (_Float16)(float)(next() % 32);
    for (size_t at = 0, vl; at < N; at += vl) {
        vl = __riscv_vsetvl_e16m2(N - at);
        vfloat16m2_t v = __riscv_vle16_v_f16m2(x + at, vl), w = __riscv_vle16_v_f16m2(y + at, vl);
        __riscv_vse32(out + at, __riscv_vfwmul(v, w, vl), vl);
    }
    for (int i = 0; i < N; ++i) CHECK(out[i] == (float)x[i] * (float)y[i]);
    return report();
}
