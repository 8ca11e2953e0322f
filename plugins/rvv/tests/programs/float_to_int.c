/* Conversions with every rounding: towards zero, and the modes that the intrinsics take. */
#include "checks.h"
enum { N = 77 };
int main(void) {
    static float x[N];
    static double d[N];
    static int32_t out[N];
    static int64_t wide[N];
    static int16_t half[N];
    static uint32_t u[N];
    for (int i = 0; i < N; ++i) x[i] = (unit() - 0.5f) * 200, d[i] = x[i] * 1000.0;
    for (size_t at = 0, vl; at < N; at += vl) {
        vl = __riscv_vsetvl_e32m2(N - at);
        vfloat32m2_t v = __riscv_vle32_v_f32m2(x + at, vl);
        __riscv_vse32(out + at, __riscv_vfcvt_rtz_x_f_v_i32m2(v, vl), vl);
        __riscv_vse64(wide + at, __riscv_vfwcvt_rtz_x_f_v_i64m4(v, vl), vl);
        __riscv_vse16(half + at, __riscv_vfncvt_rtz_x_f_w_i16m1(v, vl), vl);
        __riscv_vse32(u + at, __riscv_vfcvt_rtz_xu(v, vl), vl);
        for (size_t i = at; i < at + vl; ++i) {
            CHECK(out[i] == (int32_t)x[i] && wide[i] == (int64_t)x[i] && half[i] == (int16_t)x[i]);
            CHECK(u[i] == (x[i] < 0 ? 0 : (uint32_t)x[i]));
        }
        __riscv_vse32(out + at, __riscv_vfcvt_x_f_v_i32m2_rm(v, __RISCV_FRM_RUP, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int32_t)ceilf(x[i]));
        __riscv_vse32(out + at, __riscv_vfcvt_x(v, __RISCV_FRM_RDN, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int32_t)floorf(x[i]));
        __riscv_vse32(out + at, __riscv_vfcvt_x(v, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int32_t)rintf(x[i]));
        vfloat64m4_t w = __riscv_vle64_v_f64m4(d + at, vl);
        __riscv_vse32(out + at, __riscv_vfncvt_rtz_x_f_w_i32m2(w, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int32_t)d[i]);
        vfloat32m2_t back = __riscv_vfncvt_rod_f_f_w_f32m2(w, vl);
        CHECK(__riscv_vfirst(__riscv_vmfeq(back, back, vl), vl) == 0);
    }
    return report();
}
