#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_MAX_F32
#define AC_HAVE_AC_MAX_F32
static inline float ac_max_f32(float a, float b) { return b > a ? b : a; }
#endif

int ac_softmax(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
        float max;
        max = -INFINITY;
        {
            __m512 max_acc_g0 = _mm512_set1_ps((-INFINITY));
            __m512 max_acc_g1 = _mm512_set1_ps((-INFINITY));
            __m512 max_acc_g2 = _mm512_set1_ps((-INFINITY));
            __m512 max_acc_g3 = _mm512_set1_ps((-INFINITY));
            int64_t j2 = 0;
            for (; j2 + 63 < n; j2 += 64) {
                const __m512 t1 = _mm512_max_ps(max_acc_g0, _mm512_loadu_ps(x + i * n + j2));
                const __m512 t2 = _mm512_max_ps(max_acc_g1, _mm512_loadu_ps(x + i * n + j2 + 16));
                const __m512 t3 = _mm512_max_ps(max_acc_g2, _mm512_loadu_ps(x + i * n + j2 + 32));
                const __m512 t4 = _mm512_max_ps(max_acc_g3, _mm512_loadu_ps(x + i * n + j2 + 48));
                max_acc_g0 = t1;
                max_acc_g1 = t2;
                max_acc_g2 = t3;
                max_acc_g3 = t4;
            }
            for (; j2 < n; j2 += 16) {
                const __mmask16 t5 = (__mmask16)ac_first((n - j2), 16);
                const __m512 t6 = _mm512_max_ps(max_acc_g0, _mm512_maskz_loadu_ps(t5, x + i * n + j2));
                max_acc_g0 = _mm512_mask_blend_ps(t5, max_acc_g0, t6);
            }
            max_acc_g0 = _mm512_max_ps(max_acc_g0, max_acc_g2);
            max_acc_g1 = _mm512_max_ps(max_acc_g1, max_acc_g3);
            max_acc_g0 = _mm512_max_ps(max_acc_g0, max_acc_g1);
            float max_total = _mm512_reduce_max_ps(max_acc_g0);
            const float t7 = max_total;
            max = ac_max_f32(max, t7);
        }
        float sum;
        sum = 0.0f;
        {
            __m512 sum_acc_g0 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g1 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g2 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g3 = _mm512_set1_ps(0.0f);
            int64_t j3 = 0;
            for (; j3 + 63 < n; j3 += 64) {
                __m512 value_g0;
                __m512 value_g1;
                __m512 value_g2;
                __m512 value_g3;
                const __m512 t8 = _mm512_sub_ps(_mm512_loadu_ps(x + i * n + j3), _mm512_set1_ps(max));
                const __m512 t9 = _mm512_sub_ps(_mm512_loadu_ps(x + i * n + j3 + 16), _mm512_set1_ps(max));
                const __m512 t10 = _mm512_sub_ps(_mm512_loadu_ps(x + i * n + j3 + 32), _mm512_set1_ps(max));
                const __m512 t11 = _mm512_sub_ps(_mm512_loadu_ps(x + i * n + j3 + 48), _mm512_set1_ps(max));
                const __m512 t12 = _mm512_min_ps(_mm512_set1_ps(89.0f), t8);
                const __m512 t13 = _mm512_min_ps(_mm512_set1_ps(89.0f), t9);
                const __m512 t14 = _mm512_min_ps(_mm512_set1_ps(89.0f), t10);
                const __m512 t15 = _mm512_min_ps(_mm512_set1_ps(89.0f), t11);
                const __m512 t16 = _mm512_max_ps(_mm512_set1_ps((-104.0f)), t12);
                const __m512 t17 = _mm512_max_ps(_mm512_set1_ps((-104.0f)), t13);
                const __m512 t18 = _mm512_max_ps(_mm512_set1_ps((-104.0f)), t14);
                const __m512 t19 = _mm512_max_ps(_mm512_set1_ps((-104.0f)), t15);
                const __m512 t20 = _mm512_fmadd_ps(t16, _mm512_set1_ps(1.442695f), _mm512_set1_ps(12582912.0f));
                const __m512 t21 = _mm512_fmadd_ps(t17, _mm512_set1_ps(1.442695f), _mm512_set1_ps(12582912.0f));
                const __m512 t22 = _mm512_fmadd_ps(t18, _mm512_set1_ps(1.442695f), _mm512_set1_ps(12582912.0f));
                const __m512 t23 = _mm512_fmadd_ps(t19, _mm512_set1_ps(1.442695f), _mm512_set1_ps(12582912.0f));
                const __m512 t24 = _mm512_sub_ps(t20, _mm512_set1_ps(12582912.0f));
                const __m512 t25 = _mm512_sub_ps(t21, _mm512_set1_ps(12582912.0f));
                const __m512 t26 = _mm512_sub_ps(t22, _mm512_set1_ps(12582912.0f));
                const __m512 t27 = _mm512_sub_ps(t23, _mm512_set1_ps(12582912.0f));
                const __m512 t28 = _mm512_fnmadd_ps(t24, _mm512_set1_ps(0.6933594f), t16);
                const __m512 t29 = _mm512_fnmadd_ps(t25, _mm512_set1_ps(0.6933594f), t17);
                const __m512 t30 = _mm512_fnmadd_ps(t26, _mm512_set1_ps(0.6933594f), t18);
                const __m512 t31 = _mm512_fnmadd_ps(t27, _mm512_set1_ps(0.6933594f), t19);
                const __m512 t32 = _mm512_fnmadd_ps(t24, _mm512_set1_ps((-0.00021219444f)), t28);
                const __m512 t33 = _mm512_fnmadd_ps(t25, _mm512_set1_ps((-0.00021219444f)), t29);
                const __m512 t34 = _mm512_fnmadd_ps(t26, _mm512_set1_ps((-0.00021219444f)), t30);
                const __m512 t35 = _mm512_fnmadd_ps(t27, _mm512_set1_ps((-0.00021219444f)), t31);
                const __m512 t36 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t32, _mm512_set1_ps(0.008368952f));
                const __m512 t37 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t33, _mm512_set1_ps(0.008368952f));
                const __m512 t38 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t34, _mm512_set1_ps(0.008368952f));
                const __m512 t39 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t35, _mm512_set1_ps(0.008368952f));
                const __m512 t40 = _mm512_fmadd_ps(t36, t32, _mm512_set1_ps(0.04166832f));
                const __m512 t41 = _mm512_fmadd_ps(t37, t33, _mm512_set1_ps(0.04166832f));
                const __m512 t42 = _mm512_fmadd_ps(t38, t34, _mm512_set1_ps(0.04166832f));
                const __m512 t43 = _mm512_fmadd_ps(t39, t35, _mm512_set1_ps(0.04166832f));
                const __m512 t44 = _mm512_fmadd_ps(t40, t32, _mm512_set1_ps(0.1666652f));
                const __m512 t45 = _mm512_fmadd_ps(t41, t33, _mm512_set1_ps(0.1666652f));
                const __m512 t46 = _mm512_fmadd_ps(t42, t34, _mm512_set1_ps(0.1666652f));
                const __m512 t47 = _mm512_fmadd_ps(t43, t35, _mm512_set1_ps(0.1666652f));
                const __m512 t48 = _mm512_fmadd_ps(t44, t32, _mm512_set1_ps(0.49999994f));
                const __m512 t49 = _mm512_fmadd_ps(t45, t33, _mm512_set1_ps(0.49999994f));
                const __m512 t50 = _mm512_fmadd_ps(t46, t34, _mm512_set1_ps(0.49999994f));
                const __m512 t51 = _mm512_fmadd_ps(t47, t35, _mm512_set1_ps(0.49999994f));
                const __m512 t52 = _mm512_fmadd_ps(t48, t32, _mm512_set1_ps(1.0f));
                const __m512 t53 = _mm512_fmadd_ps(t49, t33, _mm512_set1_ps(1.0f));
                const __m512 t54 = _mm512_fmadd_ps(t50, t34, _mm512_set1_ps(1.0f));
                const __m512 t55 = _mm512_fmadd_ps(t51, t35, _mm512_set1_ps(1.0f));
                const __m512 t56 = _mm512_fmadd_ps(t52, t32, _mm512_set1_ps(1.0f));
                const __m512 t57 = _mm512_fmadd_ps(t53, t33, _mm512_set1_ps(1.0f));
                const __m512 t58 = _mm512_fmadd_ps(t54, t34, _mm512_set1_ps(1.0f));
                const __m512 t59 = _mm512_fmadd_ps(t55, t35, _mm512_set1_ps(1.0f));
                const __m512 t60 = _mm512_scalef_ps(t56, t24);
                const __m512 t61 = _mm512_scalef_ps(t57, t25);
                const __m512 t62 = _mm512_scalef_ps(t58, t26);
                const __m512 t63 = _mm512_scalef_ps(t59, t27);
                value_g0 = t60;
                value_g1 = t61;
                value_g2 = t62;
                value_g3 = t63;
                _mm512_storeu_ps(out + i * n + j3, value_g0);
                _mm512_storeu_ps(out + i * n + j3 + 16, value_g1);
                _mm512_storeu_ps(out + i * n + j3 + 32, value_g2);
                _mm512_storeu_ps(out + i * n + j3 + 48, value_g3);
                sum_acc_g0 = _mm512_add_ps(sum_acc_g0, value_g0);
                sum_acc_g1 = _mm512_add_ps(sum_acc_g1, value_g1);
                sum_acc_g2 = _mm512_add_ps(sum_acc_g2, value_g2);
                sum_acc_g3 = _mm512_add_ps(sum_acc_g3, value_g3);
            }
            for (; j3 < n; j3 += 16) {
                const __mmask16 t64 = (__mmask16)ac_first((n - j3), 16);
                __m512 value;
                const __m512 t65 = _mm512_sub_ps(_mm512_maskz_loadu_ps(t64, x + i * n + j3), _mm512_set1_ps(max));
                const __m512 t66 = _mm512_min_ps(_mm512_set1_ps(89.0f), t65);
                const __m512 t67 = _mm512_max_ps(_mm512_set1_ps((-104.0f)), t66);
                const __m512 t68 = _mm512_fmadd_ps(t67, _mm512_set1_ps(1.442695f), _mm512_set1_ps(12582912.0f));
                const __m512 t69 = _mm512_sub_ps(t68, _mm512_set1_ps(12582912.0f));
                const __m512 t70 = _mm512_fnmadd_ps(t69, _mm512_set1_ps(0.6933594f), t67);
                const __m512 t71 = _mm512_fnmadd_ps(t69, _mm512_set1_ps((-0.00021219444f)), t70);
                const __m512 t72 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t71, _mm512_set1_ps(0.008368952f));
                const __m512 t73 = _mm512_fmadd_ps(t72, t71, _mm512_set1_ps(0.04166832f));
                const __m512 t74 = _mm512_fmadd_ps(t73, t71, _mm512_set1_ps(0.1666652f));
                const __m512 t75 = _mm512_fmadd_ps(t74, t71, _mm512_set1_ps(0.49999994f));
                const __m512 t76 = _mm512_fmadd_ps(t75, t71, _mm512_set1_ps(1.0f));
                const __m512 t77 = _mm512_fmadd_ps(t76, t71, _mm512_set1_ps(1.0f));
                const __m512 t78 = _mm512_scalef_ps(t77, t69);
                value = t78;
                _mm512_mask_storeu_ps(out + i * n + j3, t64, value);
                sum_acc_g0 = _mm512_mask_blend_ps(t64, sum_acc_g0, _mm512_add_ps(sum_acc_g0, value));
            }
            sum_acc_g0 = _mm512_add_ps(sum_acc_g0, sum_acc_g2);
            sum_acc_g1 = _mm512_add_ps(sum_acc_g1, sum_acc_g3);
            sum_acc_g0 = _mm512_add_ps(sum_acc_g0, sum_acc_g1);
            float sum_total = _mm512_reduce_add_ps(sum_acc_g0);
            const float t79 = sum_total;
            sum = sum + t79;
        }
        float inverse;
        inverse = 1.0f / sum;
        {
            int64_t j = 0;
            for (; j + 31 < n; j += 32) {
                const __m512 t80 = _mm512_mul_ps(_mm512_loadu_ps(out + i * n + j), _mm512_set1_ps(inverse));
                const __m512 t81 = _mm512_mul_ps(_mm512_loadu_ps(out + i * n + j + 16), _mm512_set1_ps(inverse));
                _mm512_storeu_ps(out + i * n + j, t80);
                _mm512_storeu_ps(out + i * n + j + 16, t81);
            }
            for (; j < n; j += 16) {
                const __mmask16 t82 = (__mmask16)ac_first((n - j), 16);
                const __m512 t83 = _mm512_mul_ps(_mm512_maskz_loadu_ps(t82, out + i * n + j), _mm512_set1_ps(inverse));
                _mm512_mask_storeu_ps(out + i * n + j, t82, t83);
            }
        }
    }
    return 0;
}
