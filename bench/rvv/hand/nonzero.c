/* Where bytes are not zero. */
int ac_nonzero(const uint8_t *restrict x, int32_t *restrict places, int32_t *restrict count, int64_t n) {
    int32_t *next = places;
    u32s place = PASTE(__riscv_vid_v_u32, M32)(LONGEST);
    for (size_t vl; n > 0; n -= (int64_t)vl, x += vl) {
        vl = LENGTH(n);
        const bools chosen = __riscv_vmsne(PASTE(__riscv_vle8_v_u8, M8)(x, vl), 0, vl);
        const size_t found = __riscv_vcpop(chosen, vl);
        __riscv_vse32((uint32_t *)next, __riscv_vcompress(place, chosen, vl), found);
        place = __riscv_vadd(place, (uint32_t)vl, vl);
        next += found;
    }
    *count = (int32_t)(next - places);
    return 0;
}
