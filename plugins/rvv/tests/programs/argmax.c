#include "checks.h"
static size_t argmax(const float *x, size_t n) {
    size_t most = __riscv_vsetvlmax_e32m4();
    vfloat32m4_t best = __riscv_vfmv_v_f_f32m4(-INFINITY, most);
    vuint32m4_t where = __riscv_vmv_v_x_u32m4(0, most);
    for (size_t i = 0, vl; i < n; i += vl) {
        vl = __riscv_vsetvl_e32m4(n - i);
        vfloat32m4_t v = __riscv_vle32_v_f32m4(x + i, vl);
        vbool8_t more = __riscv_vmfgt_vv_f32m4_b8(v, best, vl);
        vuint32m4_t at = __riscv_vadd_vx_u32m4(__riscv_vid_v_u32m4(vl), (uint32_t)i, vl);
        best = __riscv_vmerge_vvm_f32m4_tu(best, best, v, more, vl);
        where = __riscv_vmerge_vvm_u32m4_tu(where, where, at, more, vl);
    }
    float top = __riscv_vfmv_f_s_f32m1_f32(
        __riscv_vfredmax_vs_f32m4_f32m1(best, __riscv_vfmv_s_f_f32m1(-INFINITY, 1), most));
    vbool8_t equal = __riscv_vmfeq_vf_f32m4_b8(best, top, most);
    vuint32m1_t none = __riscv_vmv_s_x_u32m1(UINT32_MAX, 1);
    return __riscv_vmv_x_s_u32m1_u32(__riscv_vredminu_vs_u32m4_u32m1_m(equal, where, none, most));
}
int main(void) {
    static float x[1000];
    for (size_t n = 1; n < 1000; n += 111) {
        size_t want = 0;
        for (size_t i = 0; i < n; ++i) x[i] = (float)(next() % 50);
        for (size_t i = 1; i < n; ++i)
            if (x[i] > x[want]) want = i;
        CHECK(argmax(x, n) == want);
    }
    return report();
}
