/* Tail and mask policies: _tu keeps the tail, _mu keeps the masked-off elements, _tumu both. */
#include "checks.h"
int main(void) {
    int32_t a[64], b[64], d[64], out[64];
    size_t all = __riscv_vsetvlmax_e32m1(), some = all - 1;
    for (int i = 0; i < 64; ++i) a[i] = i, b[i] = 3 * i, d[i] = -i - 1;
    vint32m1_t x = __riscv_vle32_v_i32m1(a, all), y = __riscv_vle32_v_i32m1(b, all), z = __riscv_vle32_v_i32m1(d, all);
    vbool32_t odd = __riscv_vmsne_vx_i32m1_b32(__riscv_vand_vx_i32m1(x, 1, all), 0, all);
    __riscv_vse32(out, __riscv_vadd_vv_i32m1_tu(z, x, y, some), all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i < some ? 4 * (int)i : d[i]));
    __riscv_vse32(out, __riscv_vadd_vv_i32m1_mu(odd, z, x, y, all), all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i % 2 ? 4 * (int)i : d[i]));
    __riscv_vse32(out, __riscv_vadd_tumu(odd, z, x, y, some), all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i < some && i % 2 ? 4 * (int)i : d[i]));
    __riscv_vse32(out, __riscv_vle32_tumu(odd, z, b, some), all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i < some && i % 2 ? b[i] : d[i]));
    __riscv_vse32(out, __riscv_vmerge_vvm_i32m1_tu(z, x, y, odd, some), all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i >= some ? d[i] : i % 2 ? b[i] : a[i]));
    memset(out, 0, sizeof out);
    __riscv_vse32_v_i32m1_m(odd, out, y, all);
    for (size_t i = 0; i < all; ++i) CHECK(out[i] == (i % 2 ? b[i] : 0));
    vint32m1_t total = __riscv_vredsum_vs_i32m1_i32m1_m(odd, x, __riscv_vmv_s_x_i32m1(5, 1), all);
    int want = 5;
    for (size_t i = 1; i < all; i += 2) want += (int)i;
    CHECK(__riscv_vmv_x_s_i32m1_i32(total) == want);
    return report();
}
