#define W PASTE(m, GROUP)
#define B M16
typedef PASTE3(vuint8, B, _t) bytes;
typedef PASTE3(vuint16, W, _t) words;
int ac_screen(const uint8_t *restrict base, const uint8_t *restrict active, uint8_t *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, base += vl, active += vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        bytes a = __riscv_vnot(PASTE(__riscv_vle8_v_u8, B)(base, vl), vl);
        bytes b = __riscv_vnot(PASTE(__riscv_vle8_v_u8, B)(active, vl), vl);
        words product = PASTE(__riscv_vwmulu_vv_u16, W)(a, b, vl);
        bytes v = PASTE(__riscv_vnsrl_wx_u8, B)(__riscv_vmulhu(product, 0x8081, vl), 7, vl);
        __riscv_vse8(out, __riscv_vnot(v, vl), vl);
    }
    return 0;
}
