#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_MAX_F32
#define AC_HAVE_AC_MAX_F32
static inline float ac_max_f32(float a, float b) { return b > a ? b : a; }
#endif

#ifndef AC_HAVE_AC_REDUCE_MAX_F32X8
#define AC_HAVE_AC_REDUCE_MAX_F32X8
static inline float ac_reduce_max_f32x8(__m256 v) { float a[8]; __builtin_memcpy(a, &v, sizeof v); for (int w = 4; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = ac_max_f32(a[l], a[l + w]); return a[0]; }
#endif

#ifndef AC_HAVE_AC_REDUCE_ADD_F32X8
#define AC_HAVE_AC_REDUCE_ADD_F32X8
static inline float ac_reduce_add_f32x8(__m256 v) { float a[8]; __builtin_memcpy(a, &v, sizeof v); for (int w = 4; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = (a[l] + a[l + w]); return a[0]; }
#endif

int ac_softmax(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
        float max;
        max = -INFINITY;
        {
            __m256 max_acc_g0 = _mm256_set1_ps((-INFINITY));
            __m256 max_acc_g1 = _mm256_set1_ps((-INFINITY));
            __m256 max_acc_g2 = _mm256_set1_ps((-INFINITY));
            __m256 max_acc_g3 = _mm256_set1_ps((-INFINITY));
            int64_t j2 = 0;
            for (; j2 + 31 < n; j2 += 32) {
                const __m256 t1 = _mm256_max_ps(max_acc_g0, _mm256_loadu_ps(x + i * n + j2));
                const __m256 t2 = _mm256_max_ps(max_acc_g1, _mm256_loadu_ps(x + i * n + j2 + 8));
                const __m256 t3 = _mm256_max_ps(max_acc_g2, _mm256_loadu_ps(x + i * n + j2 + 16));
                const __m256 t4 = _mm256_max_ps(max_acc_g3, _mm256_loadu_ps(x + i * n + j2 + 24));
                max_acc_g0 = t1;
                max_acc_g1 = t2;
                max_acc_g2 = t3;
                max_acc_g3 = t4;
            }
            for (; j2 + 7 < n; j2 += 8) {
                max_acc_g0 = _mm256_max_ps(max_acc_g0, _mm256_loadu_ps(x + i * n + j2));
            }
            max_acc_g0 = _mm256_max_ps(max_acc_g0, max_acc_g2);
            max_acc_g1 = _mm256_max_ps(max_acc_g1, max_acc_g3);
            max_acc_g0 = _mm256_max_ps(max_acc_g0, max_acc_g1);
            float max_total = ac_reduce_max_f32x8(max_acc_g0);
            for (; j2 < n; ++j2) {
                max_total = ac_max_f32(max_total, x[i * n + j2]);
            }
            const float t5 = max_total;
            max = ac_max_f32(max, t5);
        }
        float sum;
        sum = 0.0f;
        {
            __m256 sum_acc_g0 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g1 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g2 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g3 = _mm256_set1_ps(0.0f);
            int64_t j3 = 0;
            for (; j3 + 31 < n; j3 += 32) {
                __m256 value_g0;
                __m256 value_g1;
                __m256 value_g2;
                __m256 value_g3;
                const __m256 t6 = _mm256_sub_ps(_mm256_loadu_ps(x + i * n + j3), _mm256_set1_ps(max));
                const __m256 t7 = _mm256_sub_ps(_mm256_loadu_ps(x + i * n + j3 + 8), _mm256_set1_ps(max));
                const __m256 t8 = _mm256_sub_ps(_mm256_loadu_ps(x + i * n + j3 + 16), _mm256_set1_ps(max));
                const __m256 t9 = _mm256_sub_ps(_mm256_loadu_ps(x + i * n + j3 + 24), _mm256_set1_ps(max));
                const __m256 t10 = _mm256_min_ps(_mm256_set1_ps(89.0f), t6);
                const __m256 t11 = _mm256_min_ps(_mm256_set1_ps(89.0f), t7);
                const __m256 t12 = _mm256_min_ps(_mm256_set1_ps(89.0f), t8);
                const __m256 t13 = _mm256_min_ps(_mm256_set1_ps(89.0f), t9);
                const __m256 t14 = _mm256_max_ps(_mm256_set1_ps((-104.0f)), t10);
                const __m256 t15 = _mm256_max_ps(_mm256_set1_ps((-104.0f)), t11);
                const __m256 t16 = _mm256_max_ps(_mm256_set1_ps((-104.0f)), t12);
                const __m256 t17 = _mm256_max_ps(_mm256_set1_ps((-104.0f)), t13);
                const __m256 t18 = _mm256_fmadd_ps(t14, _mm256_set1_ps(1.442695f), _mm256_set1_ps(12582912.0f));
                const __m256 t19 = _mm256_fmadd_ps(t15, _mm256_set1_ps(1.442695f), _mm256_set1_ps(12582912.0f));
                const __m256 t20 = _mm256_fmadd_ps(t16, _mm256_set1_ps(1.442695f), _mm256_set1_ps(12582912.0f));
                const __m256 t21 = _mm256_fmadd_ps(t17, _mm256_set1_ps(1.442695f), _mm256_set1_ps(12582912.0f));
                const __m256 t22 = _mm256_sub_ps(t18, _mm256_set1_ps(12582912.0f));
                const __m256 t23 = _mm256_sub_ps(t19, _mm256_set1_ps(12582912.0f));
                const __m256 t24 = _mm256_sub_ps(t20, _mm256_set1_ps(12582912.0f));
                const __m256 t25 = _mm256_sub_ps(t21, _mm256_set1_ps(12582912.0f));
                const __m256 t26 = _mm256_fnmadd_ps(t22, _mm256_set1_ps(0.6933594f), t14);
                const __m256 t27 = _mm256_fnmadd_ps(t23, _mm256_set1_ps(0.6933594f), t15);
                const __m256 t28 = _mm256_fnmadd_ps(t24, _mm256_set1_ps(0.6933594f), t16);
                const __m256 t29 = _mm256_fnmadd_ps(t25, _mm256_set1_ps(0.6933594f), t17);
                const __m256 t30 = _mm256_fnmadd_ps(t22, _mm256_set1_ps((-0.00021219444f)), t26);
                const __m256 t31 = _mm256_fnmadd_ps(t23, _mm256_set1_ps((-0.00021219444f)), t27);
                const __m256 t32 = _mm256_fnmadd_ps(t24, _mm256_set1_ps((-0.00021219444f)), t28);
                const __m256 t33 = _mm256_fnmadd_ps(t25, _mm256_set1_ps((-0.00021219444f)), t29);
                const __m256 t34 = _mm256_fmadd_ps(_mm256_set1_ps(0.0013818162f), t30, _mm256_set1_ps(0.008368952f));
                const __m256 t35 = _mm256_fmadd_ps(_mm256_set1_ps(0.0013818162f), t31, _mm256_set1_ps(0.008368952f));
                const __m256 t36 = _mm256_fmadd_ps(_mm256_set1_ps(0.0013818162f), t32, _mm256_set1_ps(0.008368952f));
                const __m256 t37 = _mm256_fmadd_ps(_mm256_set1_ps(0.0013818162f), t33, _mm256_set1_ps(0.008368952f));
                const __m256 t38 = _mm256_fmadd_ps(t34, t30, _mm256_set1_ps(0.04166832f));
                const __m256 t39 = _mm256_fmadd_ps(t35, t31, _mm256_set1_ps(0.04166832f));
                const __m256 t40 = _mm256_fmadd_ps(t36, t32, _mm256_set1_ps(0.04166832f));
                const __m256 t41 = _mm256_fmadd_ps(t37, t33, _mm256_set1_ps(0.04166832f));
                const __m256 t42 = _mm256_fmadd_ps(t38, t30, _mm256_set1_ps(0.1666652f));
                const __m256 t43 = _mm256_fmadd_ps(t39, t31, _mm256_set1_ps(0.1666652f));
                const __m256 t44 = _mm256_fmadd_ps(t40, t32, _mm256_set1_ps(0.1666652f));
                const __m256 t45 = _mm256_fmadd_ps(t41, t33, _mm256_set1_ps(0.1666652f));
                const __m256 t46 = _mm256_fmadd_ps(t42, t30, _mm256_set1_ps(0.49999994f));
                const __m256 t47 = _mm256_fmadd_ps(t43, t31, _mm256_set1_ps(0.49999994f));
                const __m256 t48 = _mm256_fmadd_ps(t44, t32, _mm256_set1_ps(0.49999994f));
                const __m256 t49 = _mm256_fmadd_ps(t45, t33, _mm256_set1_ps(0.49999994f));
                const __m256 t50 = _mm256_fmadd_ps(t46, t30, _mm256_set1_ps(1.0f));
                const __m256 t51 = _mm256_fmadd_ps(t47, t31, _mm256_set1_ps(1.0f));
                const __m256 t52 = _mm256_fmadd_ps(t48, t32, _mm256_set1_ps(1.0f));
                const __m256 t53 = _mm256_fmadd_ps(t49, t33, _mm256_set1_ps(1.0f));
                const __m256 t54 = _mm256_fmadd_ps(t50, t30, _mm256_set1_ps(1.0f));
                const __m256 t55 = _mm256_fmadd_ps(t51, t31, _mm256_set1_ps(1.0f));
                const __m256 t56 = _mm256_fmadd_ps(t52, t32, _mm256_set1_ps(1.0f));
                const __m256 t57 = _mm256_fmadd_ps(t53, t33, _mm256_set1_ps(1.0f));
                const __m256 t58 = _mm256_add_ps(t22, _mm256_set1_ps(12582912.0f));
                const __m256 t59 = _mm256_add_ps(t23, _mm256_set1_ps(12582912.0f));
                const __m256 t60 = _mm256_add_ps(t24, _mm256_set1_ps(12582912.0f));
                const __m256 t61 = _mm256_add_ps(t25, _mm256_set1_ps(12582912.0f));
                const __m256i t62 = (__m256i)t58;
                const __m256i t63 = (__m256i)t59;
                const __m256i t64 = (__m256i)t60;
                const __m256i t65 = (__m256i)t61;
                const __m256i t66 = _mm256_sub_epi32(t62, _mm256_set1_epi32(1262485504));
                const __m256i t67 = _mm256_sub_epi32(t63, _mm256_set1_epi32(1262485504));
                const __m256i t68 = _mm256_sub_epi32(t64, _mm256_set1_epi32(1262485504));
                const __m256i t69 = _mm256_sub_epi32(t65, _mm256_set1_epi32(1262485504));
                const __m256i t70 = _mm256_srai_epi32(t66, 1);
                const __m256i t71 = _mm256_srai_epi32(t67, 1);
                const __m256i t72 = _mm256_srai_epi32(t68, 1);
                const __m256i t73 = _mm256_srai_epi32(t69, 1);
                const __m256i t74 = _mm256_add_epi32(t70, _mm256_set1_epi32(127));
                const __m256i t75 = _mm256_add_epi32(t71, _mm256_set1_epi32(127));
                const __m256i t76 = _mm256_add_epi32(t72, _mm256_set1_epi32(127));
                const __m256i t77 = _mm256_add_epi32(t73, _mm256_set1_epi32(127));
                const __m256i t78 = _mm256_slli_epi32(t74, 23);
                const __m256i t79 = _mm256_slli_epi32(t75, 23);
                const __m256i t80 = _mm256_slli_epi32(t76, 23);
                const __m256i t81 = _mm256_slli_epi32(t77, 23);
                const __m256 t82 = (__m256)t78;
                const __m256 t83 = (__m256)t79;
                const __m256 t84 = (__m256)t80;
                const __m256 t85 = (__m256)t81;
                const __m256 t86 = _mm256_mul_ps(t54, t82);
                const __m256 t87 = _mm256_mul_ps(t55, t83);
                const __m256 t88 = _mm256_mul_ps(t56, t84);
                const __m256 t89 = _mm256_mul_ps(t57, t85);
                const __m256i t90 = _mm256_sub_epi32(t66, t70);
                const __m256i t91 = _mm256_sub_epi32(t67, t71);
                const __m256i t92 = _mm256_sub_epi32(t68, t72);
                const __m256i t93 = _mm256_sub_epi32(t69, t73);
                const __m256i t94 = _mm256_add_epi32(t90, _mm256_set1_epi32(127));
                const __m256i t95 = _mm256_add_epi32(t91, _mm256_set1_epi32(127));
                const __m256i t96 = _mm256_add_epi32(t92, _mm256_set1_epi32(127));
                const __m256i t97 = _mm256_add_epi32(t93, _mm256_set1_epi32(127));
                const __m256i t98 = _mm256_slli_epi32(t94, 23);
                const __m256i t99 = _mm256_slli_epi32(t95, 23);
                const __m256i t100 = _mm256_slli_epi32(t96, 23);
                const __m256i t101 = _mm256_slli_epi32(t97, 23);
                const __m256 t102 = (__m256)t98;
                const __m256 t103 = (__m256)t99;
                const __m256 t104 = (__m256)t100;
                const __m256 t105 = (__m256)t101;
                const __m256 t106 = _mm256_mul_ps(t86, t102);
                const __m256 t107 = _mm256_mul_ps(t87, t103);
                const __m256 t108 = _mm256_mul_ps(t88, t104);
                const __m256 t109 = _mm256_mul_ps(t89, t105);
                value_g0 = t106;
                value_g1 = t107;
                value_g2 = t108;
                value_g3 = t109;
                _mm256_storeu_ps(out + i * n + j3, value_g0);
                _mm256_storeu_ps(out + i * n + j3 + 8, value_g1);
                _mm256_storeu_ps(out + i * n + j3 + 16, value_g2);
                _mm256_storeu_ps(out + i * n + j3 + 24, value_g3);
                sum_acc_g0 = _mm256_add_ps(sum_acc_g0, value_g0);
                sum_acc_g1 = _mm256_add_ps(sum_acc_g1, value_g1);
                sum_acc_g2 = _mm256_add_ps(sum_acc_g2, value_g2);
                sum_acc_g3 = _mm256_add_ps(sum_acc_g3, value_g3);
            }
            for (; j3 + 7 < n; j3 += 8) {
                __m256 value;
                const __m256 t110 = _mm256_sub_ps(_mm256_loadu_ps(x + i * n + j3), _mm256_set1_ps(max));
                const __m256 t111 = _mm256_min_ps(_mm256_set1_ps(89.0f), t110);
                const __m256 t112 = _mm256_max_ps(_mm256_set1_ps((-104.0f)), t111);
                const __m256 t113 = _mm256_fmadd_ps(t112, _mm256_set1_ps(1.442695f), _mm256_set1_ps(12582912.0f));
                const __m256 t114 = _mm256_sub_ps(t113, _mm256_set1_ps(12582912.0f));
                const __m256 t115 = _mm256_fnmadd_ps(t114, _mm256_set1_ps(0.6933594f), t112);
                const __m256 t116 = _mm256_fnmadd_ps(t114, _mm256_set1_ps((-0.00021219444f)), t115);
                const __m256 t117 = _mm256_fmadd_ps(_mm256_set1_ps(0.0013818162f), t116, _mm256_set1_ps(0.008368952f));
                const __m256 t118 = _mm256_fmadd_ps(t117, t116, _mm256_set1_ps(0.04166832f));
                const __m256 t119 = _mm256_fmadd_ps(t118, t116, _mm256_set1_ps(0.1666652f));
                const __m256 t120 = _mm256_fmadd_ps(t119, t116, _mm256_set1_ps(0.49999994f));
                const __m256 t121 = _mm256_fmadd_ps(t120, t116, _mm256_set1_ps(1.0f));
                const __m256 t122 = _mm256_fmadd_ps(t121, t116, _mm256_set1_ps(1.0f));
                const __m256 t123 = _mm256_add_ps(t114, _mm256_set1_ps(12582912.0f));
                const __m256i t124 = (__m256i)t123;
                const __m256i t125 = _mm256_sub_epi32(t124, _mm256_set1_epi32(1262485504));
                const __m256i t126 = _mm256_srai_epi32(t125, 1);
                const __m256i t127 = _mm256_add_epi32(t126, _mm256_set1_epi32(127));
                const __m256i t128 = _mm256_slli_epi32(t127, 23);
                const __m256 t129 = (__m256)t128;
                const __m256 t130 = _mm256_mul_ps(t122, t129);
                const __m256i t131 = _mm256_sub_epi32(t125, t126);
                const __m256i t132 = _mm256_add_epi32(t131, _mm256_set1_epi32(127));
                const __m256i t133 = _mm256_slli_epi32(t132, 23);
                const __m256 t134 = (__m256)t133;
                const __m256 t135 = _mm256_mul_ps(t130, t134);
                value = t135;
                _mm256_storeu_ps(out + i * n + j3, value);
                sum_acc_g0 = _mm256_add_ps(sum_acc_g0, value);
            }
            sum_acc_g0 = _mm256_add_ps(sum_acc_g0, sum_acc_g2);
            sum_acc_g1 = _mm256_add_ps(sum_acc_g1, sum_acc_g3);
            sum_acc_g0 = _mm256_add_ps(sum_acc_g0, sum_acc_g1);
            float sum_total = ac_reduce_add_f32x8(sum_acc_g0);
            for (; j3 < n; ++j3) {
                float value;
                value = expf((x[i * n + j3] - max));
                out[i * n + j3] = value;
                sum_total = sum_total + value;
            }
            const float t136 = sum_total;
            sum = sum + t136;
        }
        float inverse;
        inverse = 1.0f / sum;
        {
            int64_t j = 0;
            for (; j + 15 < n; j += 16) {
                const __m256 t137 = _mm256_mul_ps(_mm256_loadu_ps(out + i * n + j), _mm256_set1_ps(inverse));
                const __m256 t138 = _mm256_mul_ps(_mm256_loadu_ps(out + i * n + j + 8), _mm256_set1_ps(inverse));
                _mm256_storeu_ps(out + i * n + j, t137);
                _mm256_storeu_ps(out + i * n + j + 8, t138);
            }
            for (; j + 7 < n; j += 8) {
                const __m256 t139 = _mm256_mul_ps(_mm256_loadu_ps(out + i * n + j), _mm256_set1_ps(inverse));
                _mm256_storeu_ps(out + i * n + j, t139);
            }
            for (; j < n; ++j) {
                out[i * n + j] = out[i * n + j] * inverse;
            }
        }
    }
    return 0;
}
