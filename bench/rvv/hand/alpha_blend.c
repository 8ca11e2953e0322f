/* Two widening products, and one narrowing that rounds: vnclipu with the mode "to nearest, up". */
#define W PASTE(m, GROUP)
#define B M16
typedef PASTE3(vuint8, B, _t) bytes;
typedef PASTE3(vuint16, W, _t) words;
int ac_alpha_blend(const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict alpha,
                   uint8_t *restrict out, int64_t n) {
    for (size_t vl; n > 0; n -= (int64_t)vl, a += vl, b += vl, alpha += vl, out += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        bytes w = PASTE(__riscv_vle8_v_u8, B)(alpha, vl);
        words sum = __riscv_vwmulu(PASTE(__riscv_vle8_v_u8, B)(a, vl), w, vl);
        sum = __riscv_vwmaccu(sum, PASTE(__riscv_vle8_v_u8, B)(b, vl), __riscv_vnot(w, vl), vl);
        __riscv_vse8(out, __riscv_vnclipu(sum, 8, __RISCV_VXRM_RNU, vl), vl);
    }
    return 0;
}
