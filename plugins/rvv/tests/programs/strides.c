/* Strided and indexed accesses of every width, transposition, histogram-free scatter. */
#include "checks.h"
enum { R = 13, C = 37 };
#define TRANSPOSE(bits, type, lmul)                                                          \
    static void transpose##bits(const type *in, type *out) {                                  \
        for (size_t i = 0; i < R; ++i)                                                        \
            for (size_t j = 0, vl; j < C; j += vl) {                                          \
                vl = __riscv_vsetvl_e##bits##lmul(C - j);                                     \
                v##type##lmul v = __riscv_vle##bits##_v_u##bits##lmul(in + i * C + j, vl);    \
                __riscv_vsse##bits(out + j * R + i, R * sizeof(type), v, vl);                 \
            }                                                                                 \
    }
typedef vuint8m1_t vuint8_tm1;
typedef vuint16m2_t vuint16_tm2;
typedef vuint32m4_t vuint32_tm4;
typedef vuint64m8_t vuint64_tm8;
TRANSPOSE(8, uint8_t, m1)
TRANSPOSE(16, uint16_t, m2)
TRANSPOSE(32, uint32_t, m4)
TRANSPOSE(64, uint64_t, m8)
#define TRY(bits)                                                                             \
    do {                                                                                      \
        static uint##bits##_t in[R * C], out[R * C];                                          \
        for (int i = 0; i < R * C; ++i) in[i] = (uint##bits##_t)next();                       \
        transpose##bits(in, out);                                                             \
        for (int i = 0; i < R; ++i)                                                           \
            for (int j = 0; j < C; ++j) CHECK(out[j * R + i] == in[i * C + j]);               \
    } while (0)
int main(void) {
    TRY(8);
    TRY(16);
    TRY(32);
    TRY(64);
    static double table[50], out[60], back[60];
    static uint8_t at8[60];
    static uint64_t at64[60];
    for (int i = 0; i < 50; ++i) table[i] = unit();
    for (int i = 0; i < 60; ++i) at8[i] = (uint8_t)(next() % 30 * 8), at64[i] = (uint64_t)(59 - i) * 8;
    for (size_t i = 0, vl; i < 60; i += vl) {
        vl = __riscv_vsetvl_e64m4(60 - i);
        __riscv_vse64(out + i, __riscv_vloxei8_v_f64m4(table, __riscv_vle8_v_u8mf2(at8 + i, vl), vl), vl);
        __riscv_vsuxei64(back, __riscv_vle64_v_u64m4(at64 + i, vl), __riscv_vle64_v_f64m4(out + i, vl), vl);
    }
    for (int i = 0; i < 60; ++i) CHECK(out[i] == table[at8[i] / 8]);
    for (int i = 0; i < 60; ++i) CHECK(back[59 - i] == out[i]);
    float column[20];
    static float grid[20][6];
    for (int i = 0; i < 20; ++i) grid[i][2] = (float)i;
    for (size_t i = 0, vl; i < 20; i += vl) {
        vl = __riscv_vsetvl_e32mf2(20 - i);
        __riscv_vse32(column + i, __riscv_vlse32_v_f32mf2(&grid[i][2], sizeof grid[0], vl), vl);
    }
    for (int i = 0; i < 20; ++i) CHECK(column[i] == (float)i);
    __riscv_vse32(column, __riscv_vlse32_v_f32m1(&grid[3][2], 0, 4), 4); /* stride 0: a splat */
    for (int i = 0; i < 4; ++i) CHECK(column[i] == 3);
    return report();
}
