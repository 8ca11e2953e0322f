/* Sums in order and in any order, minimum and maximum with NaNs, widening reductions. */
#include "checks.h"
enum { N = 150 };
int main(void) {
    static float x[N];
    static int16_t s[N];
    float want = 0;
    int total = 0;
    for (int i = 0; i < N; ++i) want += x[i] = unit() * 100, total += s[i] = (int16_t)next();
    vfloat32m1_t ordered = __riscv_vfmv_s_f_f32m1(0, 1), any = ordered, low = __riscv_vfmv_s_f_f32m1(NAN, 1);
    vint32m1_t wide = __riscv_vmv_s_x_i32m1(0, 1);
    vfloat64m1_t fine = __riscv_vfmv_s_f_f64m1(0, 1);
    for (size_t i = 0, vl; i < N; i += vl) {
        vl = __riscv_vsetvl_e32m4(N - i);
        vfloat32m4_t v = __riscv_vle32_v_f32m4(x + i, vl);
        ordered = __riscv_vfredosum_vs_f32m4_f32m1(v, ordered, vl);
        any = __riscv_vfredusum_vs_f32m4_f32m1(v, any, vl);
        low = __riscv_vfredmin_vs_f32m4_f32m1(v, low, vl);
        fine = __riscv_vfwredosum_vs_f32m4_f64m1(v, fine, vl);
        wide = __riscv_vwredsum_vs_i16m2_i32m1(__riscv_vle16_v_i16m2(s + i, vl), wide, vl);
    }
    float least = x[0];
    double exact = 0;
    for (int i = 0; i < N; ++i) least = fminf(least, x[i]), exact += x[i];
    CHECK(__riscv_vfmv_f_s_f32m1_f32(ordered) == want);
    CHECK(fabsf(__riscv_vfmv_f(any) - want) < 1e-2f);
    CHECK(__riscv_vfmv_f(low) == least);
    CHECK(__riscv_vfmv_f(fine) == exact);
    CHECK(__riscv_vmv_x(wide) == total);
    return report();
}
