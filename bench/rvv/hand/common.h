/* Before every kernel of this folder.  GROUP is the LMUL of the widest value; the bench tries 1, 2, 4 and 8. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <riscv_vector.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define PASTE3(a, b, c) PASTE(PASTE(a, b), c)

/* Values of 32, 16 and 8 bits with as many elements each: e32 m4 beside e16 m2 beside e8 m1. */
#define HALF_1 f2
#define HALF_2 1
#define HALF_4 2
#define HALF_8 4
#define QUARTER_1 f4
#define QUARTER_2 f2
#define QUARTER_4 1
#define QUARTER_8 2
#define RATIO_1 32
#define RATIO_2 16
#define RATIO_4 8
#define RATIO_8 4
#define M32 PASTE(m, GROUP)
#define M16 PASTE(m, PASTE(HALF_, GROUP))
#define M8 PASTE(m, PASTE(QUARTER_, GROUP))

typedef PASTE3(vfloat32, M32, _t) f32s;
typedef PASTE3(vint32, M32, _t) i32s;
typedef PASTE3(vuint32, M32, _t) u32s;
typedef PASTE3(vbool, PASTE(RATIO_, GROUP), _t) bools;

#define LENGTH(n) PASTE(__riscv_vsetvl_e32, M32)((size_t)(n))
#define LONGEST PASTE(__riscv_vsetvlmax_e32, M32)()
#define LOAD(p, vl) PASTE(__riscv_vle32_v_f32, M32)(p, vl)
#define SPLAT(x, vl) PASTE(__riscv_vfmv_v_f_f32, M32)(x, vl)

static inline float total(f32s v, size_t vl) {
    vfloat32m1_t zero = __riscv_vfmv_s_f_f32m1(0, 1);
    return __riscv_vfmv_f_s_f32m1_f32(PASTE3(__riscv_vfredusum_vs_f32, M32, _f32m1)(v, zero, vl));
}

static inline float largest(f32s v, size_t vl) {
    vfloat32m1_t low = __riscv_vfmv_s_f_f32m1(-INFINITY, 1);
    return __riscv_vfmv_f_s_f32m1_f32(PASTE3(__riscv_vfredmax_vs_f32, M32, _f32m1)(v, low, vl));
}

/* exp(x): x = k ln 2 + r with ln 2 in two parts, a polynomial of degree six for r, times 2**k in two factors, so that
   results below the normal numbers and infinity come out as they should. */
static inline f32s exponential(f32s x, size_t vl) {
    x = __riscv_vfmax(__riscv_vfmin(x, 89.0f, vl), -104.0f, vl);
    i32s k = __riscv_vfcvt_x(__riscv_vfmul(x, 1.44269504f, vl), vl);
    f32s n = __riscv_vfcvt_f(k, vl);
    f32s r = __riscv_vfnmsac(x, 0.693359375f, n, vl);
    r = __riscv_vfnmsac(r, -2.12194440e-4f, n, vl);
    f32s p = SPLAT(8.3334519073e-3f, vl);
    p = __riscv_vfmacc(p, 1.3981999507e-3f, r, vl);
    p = __riscv_vfmadd(p, r, SPLAT(4.1665795894e-2f, vl), vl);
    p = __riscv_vfmadd(p, r, SPLAT(1.6666665459e-1f, vl), vl);
    p = __riscv_vfmadd(p, r, SPLAT(5.0000001201e-1f, vl), vl);
    p = __riscv_vfmadd(p, r, SPLAT(1.0f, vl), vl);
    p = __riscv_vfmadd(p, r, SPLAT(1.0f, vl), vl);
    i32s first = __riscv_vsra(k, 1, vl), second = __riscv_vsub(k, first, vl);
#define POWER(k) PASTE3(__riscv_vreinterpret_v_i32, M32, PASTE(_f32, M32))(__riscv_vsll(__riscv_vadd(k, 127, vl), 23, vl))
    return __riscv_vfmul(__riscv_vfmul(p, POWER(first), vl), POWER(second), vl);
}
