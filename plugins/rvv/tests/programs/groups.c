/* LMUL from an eighth to eight: the same sum at every grouping; get, set, extend and truncate of groups. */
#include "checks.h"
enum { N = 333 };
#define SUM(width, lmul, type)                                                                     \
    do {                                                                                           \
        type sum = 0;                                                                              \
        for (size_t i = 0, vl; i < N; i += vl) {                                                   \
            vl = __riscv_vsetvl_e##width##lmul(N - i);                                             \
            vint##width##m1_t zero = __riscv_vmv_s_x_i##width##m1(0, 1);                           \
            vint##width##m1_t part = __riscv_vredsum_vs_i##width##lmul##_i##width##m1(             \
                __riscv_vle##width##_v_i##width##lmul(x##width + i, vl), zero, vl);                \
            sum = (type)(sum + __riscv_vmv_x_s_i##width##m1_i##width(part));                       \
        }                                                                                          \
        CHECK(sum == (type)total);                                                                 \
    } while (0)
int main(void) {
    static int8_t x8[N];
    static int16_t x16[N];
    static int32_t x32[N];
    static int64_t x64[N], total;
    for (int i = 0; i < N; ++i) total += x8[i] = (int8_t)next(), x64[i] = x32[i] = x16[i] = x8[i];
    SUM(8, mf8, int8_t);
    SUM(8, mf4, int8_t);
    SUM(8, mf2, int8_t);
    SUM(8, m1, int8_t);
    SUM(8, m2, int8_t);
    SUM(8, m4, int8_t);
    SUM(8, m8, int8_t);
    SUM(16, mf4, int16_t);
    SUM(16, mf2, int16_t);
    SUM(16, m8, int16_t);
    SUM(32, mf2, int32_t);
    SUM(32, m1, int32_t);
    SUM(32, m8, int32_t);
    SUM(64, m1, int64_t);
    SUM(64, m8, int64_t);
    int32_t out[256];
    size_t one = __riscv_vsetvlmax_e32m1();
    vint32m4_t four = __riscv_vle32_v_i32m4(x32, 4 * one);
    vint32m1_t second = __riscv_vget_v_i32m4_i32m1(four, 1);
    __riscv_vse32(out, second, one);
    for (size_t i = 0; i < one; ++i) CHECK(out[i] == x32[one + i]);
    four = __riscv_vset_v_i32m1_i32m4(four, 3, second);
    __riscv_vse32(out, four, 4 * one);
    for (size_t i = 0; i < one; ++i) CHECK(out[3 * one + i] == x32[one + i]);
    vint32m2_t two = __riscv_vlmul_trunc_v_i32m4_i32m2(four);
    vint32mf2_t half = __riscv_vlmul_trunc_i32mf2(two);
    vint32m8_t eight = __riscv_vlmul_ext_v_i32m1_i32m8(second);
    __riscv_vse32(out, __riscv_vadd(half, 1, one / 2), one / 2);
    for (size_t i = 0; i < one / 2; ++i) CHECK(out[i] == x32[i] + 1);
    __riscv_vse32(out, eight, one);
    for (size_t i = 0; i < one; ++i) CHECK(out[i] == x32[one + i]);
    return report();
}
