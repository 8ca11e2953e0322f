/* Bytes in half as many registers as their products; x / 255 is (x * 0x8081 >> 16) >> 7 for 16 bits. */
#define W PASTE(m, GROUP)
#define B M16
#define OF_1 16
#define OF_2 8
#define OF_4 4
#define OF_8 2
typedef PASTE3(vuint8, B, _t) bytes;
typedef PASTE3(vuint16, W, _t) words;
static inline bytes over255(words v, size_t vl) {
    return PASTE(__riscv_vnsrl_wx_u8, B)(__riscv_vmulhu(v, 0x8081, vl), 7, vl);
}
int ac_overlay(const uint8_t *restrict base, const uint8_t *restrict active, uint8_t *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, base += vl, active += vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        bytes a = PASTE(__riscv_vle8_v_u8, B)(base, vl), b = PASTE(__riscv_vle8_v_u8, B)(active, vl);
        PASTE3(vbool, PASTE(OF_, GROUP), _t) light = __riscv_vmsgtu(a, 127, vl);
        a = __riscv_vmerge(a, __riscv_vnot(a, vl), light, vl);
        b = __riscv_vmerge(b, __riscv_vnot(b, vl), light, vl);
        words product = PASTE(__riscv_vwmulu_vv_u16, W)(a, b, vl);
        bytes v = over255(__riscv_vadd(product, product, vl), vl);
        __riscv_vse8(out, __riscv_vmerge(v, __riscv_vnot(v, vl), light, vl), vl);
    }
    return 0;
}
