#include "checks.h"
int main(void) {
    uint8_t a[256], out[256];
    for (int i = 0; i < 256; ++i) a[i] = i % 7 == 3;
    size_t vl = __riscv_vsetvl_e8m1(23 < __riscv_vsetvlmax_e8m1() ? 23 : 13);
    vbool8_t m = __riscv_vmseq_vx_u8m1_b8(__riscv_vle8_v_u8m1(a, vl), 1, vl);
    vbool8_t before = __riscv_vmsbf_m_b8(m, vl), with = __riscv_vmsif_m_b8(m, vl), only = __riscv_vmsof_m_b8(m, vl);
    CHECK(__riscv_vcpop_m_b8(before, vl) == 3 && __riscv_vcpop_m_b8(with, vl) == 4 && __riscv_vcpop_m_b8(only, vl) == 1);
    CHECK(__riscv_vfirst_m_b8(m, vl) == 3);
    CHECK(__riscv_vfirst_m_b8(__riscv_vmclr_m_b8(vl), vl) == -1);
    CHECK(__riscv_vcpop(__riscv_vmnot(m, vl), vl) == vl - __riscv_vcpop(m, vl));
    CHECK(__riscv_vcpop(__riscv_vmxnor(m, m, vl), vl) == vl);
    CHECK(__riscv_vcpop(__riscv_vmandn(m, m, vl), vl) == 0);
    CHECK(__riscv_vcpop(__riscv_vmorn(m, m, vl), vl) == vl);
    CHECK(__riscv_vcpop(__riscv_vmnand(m, __riscv_vmset_m_b8(vl), vl), vl) == vl - __riscv_vcpop(m, vl));
    uint8_t packed[64] = {0};
    __riscv_vsm_v_b8(packed, m, vl);
    for (size_t i = 0; i < vl; ++i) CHECK((packed[i / 8] >> (i % 8) & 1) == a[i]);
    vbool8_t again = __riscv_vlm_v_b8(packed, vl);
    CHECK(__riscv_vcpop(__riscv_vmxor(again, m, vl), vl) == 0);
    vuint8m1_t v = __riscv_vmerge_vxm_u8m1(__riscv_vmv_v_x_u8m1(7, vl), 9, m, vl);
    __riscv_vse8(out, v, vl);
    for (size_t i = 0; i < vl; ++i) CHECK(out[i] == (a[i] ? 9 : 7));
    vuint8m1_t carry = __riscv_vadc_vxm_u8m1(v, 255, m, vl);
    vbool8_t over = __riscv_vmadc_vxm_u8m1_b8(v, 255, m, vl);
    __riscv_vse8(out, carry, vl);
    for (size_t i = 0; i < vl; ++i) CHECK(out[i] == (uint8_t)((a[i] ? 9 : 7) + 255 + a[i]));
    CHECK(__riscv_vcpop(over, vl) == vl);
    return report();
}
