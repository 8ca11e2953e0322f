/* Slides, gathers, compress, iota, reverse. */
#include "checks.h"
enum { N = 100 };
static void prefix(const int32_t *in, int32_t *out, size_t n) {
    int32_t carry = 0;
    for (size_t vl; n; n -= vl, in += vl, out += vl) {
        vl = __riscv_vsetvl_e32m2(n);
        vint32m2_t v = __riscv_vle32_v_i32m2(in, vl), zero = __riscv_vmv_v_x_i32m2(0, vl);
        for (size_t d = 1; d < vl; d *= 2) v = __riscv_vadd(v, __riscv_vslideup(zero, v, d, vl), vl);
        v = __riscv_vadd(v, carry, vl);
        __riscv_vse32(out, v, vl);
        carry = __riscv_vmv_x(__riscv_vslidedown(v, vl - 1, vl));
    }
}
static void reverse(const uint16_t *in, uint16_t *out, size_t n) {
    for (size_t vl; n; n -= vl, in += vl) {
        vl = __riscv_vsetvl_e16m4(n);
        vuint16m4_t at = __riscv_vrsub(__riscv_vid_v_u16m4(vl), vl - 1, vl);
        __riscv_vse16(out + n - vl, __riscv_vrgather(__riscv_vle16_v_u16m4(in, vl), at, vl), vl);
    }
}
static size_t keep(const float *in, float limit, float *out, size_t n) {
    float *start = out;
    for (size_t vl; n; n -= vl, in += vl) {
        vl = __riscv_vsetvl_e32m4(n);
        vfloat32m4_t v = __riscv_vle32_v_f32m4(in, vl);
        vbool8_t m = __riscv_vmfgt(v, limit, vl);
        size_t count = __riscv_vcpop(m, vl);
        __riscv_vse32(out, __riscv_vcompress(v, m, vl), count);
        out += count;
    }
    return (size_t)(out - start);
}
static void expand(const uint8_t *bits, const uint8_t *in, uint8_t *out, size_t n) {
    for (size_t vl; n; n -= vl, bits += vl, out += vl) {
        vl = __riscv_vsetvl_e8m1(n);
        vbool8_t m = __riscv_vmsne(__riscv_vle8_v_u8m1(bits, vl), 0, vl);
        vuint8m1_t at = __riscv_viota_m_u8m1(m, vl), zero = __riscv_vmv_v_x_u8m1(0, vl);
        vuint8m1_t v = __riscv_vle8_v_u8m1(in, vl);
        __riscv_vse8(out, __riscv_vrgather_vv_u8m1_mu(m, zero, v, at, vl), vl);
        in += __riscv_vcpop(m, vl);
    }
}
int main(void) {
    static int32_t a[N], b[N];
    static uint16_t c[N], d[N];
    static float x[N], y[N];
    static uint8_t bits[N], in[N + 256], out[N];
    for (int i = 0; i < N; ++i) a[i] = (int)(next() % 100), c[i] = (uint16_t)next(), x[i] = unit(), bits[i] = next() & 1;
    for (int i = 0; i < N + 256; ++i) in[i] = (uint8_t)next();
    prefix(a, b, N), reverse(c, d, N);
    size_t kept = keep(x, 0.5f, y, N), at = 0;
    expand(bits, in, out, N);
    for (int i = 0, sum = 0, used = 0; i < N; ++i) {
        CHECK(b[i] == (sum += a[i]));
        CHECK(d[i] == c[N - 1 - i]);
        if (x[i] > 0.5f) CHECK(y[at++] == x[i]);
        CHECK(out[i] == (bits[i] ? in[used++] : 0));
    }
    CHECK(at == kept);
    float ramp[8] = {1, 2, 3, 4, 5, 6, 7, 8}, moved[8];
    size_t vl = __riscv_vsetvl_e32m2(8);
    vfloat32m2_t v = __riscv_vle32_v_f32m2(ramp, vl);
    __riscv_vse32(moved, __riscv_vfslide1down(v, 9.0f, vl), vl);
    for (size_t i = 0; i < vl; ++i) CHECK(moved[i] == (i + 1 < vl ? ramp[i + 1] : 9));
    __riscv_vse32(moved, __riscv_vfslide1up(v, 0.5f, vl), vl);
    for (size_t i = 0; i < vl; ++i) CHECK(moved[i] == (i ? ramp[i - 1] : 0.5f));
    __riscv_vse32(moved, __riscv_vrgather_vx_f32m2(v, 3, vl), vl);
    for (size_t i = 0; i < vl; ++i) CHECK(moved[i] == ramp[3]);
    return report();
}
