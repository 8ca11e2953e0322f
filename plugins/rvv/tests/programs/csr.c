/* Vector state through inline assembly, as people time and probe. */
#include "checks.h"
static inline size_t vlenb(void) {
    size_t v;
    __asm__ volatile("csrr %0, vlenb" : "=r"(v));
    return v;
}
static inline size_t cycles(void) {
    size_t v;
    __asm__ volatile("rdcycle %0" : "=r"(v));
    return v;
}
static inline size_t retired(void) {
    size_t v;
    __asm__ volatile("csrr %0, instret" : "=r"(v));
    return v;
}
int main(void) {
    size_t start = cycles(), first = retired(), vl, vtype, vstart, vxrm, vcsr;
    __asm__ volatile("vsetvli %0, %1, e16, m2, ta, mu" : "=r"(vl) : "r"(1000L));
    __asm__ volatile("csrr %0, vtype" : "=r"(vtype));
    __asm__ volatile("csrr %0, vl" : "=r"(vl));
    __asm__ volatile("csrr %0, vstart" : "=r"(vstart));
    __asm__ volatile("csrw vxrm, %0" : : "r"(2L));
    __asm__ volatile("csrr %0, vxrm" : "=r"(vxrm));
    __asm__ volatile("csrr %0, vcsr" : "=r"(vcsr));
    CHECK(vl == (1000 < vlenb() ? 1000 : vlenb()));
    CHECK((vtype & 7) == 1 && (vtype >> 3 & 7) == 1 && (vtype >> 6 & 3) == 1 && vstart == 0 && vxrm == 2);
    CHECK((vcsr >> 1 & 3) == 2);
    CHECK(vlenb() == __riscv_vlenb() && __riscv_vsetvlmax_e8m1() == vlenb());
    float x[4] = {1, 2, 3, 4}, y[4];
    __asm__ volatile(
        "vsetivli zero, 4, e32, m1, ta, ma\n\tvle32.v v8, (%0)\n\tvfadd.vv v8, v8, v8\n\tvse32.v v8, (%1)"
        : : "r"(x), "r"(y) : "v8", "memory");
    for (int i = 0; i < 4; ++i) CHECK(y[i] == 2 * x[i]);
    CHECK(cycles() >= start && retired() >= first);
    printf("%zu bits\n", 8 * vlenb());
    return report();
}
