/* Bit manipulation of vectors: needs Zvbb. */
#include "checks.h"
#if !defined(__riscv_zvbb)
#error "compile with -march=rv64gcv_zvbb"
#endif
int main(void) {
    uint32_t x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, y[8];
    size_t vl = __riscv_vsetvl_e32m2(8);
    vuint32m2_t v = __riscv_vle32_v_u32m2(x, vl);
    __riscv_vse32(y, __riscv_vcpop(v, vl), vl);
    for (int i = 0; i < 8; ++i) CHECK(y[i] == (uint32_t)__builtin_popcount(x[i]));
    __riscv_vse32(y, __riscv_vrol(v, 5, vl), vl);
    for (int i = 0; i < 8; ++i) CHECK(y[i] == (x[i] << 5 | x[i] >> 27));
    return report();
}
