/* Bytes in groups of GROUP registers; otherwise as running_sum.c, and the carried value is a scalar operand. */
typedef PASTE3(vuint8, M32, _t) bytes;
#define STEP(d) v = __riscv_vmaxu(v, __riscv_vslideup(zero, v, d, vl), vl)
int ac_running_max(const uint8_t *restrict x, uint8_t *restrict out, int64_t n) {
    uint8_t most = 0;
    bytes zero = PASTE(__riscv_vmv_v_x_u8, M32)(0, PASTE(__riscv_vsetvlmax_e8, M32)());
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, M32)((size_t)n);
        bytes v = PASTE(__riscv_vle8_v_u8, M32)(x, vl);
        v = __riscv_vmaxu(v, __riscv_vslide1up(v, 0, vl), vl);
        STEP(2);
        STEP(4);
        STEP(8);
        STEP(16);
        if (GROUP >= 2) STEP(32);
        if (GROUP >= 4) STEP(64);
        if (GROUP >= 8) STEP(128);
        for (size_t d = 32 * GROUP; d < vl; d *= 2) STEP(d);
        v = __riscv_vmaxu(v, most, vl);
        __riscv_vse8(out, v, vl);
        most = PASTE3(__riscv_vmv_x_s_u8, M32, _u8)(__riscv_vslidedown(v, vl - 1, vl));
    }
    return 0;
}
