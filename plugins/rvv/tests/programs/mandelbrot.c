#include "checks.h"
enum { W = 40, H = 20, MOST = 60 };
int main(void) {
    static int32_t out[W], want;
    for (int i = 0; i < H; ++i) {
        float cy = -1.2f + 2.4f * (float)i / H;
        for (size_t j = 0, vl; j < W; j += vl) {
            vl = __riscv_vsetvl_e32m2(W - j);
            vfloat32m2_t cx = __riscv_vfcvt_f_xu_v_f32m2(__riscv_vadd(__riscv_vid_v_u32m2(vl), (uint32_t)j, vl), vl);
            cx = __riscv_vfadd(__riscv_vfmul(cx, 3.0f / W, vl), -2.0f, vl);
            vfloat32m2_t x = __riscv_vfmv_v_f_f32m2(0, vl), y = x;
            vint32m2_t n = __riscv_vmv_v_x_i32m2(0, vl);
            for (int turn = 0; turn < MOST; ++turn) {
                vfloat32m2_t xx = __riscv_vfmul(x, x, vl), yy = __riscv_vfmul(y, y, vl);
                vbool16_t in = __riscv_vmfle(__riscv_vfadd(xx, yy, vl), 4.0f, vl);
                if (__riscv_vfirst(in, vl) < 0) break;
                n = __riscv_vadd_mu(in, n, n, 1, vl);
                vfloat32m2_t t = __riscv_vfadd(__riscv_vfsub(xx, yy, vl), cx, vl);
                vfloat32m2_t xy = __riscv_vfmul(x, y, vl);
                y = __riscv_vfadd_mu(in, y, __riscv_vfadd(xy, xy, vl), cy, vl);
                x = __riscv_vmerge(x, t, in, vl);
            }
            __riscv_vse32(out + j, n, vl);
        }
        for (int j = 0; j < W; ++j) {
            float cx = (float)j * (3.0f / W) + -2.0f, x = 0, y = 0;
            for (want = 0; want < MOST && x * x + y * y <= 4; ++want) {
                float t = x * x - y * y + cx, xy = x * y;
                y = xy + xy + cy, x = t;
            }
            if (abs(out[j] - want) > 1) CHECK(out[j] == want); /* sums may be fused by the compiler */
        }
        printf("%d ", out[W / 2]);
    }
    return report();
}
