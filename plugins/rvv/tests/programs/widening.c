/* Widening and narrowing through 8, 16, 32 and 64 bits, integers and floats, signed and unsigned. */
#include "checks.h"
enum { N = 90 };
int main(void) {
    static int8_t a[N], b[N];
    static uint8_t u[N];
    static int32_t wide[N];
    static int64_t wider[N];
    static float x[N], y[N];
    static double d[N];
    static uint16_t narrow[N];
    for (int i = 0; i < N; ++i) a[i] = (int8_t)next(), b[i] = (int8_t)next(), u[i] = (uint8_t)next(), x[i] = unit(), y[i] = unit();
    for (size_t at = 0, vl; at < N; at += vl) {
        vl = __riscv_vsetvl_e8mf2(N - at);
        vint8mf2_t p = __riscv_vle8_v_i8mf2(a + at, vl), q = __riscv_vle8_v_i8mf2(b + at, vl);
        vuint8mf2_t w = __riscv_vle8_v_u8mf2(u + at, vl);
        vint16m1_t sum = __riscv_vwadd_vv_i16m1(p, q, vl);
        vint32m2_t square = __riscv_vwmul_vv_i32m2(sum, sum, vl);
        square = __riscv_vwmacc_vx_i32m2(square, -3, sum, vl);
        __riscv_vse32(wide + at, square, vl);
        vint16m1_t mixed = __riscv_vwmulsu_vv_i16m1(p, w, vl);
        vint64m4_t far = __riscv_vsext_vf4_i64m4(mixed, vl);
        __riscv_vse64(wider + at, __riscv_vwadd_wv_i64m4(far, square, vl), vl);
        vuint32m2_t zero = __riscv_vzext_vf4_u32m2(w, vl);
        __riscv_vse16(narrow + at, __riscv_vnsrl_wx_u16m1(__riscv_vsll_vx_u32m2(zero, 9, vl), 4, vl), vl);
        vfloat32m2_t f = __riscv_vle32_v_f32m2(x + at, vl), g = __riscv_vle32_v_f32m2(y + at, vl);
        vfloat64m4_t e = __riscv_vfwmul_vv_f64m4(f, g, vl);
        e = __riscv_vfwmacc_vf_f64m4(e, 2.0f, f, vl);
        e = __riscv_vfwsub_wv_f64m4(e, g, vl);
        __riscv_vse64(d + at, e, vl);
    }
    for (int i = 0; i < N; ++i) {
        int s = a[i] + b[i], t = s * s - 3 * s;
        CHECK(wide[i] == t && wider[i] == t + a[i] * u[i] && narrow[i] == (uint16_t)(u[i] << 9 >> 4));
        CHECK(d[i] == (double)x[i] * y[i] + 2.0 * x[i] - y[i]);
    }
    return report();
}
