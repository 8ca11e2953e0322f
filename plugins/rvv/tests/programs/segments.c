/* Interleaved colours: segment loads and stores of two to eight fields. */
#include "checks.h"
enum { N = 301 };
static void grey(const uint8_t *rgb, uint8_t *out, size_t n) {
    for (size_t vl; n; n -= vl, rgb += 3 * vl, out += vl) {
        vl = __riscv_vsetvl_e8m2(n);
        vuint8m2x3_t c = __riscv_vlseg3e8_v_u8m2x3(rgb, vl);
        vuint16m4_t sum = __riscv_vwmulu_vx_u16m4(__riscv_vget_v_u8m2x3_u8m2(c, 0), 77, vl);
        sum = __riscv_vwmaccu_vx_u16m4(sum, 150, __riscv_vget_v_u8m2x3_u8m2(c, 1), vl);
        sum = __riscv_vwmaccu_vx_u16m4(sum, 29, __riscv_vget_v_u8m2x3_u8m2(c, 2), vl);
        __riscv_vse8_v_u8m2(out, __riscv_vnclipu_wx_u8m2(sum, 8, __RISCV_VXRM_RNU, vl), vl);
    }
}
static void swap(const float *in, float *out, size_t n) {
    for (size_t vl; n; n -= vl, in += 2 * vl, out += 2 * vl) {
        vl = __riscv_vsetvl_e32m4(n);
        vfloat32m4x2_t v = __riscv_vlseg2e32_v_f32m4x2(in, vl);
        vfloat32m4x2_t w = __riscv_vcreate_v_f32m4x2(__riscv_vget_f32m4(v, 1), __riscv_vget_f32m4(v, 0));
        __riscv_vsseg2e32(out, w, vl);
    }
}
static void eight(const int16_t *in, int16_t *out, size_t n) {
    for (size_t vl; n; n -= vl, in += 8 * vl, out += vl) {
        vl = __riscv_vsetvl_e16m1(n);
        vint16m1x8_t v = __riscv_vlseg8e16_v_i16m1x8(in, vl);
        vint16m1_t sum = __riscv_vadd(__riscv_vget_i16m1(v, 0), __riscv_vget_i16m1(v, 7), vl);
        sum = __riscv_vsub(sum, __riscv_vget_i16m1(v, 3), vl);
        __riscv_vse16(out, sum, vl);
    }
}
static void pick(const int32_t *in, int32_t *out, ptrdiff_t apart, size_t n) {
    for (size_t vl; n; n -= vl, in += vl * (size_t)apart, out += 2 * vl) {
        vl = __riscv_vsetvl_e32m2(n);
        vint32m2x2_t v = __riscv_vlsseg2e32_v_i32m2x2(in, apart * 4, vl);
        vbool16_t positive = __riscv_vmsgt(__riscv_vget_i32m2(v, 0), 0, vl);
        __riscv_vsseg2e32(positive, out, v, vl);
    }
}
static void indexed(const float *in, const uint16_t *at, float *out, size_t n) {
    for (size_t vl; n; n -= vl, at += vl, out += 3 * vl) {
        vl = __riscv_vsetvl_e32m2(n);
        vuint16m1_t offsets = __riscv_vmul(__riscv_vle16_v_u16m1(at, vl), 12, vl);
        __riscv_vsseg3e32(out, __riscv_vluxseg3ei16_v_f32m2x3(in, offsets, vl), vl);
    }
}
int main(void) {
    static uint8_t rgb[3 * N], g[N];
    static float in[3 * N], out[3 * N];
    static int16_t wide[8 * N], narrow[N];
    static int32_t many[5 * N], two[2 * N];
    static uint16_t at[N];
    for (int i = 0; i < 3 * N; ++i) rgb[i] = (uint8_t)next(), in[i] = unit();
    for (int i = 0; i < 8 * N; ++i) wide[i] = (int16_t)next();
    for (int i = 0; i < 5 * N; ++i) many[i] = (int32_t)next();
    for (int i = 0; i < N; ++i) at[i] = (uint16_t)(next() % N);
    grey(rgb, g, N), swap(in, out, N), eight(wide, narrow, N);
    memset(two, 0, sizeof two);
    pick(many, two, 5, N);
    for (int i = 0; i < N; ++i) {
        int v = (77 * rgb[3 * i] + 150 * rgb[3 * i + 1] + 29 * rgb[3 * i + 2] + 128) >> 8;
        CHECK(g[i] == (v > 255 ? 255 : v));
        CHECK(out[2 * i] == in[2 * i + 1] && out[2 * i + 1] == in[2 * i]);
        CHECK(narrow[i] == (int16_t)(wide[8 * i] + wide[8 * i + 7] - wide[8 * i + 3]));
        int32_t a = many[5 * i], b = many[5 * i + 1];
        CHECK(two[2 * i] == (a > 0 ? a : 0) && two[2 * i + 1] == (a > 0 ? b : 0));
    }
    indexed(in, at, out, N);
    for (int i = 0; i < 3 * N; ++i) CHECK(out[i] == in[3 * at[i / 3] + i % 3]);
    return report();
}
