/* Saturation, averages and rounding modes. */
#include "checks.h"
static int clamp(int v, int low, int high) { return v < low ? low : v > high ? high : v; }
static int rounded(int v, int s, int mode) {
    if (!s) return v;
    int half = v >> (s - 1) & 1, rest = (v & ((1 << (s - 1)) - 1)) != 0, low = v >> s & 1;
    int r = mode == 0 ? half : mode == 1 ? half && (rest || low) : mode == 2 ? 0 : !low && (half || rest);
    return (v >> s) + r;
}
#define ALL(F) F(0, __RISCV_VXRM_RNU) F(1, __RISCV_VXRM_RNE) F(2, __RISCV_VXRM_RDN) F(3, __RISCV_VXRM_ROD)
int main(void) {
    enum { N = 200 };
    static int16_t a[N];
    static int8_t x[N], y[N], out[N], narrow[N];
    static uint8_t u[N];
    for (int i = 0; i < N; ++i) a[i] = (int16_t)next(), x[i] = (int8_t)next(), y[i] = (int8_t)next();
    for (size_t at = 0, vl; at < N; at += vl) {
        vl = __riscv_vsetvl_e8m1(N - at);
        vint8m1_t v = __riscv_vle8_v_i8m1(x + at, vl), w = __riscv_vle8_v_i8m1(y + at, vl);
        vint16m2_t wide = __riscv_vle16_v_i16m2(a + at, vl);
        __riscv_vse8(out + at, __riscv_vsadd(v, w, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == clamp(x[i] + y[i], -128, 127));
        __riscv_vse8(out + at, __riscv_vssub(v, w, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == clamp(x[i] - y[i], -128, 127));
#define ONE(number, mode)                                                                              \
    __riscv_vse8(narrow + at, __riscv_vnclip_wx_i8m1(wide, 5, mode, vl), vl);                           \
    for (size_t i = at; i < at + vl; ++i) CHECK(narrow[i] == clamp(rounded(a[i], 5, number), -128, 127)); \
    __riscv_vse8(out + at, __riscv_vaadd_vv_i8m1(v, w, mode, vl), vl);                                  \
    for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int8_t)rounded(x[i] + y[i], 1, number));      \
    __riscv_vse8(out + at, __riscv_vssra_vx_i8m1(v, 3, mode, vl), vl);                                  \
    for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == (int8_t)rounded(x[i], 3, number));             \
    __riscv_vse8(out + at, __riscv_vsmul_vv_i8m1(v, w, mode, vl), vl);                                  \
    for (size_t i = at; i < at + vl; ++i) CHECK(out[i] == clamp(rounded(x[i] * y[i], 7, number), -128, 127));
        ALL(ONE)
        vuint8m1_t b = __riscv_vreinterpret_u8m1(v);
        __riscv_vse8(u + at, __riscv_vsaddu(b, 200, vl), vl);
        for (size_t i = at; i < at + vl; ++i) CHECK(u[i] == clamp((uint8_t)x[i] + 200, 0, 255));
    }
    size_t saturated;
    __asm__ volatile("csrr %0, vxsat" : "=r"(saturated));
    CHECK(saturated == 1);
    return report();
}
