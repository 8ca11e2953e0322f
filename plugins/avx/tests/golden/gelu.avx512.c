#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

int ac_gelu(const float *restrict x, float *restrict out, int64_t n) {
    {
        int64_t i = 0;
        for (; i + 31 < n; i += 32) {
            const __m512 t1 = _mm512_loadu_ps(x + i);
            const __m512 t2 = _mm512_loadu_ps(x + i + 16);
            const __m512i t3 = (__m512i)_mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f));
            const __m512i t4 = (__m512i)_mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f));
            const __m512i t5 = _mm512_and_si512(t3, _mm512_set1_epi32(2147483647));
            const __m512i t6 = _mm512_and_si512(t4, _mm512_set1_epi32(2147483647));
            const __m512 t7 = (__m512)t5;
            const __m512 t8 = (__m512)t6;
            const __mmask16 t9 = _mm512_cmp_ps_mask(t7, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
            const __mmask16 t10 = _mm512_cmp_ps_mask(t8, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
            const __m512 t11 = _mm512_mul_ps(_mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)));
            const __m512 t12 = _mm512_mul_ps(_mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)));
            const __m512 t13 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t11, _mm512_set1_ps((-0.00080208573f)));
            const __m512 t14 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t12, _mm512_set1_ps((-0.00080208573f)));
            const __m512 t15 = _mm512_fmadd_ps(t13, t11, _mm512_set1_ps(0.0051895375f));
            const __m512 t16 = _mm512_fmadd_ps(t14, t12, _mm512_set1_ps(0.0051895375f));
            const __m512 t17 = _mm512_fmadd_ps(t15, t11, _mm512_set1_ps((-0.026854446f)));
            const __m512 t18 = _mm512_fmadd_ps(t16, t12, _mm512_set1_ps((-0.026854446f)));
            const __m512 t19 = _mm512_fmadd_ps(t17, t11, _mm512_set1_ps(0.112836f));
            const __m512 t20 = _mm512_fmadd_ps(t18, t12, _mm512_set1_ps(0.112836f));
            const __m512 t21 = _mm512_fmadd_ps(t19, t11, _mm512_set1_ps((-0.37612626f)));
            const __m512 t22 = _mm512_fmadd_ps(t20, t12, _mm512_set1_ps((-0.37612626f)));
            const __m512 t23 = _mm512_fmadd_ps(t21, t11, _mm512_set1_ps(1.1283791f));
            const __m512 t24 = _mm512_fmadd_ps(t22, t12, _mm512_set1_ps(1.1283791f));
            const __m512 t25 = _mm512_mul_ps(_mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)), t23);
            const __m512 t26 = _mm512_mul_ps(_mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)), t24);
            const __mmask16 t27 = _mm512_cmp_ps_mask(_mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
            const __mmask16 t28 = _mm512_cmp_ps_mask(_mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
            const __m512 t29 = _mm512_min_ps(_mm512_set1_ps(4.0f), t7);
            const __m512 t30 = _mm512_min_ps(_mm512_set1_ps(4.0f), t8);
            const __m512 t31 = _mm512_max_ps(_mm512_set1_ps(0.0f), t29);
            const __m512 t32 = _mm512_max_ps(_mm512_set1_ps(0.0f), t30);
            const __m512 t33 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t31, _mm512_set1_ps(0.00049276504f));
            const __m512 t34 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t32, _mm512_set1_ps(0.00049276504f));
            const __m512 t35 = _mm512_fmadd_ps(t33, t31, _mm512_set1_ps((-0.0052131927f)));
            const __m512 t36 = _mm512_fmadd_ps(t34, t32, _mm512_set1_ps((-0.0052131927f)));
            const __m512 t37 = _mm512_fmadd_ps(t35, t31, _mm512_set1_ps(0.033644978f));
            const __m512 t38 = _mm512_fmadd_ps(t36, t32, _mm512_set1_ps(0.033644978f));
            const __m512 t39 = _mm512_fmadd_ps(t37, t31, _mm512_set1_ps((-0.15136512f)));
            const __m512 t40 = _mm512_fmadd_ps(t38, t32, _mm512_set1_ps((-0.15136512f)));
            const __m512 t41 = _mm512_fmadd_ps(t39, t31, _mm512_set1_ps((-0.91897374f)));
            const __m512 t42 = _mm512_fmadd_ps(t40, t32, _mm512_set1_ps((-0.91897374f)));
            const __m512 t43 = _mm512_fmadd_ps(t41, t31, _mm512_set1_ps((-1.6265035f)));
            const __m512 t44 = _mm512_fmadd_ps(t42, t32, _mm512_set1_ps((-1.6265035f)));
            const __m512 t45 = _mm512_fmadd_ps(t43, t31, _mm512_set1_ps((-0.00047765346f)));
            const __m512 t46 = _mm512_fmadd_ps(t44, t32, _mm512_set1_ps((-0.00047765346f)));
            const __m512 t47 = _mm512_min_ps(_mm512_set1_ps(129.0f), t45);
            const __m512 t48 = _mm512_min_ps(_mm512_set1_ps(129.0f), t46);
            const __m512 t49 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t47);
            const __m512 t50 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t48);
            const __m512 t51 = _mm512_add_ps(t49, _mm512_set1_ps(12582912.0f));
            const __m512 t52 = _mm512_add_ps(t50, _mm512_set1_ps(12582912.0f));
            const __m512 t53 = _mm512_sub_ps(t51, _mm512_set1_ps(12582912.0f));
            const __m512 t54 = _mm512_sub_ps(t52, _mm512_set1_ps(12582912.0f));
            const __m512 t55 = _mm512_sub_ps(t49, t53);
            const __m512 t56 = _mm512_sub_ps(t50, t54);
            const __m512 t57 = _mm512_mul_ps(t55, _mm512_set1_ps(0.6931472f));
            const __m512 t58 = _mm512_mul_ps(t56, _mm512_set1_ps(0.6931472f));
            const __m512 t59 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t57, _mm512_set1_ps(0.008368952f));
            const __m512 t60 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t58, _mm512_set1_ps(0.008368952f));
            const __m512 t61 = _mm512_fmadd_ps(t59, t57, _mm512_set1_ps(0.04166832f));
            const __m512 t62 = _mm512_fmadd_ps(t60, t58, _mm512_set1_ps(0.04166832f));
            const __m512 t63 = _mm512_fmadd_ps(t61, t57, _mm512_set1_ps(0.1666652f));
            const __m512 t64 = _mm512_fmadd_ps(t62, t58, _mm512_set1_ps(0.1666652f));
            const __m512 t65 = _mm512_fmadd_ps(t63, t57, _mm512_set1_ps(0.49999994f));
            const __m512 t66 = _mm512_fmadd_ps(t64, t58, _mm512_set1_ps(0.49999994f));
            const __m512 t67 = _mm512_fmadd_ps(t65, t57, _mm512_set1_ps(1.0f));
            const __m512 t68 = _mm512_fmadd_ps(t66, t58, _mm512_set1_ps(1.0f));
            const __m512 t69 = _mm512_fmadd_ps(t67, t57, _mm512_set1_ps(1.0f));
            const __m512 t70 = _mm512_fmadd_ps(t68, t58, _mm512_set1_ps(1.0f));
            const __m512 t71 = _mm512_scalef_ps(t69, t53);
            const __m512 t72 = _mm512_scalef_ps(t70, t54);
            const __m512 t73 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t71);
            const __m512 t74 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t72);
            const __m512i t75 = (__m512i)t73;
            const __m512i t76 = (__m512i)t74;
            const __m512i t77 = _mm512_and_si512(t3, _mm512_set1_epi32(INT32_MIN));
            const __m512i t78 = _mm512_and_si512(t4, _mm512_set1_epi32(INT32_MIN));
            const __m512i t79 = _mm512_or_si512(t75, t77);
            const __m512i t80 = _mm512_or_si512(t76, t78);
            const __m512 t81 = (__m512)t79;
            const __m512 t82 = (__m512)t80;
            const __m512 t83 = _mm512_mask_blend_ps(t27, t81, _mm512_mul_ps(t1, _mm512_set1_ps(0.70710677f)));
            const __m512 t84 = _mm512_mask_blend_ps(t28, t82, _mm512_mul_ps(t2, _mm512_set1_ps(0.70710677f)));
            const __m512 t85 = _mm512_mask_blend_ps(t9, t83, t25);
            const __m512 t86 = _mm512_mask_blend_ps(t10, t84, t26);
            const __m512 t87 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t1), _mm512_add_ps(_mm512_set1_ps(1.0f), t85));
            const __m512 t88 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t2), _mm512_add_ps(_mm512_set1_ps(1.0f), t86));
            _mm512_storeu_ps(out + i, t87);
            _mm512_storeu_ps(out + i + 16, t88);
        }
        for (; i < n; i += 16) {
            const __mmask16 t89 = (__mmask16)ac_first((n - i), 16);
            const __m512 t90 = _mm512_maskz_loadu_ps(t89, x + i);
            const __m512i t91 = (__m512i)_mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f));
            const __m512i t92 = _mm512_and_si512(t91, _mm512_set1_epi32(2147483647));
            const __m512 t93 = (__m512)t92;
            const __mmask16 t94 = _mm512_cmp_ps_mask(t93, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
            const __m512 t95 = _mm512_mul_ps(_mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)));
            const __m512 t96 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t95, _mm512_set1_ps((-0.00080208573f)));
            const __m512 t97 = _mm512_fmadd_ps(t96, t95, _mm512_set1_ps(0.0051895375f));
            const __m512 t98 = _mm512_fmadd_ps(t97, t95, _mm512_set1_ps((-0.026854446f)));
            const __m512 t99 = _mm512_fmadd_ps(t98, t95, _mm512_set1_ps(0.112836f));
            const __m512 t100 = _mm512_fmadd_ps(t99, t95, _mm512_set1_ps((-0.37612626f)));
            const __m512 t101 = _mm512_fmadd_ps(t100, t95, _mm512_set1_ps(1.1283791f));
            const __m512 t102 = _mm512_mul_ps(_mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)), t101);
            const __mmask16 t103 = _mm512_cmp_ps_mask(_mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
            const __m512 t104 = _mm512_min_ps(_mm512_set1_ps(4.0f), t93);
            const __m512 t105 = _mm512_max_ps(_mm512_set1_ps(0.0f), t104);
            const __m512 t106 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t105, _mm512_set1_ps(0.00049276504f));
            const __m512 t107 = _mm512_fmadd_ps(t106, t105, _mm512_set1_ps((-0.0052131927f)));
            const __m512 t108 = _mm512_fmadd_ps(t107, t105, _mm512_set1_ps(0.033644978f));
            const __m512 t109 = _mm512_fmadd_ps(t108, t105, _mm512_set1_ps((-0.15136512f)));
            const __m512 t110 = _mm512_fmadd_ps(t109, t105, _mm512_set1_ps((-0.91897374f)));
            const __m512 t111 = _mm512_fmadd_ps(t110, t105, _mm512_set1_ps((-1.6265035f)));
            const __m512 t112 = _mm512_fmadd_ps(t111, t105, _mm512_set1_ps((-0.00047765346f)));
            const __m512 t113 = _mm512_min_ps(_mm512_set1_ps(129.0f), t112);
            const __m512 t114 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t113);
            const __m512 t115 = _mm512_add_ps(t114, _mm512_set1_ps(12582912.0f));
            const __m512 t116 = _mm512_sub_ps(t115, _mm512_set1_ps(12582912.0f));
            const __m512 t117 = _mm512_sub_ps(t114, t116);
            const __m512 t118 = _mm512_mul_ps(t117, _mm512_set1_ps(0.6931472f));
            const __m512 t119 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t118, _mm512_set1_ps(0.008368952f));
            const __m512 t120 = _mm512_fmadd_ps(t119, t118, _mm512_set1_ps(0.04166832f));
            const __m512 t121 = _mm512_fmadd_ps(t120, t118, _mm512_set1_ps(0.1666652f));
            const __m512 t122 = _mm512_fmadd_ps(t121, t118, _mm512_set1_ps(0.49999994f));
            const __m512 t123 = _mm512_fmadd_ps(t122, t118, _mm512_set1_ps(1.0f));
            const __m512 t124 = _mm512_fmadd_ps(t123, t118, _mm512_set1_ps(1.0f));
            const __m512 t125 = _mm512_scalef_ps(t124, t116);
            const __m512 t126 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t125);
            const __m512i t127 = (__m512i)t126;
            const __m512i t128 = _mm512_and_si512(t91, _mm512_set1_epi32(INT32_MIN));
            const __m512i t129 = _mm512_or_si512(t127, t128);
            const __m512 t130 = (__m512)t129;
            const __m512 t131 = _mm512_mask_blend_ps(t103, t130, _mm512_mul_ps(t90, _mm512_set1_ps(0.70710677f)));
            const __m512 t132 = _mm512_mask_blend_ps(t94, t131, t102);
            const __m512 t133 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t90), _mm512_add_ps(_mm512_set1_ps(1.0f), t132));
            _mm512_mask_storeu_ps(out + i, t89, t133);
        }
    }
    return 0;
}
