#include "checks.h"
static void *copy(void *to, const void *from, size_t n) {
    uint8_t *d = to;
    const uint8_t *s = from;
    for (size_t vl; n; n -= vl, s += vl, d += vl) {
        vl = __riscv_vsetvl_e8m8(n);
        __riscv_vse8(d, __riscv_vle8_v_u8m8(s, vl), vl);
    }
    return to;
}
static size_t length(const char *text) {
    const uint8_t *p = (const uint8_t *)text;
    for (size_t vl = __riscv_vsetvlmax_e8m8();; p += vl) {
        vuint8m8_t v = __riscv_vle8ff_v_u8m8(p, &vl, vl);
        long at = __riscv_vfirst_m_b1(__riscv_vmseq_vx_u8m8_b1(v, 0, vl), vl);
        if (at >= 0) return (size_t)(p - (const uint8_t *)text) + (size_t)at;
    }
}
static int compare(const char *a, const char *b) {
    size_t vlmax = __riscv_vsetvlmax_e8m2();
    for (size_t vl;; a += vl, b += vl) {
        size_t vl1, vl2;
        vuint8m2_t x = __riscv_vle8ff_v_u8m2((const uint8_t *)a, &vl1, vlmax);
        vuint8m2_t y = __riscv_vle8ff_v_u8m2((const uint8_t *)b, &vl2, vl1);
        vl = vl2;
        long end = __riscv_vfirst_m_b4(__riscv_vmseq_vx_u8m2_b4(x, 0, vl), vl);
        long differ = __riscv_vfirst_m_b4(__riscv_vmsne_vv_u8m2_b4(x, y, vl), vl);
        if (differ >= 0 && (end < 0 || differ <= end)) return (uint8_t)a[differ] - (uint8_t)b[differ];
        if (end >= 0) return 0;
    }
}
int main(void) {
    static char text[1001], other[1001];
    for (int n = 0; n < 1000; n += 37) {
        memset(text, 'a', (size_t)n);
        text[n] = 0;
        CHECK(length(text) == (size_t)n);
        copy(other, text, (size_t)n + 1);
        CHECK(strcmp(text, other) == 0 && compare(text, other) == 0);
        if (n) {
            other[n / 2] = 'b';
            CHECK(compare(text, other) < 0);
        }
    }
    return report();
}
