/* A comparison, and its mask counted. */
#define B PASTE(m, GROUP)
int ac_occurrences(const uint8_t *restrict x, uint8_t key, int32_t *restrict out, int64_t n) {
    int32_t total = 0;
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl) {
        vl = PASTE(__riscv_vsetvl_e8, B)((size_t)n);
        total += (int32_t)__riscv_vcpop(__riscv_vmseq(PASTE(__riscv_vle8_v_u8, B)(x, vl), key, vl), vl);
    }
    *out = total;
    return 0;
}
