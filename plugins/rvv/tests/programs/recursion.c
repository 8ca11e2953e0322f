/* Vectors as arguments and results of functions, function pointers, recursion over strips, static tables. */
#include "checks.h"
typedef vfloat32m1_t (*step)(vfloat32m1_t, size_t);
static __attribute__((noinline)) vfloat32m1_t twice(vfloat32m1_t v, size_t vl) { return __riscv_vfadd(v, v, vl); }
static __attribute__((noinline)) vfloat32m1_t square(vfloat32m1_t v, size_t vl) { return __riscv_vfmul(v, v, vl); }
static const step steps[] = {twice, square};
static __attribute__((noinline)) void each(const float *x, float *y, size_t n, int which) {
    if (!n) return;
    size_t vl = __riscv_vsetvl_e32m1(n);
    __riscv_vse32(y, steps[which](__riscv_vle32_v_f32m1(x, vl), vl), vl);
    each(x + vl, y + vl, n - vl, which);
}
int main(int argc, char **argv) {
    static float x[100], y[100];
    int which = argc > 1 ? atoi(argv[1]) : 1;
    for (int i = 0; i < 100; ++i) x[i] = (float)i;
    each(x, y, 100, which);
    for (int i = 0; i < 100; ++i) CHECK(y[i] == (which ? x[i] * x[i] : 2 * x[i]));
    return report();
}
