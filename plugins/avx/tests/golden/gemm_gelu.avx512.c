#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_FDIV_I64
#define AC_HAVE_AC_FDIV_I64
static inline int64_t ac_fdiv_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return (int64_t)(0u - (uint64_t)a); return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
#endif

#ifndef AC_HAVE_AC_FMOD_I64
#define AC_HAVE_AC_FMOD_I64
static inline int64_t ac_fmod_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return 0; int64_t r = a % b; return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
#endif

int64_t ac_gemm_gelu_workspace(int64_t k, int64_t m, int64_t n) {
    (void)k;
    (void)m;
    (void)n;
    const int64_t t338 = 4 * k;
    const int64_t t339 = t338 * 16;
    return ((t339 + 63) & ~INT64_C(63));
}

int ac_gemm_gelu(const float *restrict a,
        const float *restrict b,
        const float *restrict bias,
        float *restrict c,
        int64_t k,
        int64_t m,
        int64_t n,
        void *ac_workspace) {
    const int64_t t338 = 4 * k;
    const int64_t t339 = t338 * 16;
    float *restrict b_packed = (float *)ac_workspace;
    const int64_t t1 = n + 15;
    const int64_t t2 = t1 / 16;
    for (int64_t jo = 0; jo < t2; ++jo) {
        for (int64_t k3 = 0; k3 < k; ++k3) {
            {
                const int64_t t3 = jo * 16;
                const int64_t t4 = n - t3;
                const int64_t t5 = ac_min_i64(16, t4);
                int64_t ji2 = 0;
                for (; ji2 + 31 < t5; ji2 += 32) {
                    _mm512_storeu_ps(b_packed + ji2 + 16 * k3, _mm512_loadu_ps(b + k3 * n + ji2 + 16 * jo));
                    _mm512_storeu_ps(b_packed + ji2 + 16 * k3 + 16, _mm512_loadu_ps(b + k3 * n + ji2 + 16 * jo + 16));
                }
                for (; ji2 < t5; ji2 += 16) {
                    const __mmask16 t6 = (__mmask16)ac_first((t5 - ji2), 16);
                    _mm512_mask_storeu_ps(b_packed + ji2 + 16 * k3, t6, _mm512_maskz_loadu_ps(t6, b + k3 * n + ji2 + 16 * jo));
                }
            }
        }
        const int64_t t7 = m / 4;
        for (int64_t io = 0; io < t7; ++io) {
            float sum[64] __attribute__((aligned(64)));
            {
                const int64_t t8 = jo * 16;
                const int64_t t9 = n - t8;
                const int64_t t10 = ac_min_i64(16, t9);
                int64_t ji = 0;
                for (; ji + 15 < t10; ji += 16) {
                    __m512 tile_c0, tile_c1, tile_c2, tile_c3;
                    _mm512_storeu_ps(sum + ji, _mm512_set1_ps(0.0f));
                    tile_c0 = _mm512_set1_ps(0.0f);
                    _mm512_storeu_ps(sum + ji + 16, _mm512_set1_ps(0.0f));
                    tile_c1 = _mm512_set1_ps(0.0f);
                    _mm512_storeu_ps(sum + ji + 32, _mm512_set1_ps(0.0f));
                    tile_c2 = _mm512_set1_ps(0.0f);
                    _mm512_storeu_ps(sum + ji + 48, _mm512_set1_ps(0.0f));
                    tile_c3 = _mm512_set1_ps(0.0f);
                    for (int64_t k2 = 0; k2 < k; ++k2) {
                        const __m512 t11 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_loadu_ps(b_packed + ji + 16 * k2), tile_c0);
                        tile_c0 = t11;
                        const __m512 t12 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_loadu_ps(b_packed + ji + 16 * k2), tile_c1);
                        tile_c1 = t12;
                        const __m512 t13 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_loadu_ps(b_packed + ji + 16 * k2), tile_c2);
                        tile_c2 = t13;
                        const __m512 t14 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_loadu_ps(b_packed + ji + 16 * k2), tile_c3);
                        tile_c3 = t14;
                    }
                    const __m512 t15 = _mm512_loadu_ps(sum + ji);
                    _mm512_storeu_ps(sum + ji, _mm512_add_ps(t15, tile_c0));
                    const __m512 t16 = _mm512_loadu_ps(sum + ji + 16);
                    _mm512_storeu_ps(sum + ji + 16, _mm512_add_ps(t16, tile_c1));
                    const __m512 t17 = _mm512_loadu_ps(sum + ji + 32);
                    _mm512_storeu_ps(sum + ji + 32, _mm512_add_ps(t17, tile_c2));
                    const __m512 t18 = _mm512_loadu_ps(sum + ji + 48);
                    _mm512_storeu_ps(sum + ji + 48, _mm512_add_ps(t18, tile_c3));
                }
                if (ji < t10) {
                    const __mmask16 t19 = (__mmask16)ac_first((t10 - ji), 16);
                    __m512 tile_c0, tile_c1, tile_c2, tile_c3;
                    _mm512_mask_storeu_ps(sum + ji, t19, _mm512_set1_ps(0.0f));
                    tile_c0 = _mm512_set1_ps(0.0f);
                    _mm512_mask_storeu_ps(sum + ji + 16, t19, _mm512_set1_ps(0.0f));
                    tile_c1 = _mm512_set1_ps(0.0f);
                    _mm512_mask_storeu_ps(sum + ji + 32, t19, _mm512_set1_ps(0.0f));
                    tile_c2 = _mm512_set1_ps(0.0f);
                    _mm512_mask_storeu_ps(sum + ji + 48, t19, _mm512_set1_ps(0.0f));
                    tile_c3 = _mm512_set1_ps(0.0f);
                    for (int64_t k2 = 0; k2 < k; ++k2) {
                        const __m512 t20 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_maskz_loadu_ps(t19, b_packed + ji + 16 * k2), tile_c0);
                        tile_c0 = t20;
                        const __m512 t21 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_maskz_loadu_ps(t19, b_packed + ji + 16 * k2), tile_c1);
                        tile_c1 = t21;
                        const __m512 t22 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_maskz_loadu_ps(t19, b_packed + ji + 16 * k2), tile_c2);
                        tile_c2 = t22;
                        const __m512 t23 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_maskz_loadu_ps(t19, b_packed + ji + 16 * k2), tile_c3);
                        tile_c3 = t23;
                    }
                    const __m512 t24 = _mm512_maskz_loadu_ps(t19, sum + ji);
                    _mm512_mask_storeu_ps(sum + ji, t19, _mm512_add_ps(t24, tile_c0));
                    const __m512 t25 = _mm512_maskz_loadu_ps(t19, sum + ji + 16);
                    _mm512_mask_storeu_ps(sum + ji + 16, t19, _mm512_add_ps(t25, tile_c1));
                    const __m512 t26 = _mm512_maskz_loadu_ps(t19, sum + ji + 32);
                    _mm512_mask_storeu_ps(sum + ji + 32, t19, _mm512_add_ps(t26, tile_c2));
                    const __m512 t27 = _mm512_maskz_loadu_ps(t19, sum + ji + 48);
                    _mm512_mask_storeu_ps(sum + ji + 48, t19, _mm512_add_ps(t27, tile_c3));
                }
            }
            for (int64_t ii2 = 0; ii2 < 4; ++ii2) {
                {
                    const int64_t t28 = jo * 16;
                    const int64_t t29 = n - t28;
                    const int64_t t30 = ac_min_i64(16, t29);
                    int64_t ji3 = 0;
                    for (; ji3 + 15 < t30; ji3 += 16) {
                        const __m512 t31 = _mm512_add_ps(_mm512_loadu_ps(bias + ji3 + 16 * jo), _mm512_loadu_ps(sum + 16 * ii2 + ji3));
                        const __m512i t32 = (__m512i)_mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f));
                        const __m512i t33 = _mm512_and_si512(t32, _mm512_set1_epi32(2147483647));
                        const __m512 t34 = (__m512)t33;
                        const __mmask16 t35 = _mm512_cmp_ps_mask(t34, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                        const __m512 t36 = _mm512_mul_ps(_mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)));
                        const __m512 t37 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t36, _mm512_set1_ps((-0.00080208573f)));
                        const __m512 t38 = _mm512_fmadd_ps(t37, t36, _mm512_set1_ps(0.0051895375f));
                        const __m512 t39 = _mm512_fmadd_ps(t38, t36, _mm512_set1_ps((-0.026854446f)));
                        const __m512 t40 = _mm512_fmadd_ps(t39, t36, _mm512_set1_ps(0.112836f));
                        const __m512 t41 = _mm512_fmadd_ps(t40, t36, _mm512_set1_ps((-0.37612626f)));
                        const __m512 t42 = _mm512_fmadd_ps(t41, t36, _mm512_set1_ps(1.1283791f));
                        const __m512 t43 = _mm512_mul_ps(_mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)), t42);
                        const __mmask16 t44 = _mm512_cmp_ps_mask(_mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                        const __m512 t45 = _mm512_min_ps(_mm512_set1_ps(4.0f), t34);
                        const __m512 t46 = _mm512_max_ps(_mm512_set1_ps(0.0f), t45);
                        const __m512 t47 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t46, _mm512_set1_ps(0.00049276504f));
                        const __m512 t48 = _mm512_fmadd_ps(t47, t46, _mm512_set1_ps((-0.0052131927f)));
                        const __m512 t49 = _mm512_fmadd_ps(t48, t46, _mm512_set1_ps(0.033644978f));
                        const __m512 t50 = _mm512_fmadd_ps(t49, t46, _mm512_set1_ps((-0.15136512f)));
                        const __m512 t51 = _mm512_fmadd_ps(t50, t46, _mm512_set1_ps((-0.91897374f)));
                        const __m512 t52 = _mm512_fmadd_ps(t51, t46, _mm512_set1_ps((-1.6265035f)));
                        const __m512 t53 = _mm512_fmadd_ps(t52, t46, _mm512_set1_ps((-0.00047765346f)));
                        const __m512 t54 = _mm512_min_ps(_mm512_set1_ps(129.0f), t53);
                        const __m512 t55 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t54);
                        const __m512 t56 = _mm512_add_ps(t55, _mm512_set1_ps(12582912.0f));
                        const __m512 t57 = _mm512_sub_ps(t56, _mm512_set1_ps(12582912.0f));
                        const __m512 t58 = _mm512_sub_ps(t55, t57);
                        const __m512 t59 = _mm512_mul_ps(t58, _mm512_set1_ps(0.6931472f));
                        const __m512 t60 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t59, _mm512_set1_ps(0.008368952f));
                        const __m512 t61 = _mm512_fmadd_ps(t60, t59, _mm512_set1_ps(0.04166832f));
                        const __m512 t62 = _mm512_fmadd_ps(t61, t59, _mm512_set1_ps(0.1666652f));
                        const __m512 t63 = _mm512_fmadd_ps(t62, t59, _mm512_set1_ps(0.49999994f));
                        const __m512 t64 = _mm512_fmadd_ps(t63, t59, _mm512_set1_ps(1.0f));
                        const __m512 t65 = _mm512_fmadd_ps(t64, t59, _mm512_set1_ps(1.0f));
                        const __m512 t66 = _mm512_scalef_ps(t65, t57);
                        const __m512 t67 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t66);
                        const __m512i t68 = (__m512i)t67;
                        const __m512i t69 = _mm512_and_si512(t32, _mm512_set1_epi32(INT32_MIN));
                        const __m512i t70 = _mm512_or_si512(t68, t69);
                        const __m512 t71 = (__m512)t70;
                        const __m512 t72 = _mm512_mask_blend_ps(t44, t71, _mm512_mul_ps(t31, _mm512_set1_ps(0.70710677f)));
                        const __m512 t73 = _mm512_mask_blend_ps(t35, t72, t43);
                        const __m512 t74 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t31), _mm512_add_ps(_mm512_set1_ps(1.0f), t73));
                        _mm512_storeu_ps(c + ii2 * n + 4 * io * n + ji3 + 16 * jo, t74);
                    }
                    if (ji3 < t30) {
                        const __mmask16 t75 = (__mmask16)ac_first((t30 - ji3), 16);
                        const __m512 t76 = _mm512_add_ps(_mm512_maskz_loadu_ps(t75, bias + ji3 + 16 * jo), _mm512_maskz_loadu_ps(t75, sum + 16 * ii2 + ji3));
                        const __m512i t77 = (__m512i)_mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f));
                        const __m512i t78 = _mm512_and_si512(t77, _mm512_set1_epi32(2147483647));
                        const __m512 t79 = (__m512)t78;
                        const __mmask16 t80 = _mm512_cmp_ps_mask(t79, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                        const __m512 t81 = _mm512_mul_ps(_mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)));
                        const __m512 t82 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t81, _mm512_set1_ps((-0.00080208573f)));
                        const __m512 t83 = _mm512_fmadd_ps(t82, t81, _mm512_set1_ps(0.0051895375f));
                        const __m512 t84 = _mm512_fmadd_ps(t83, t81, _mm512_set1_ps((-0.026854446f)));
                        const __m512 t85 = _mm512_fmadd_ps(t84, t81, _mm512_set1_ps(0.112836f));
                        const __m512 t86 = _mm512_fmadd_ps(t85, t81, _mm512_set1_ps((-0.37612626f)));
                        const __m512 t87 = _mm512_fmadd_ps(t86, t81, _mm512_set1_ps(1.1283791f));
                        const __m512 t88 = _mm512_mul_ps(_mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)), t87);
                        const __mmask16 t89 = _mm512_cmp_ps_mask(_mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                        const __m512 t90 = _mm512_min_ps(_mm512_set1_ps(4.0f), t79);
                        const __m512 t91 = _mm512_max_ps(_mm512_set1_ps(0.0f), t90);
                        const __m512 t92 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t91, _mm512_set1_ps(0.00049276504f));
                        const __m512 t93 = _mm512_fmadd_ps(t92, t91, _mm512_set1_ps((-0.0052131927f)));
                        const __m512 t94 = _mm512_fmadd_ps(t93, t91, _mm512_set1_ps(0.033644978f));
                        const __m512 t95 = _mm512_fmadd_ps(t94, t91, _mm512_set1_ps((-0.15136512f)));
                        const __m512 t96 = _mm512_fmadd_ps(t95, t91, _mm512_set1_ps((-0.91897374f)));
                        const __m512 t97 = _mm512_fmadd_ps(t96, t91, _mm512_set1_ps((-1.6265035f)));
                        const __m512 t98 = _mm512_fmadd_ps(t97, t91, _mm512_set1_ps((-0.00047765346f)));
                        const __m512 t99 = _mm512_min_ps(_mm512_set1_ps(129.0f), t98);
                        const __m512 t100 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t99);
                        const __m512 t101 = _mm512_add_ps(t100, _mm512_set1_ps(12582912.0f));
                        const __m512 t102 = _mm512_sub_ps(t101, _mm512_set1_ps(12582912.0f));
                        const __m512 t103 = _mm512_sub_ps(t100, t102);
                        const __m512 t104 = _mm512_mul_ps(t103, _mm512_set1_ps(0.6931472f));
                        const __m512 t105 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t104, _mm512_set1_ps(0.008368952f));
                        const __m512 t106 = _mm512_fmadd_ps(t105, t104, _mm512_set1_ps(0.04166832f));
                        const __m512 t107 = _mm512_fmadd_ps(t106, t104, _mm512_set1_ps(0.1666652f));
                        const __m512 t108 = _mm512_fmadd_ps(t107, t104, _mm512_set1_ps(0.49999994f));
                        const __m512 t109 = _mm512_fmadd_ps(t108, t104, _mm512_set1_ps(1.0f));
                        const __m512 t110 = _mm512_fmadd_ps(t109, t104, _mm512_set1_ps(1.0f));
                        const __m512 t111 = _mm512_scalef_ps(t110, t102);
                        const __m512 t112 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t111);
                        const __m512i t113 = (__m512i)t112;
                        const __m512i t114 = _mm512_and_si512(t77, _mm512_set1_epi32(INT32_MIN));
                        const __m512i t115 = _mm512_or_si512(t113, t114);
                        const __m512 t116 = (__m512)t115;
                        const __m512 t117 = _mm512_mask_blend_ps(t89, t116, _mm512_mul_ps(t76, _mm512_set1_ps(0.70710677f)));
                        const __m512 t118 = _mm512_mask_blend_ps(t80, t117, t88);
                        const __m512 t119 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t76), _mm512_add_ps(_mm512_set1_ps(1.0f), t118));
                        _mm512_mask_storeu_ps(c + ii2 * n + 4 * io * n + ji3 + 16 * jo, t75, t119);
                    }
                }
            }
        }
        const int64_t t120 = m % 4;
        const int64_t t121 = ac_fdiv_i64(t120, 2);
        for (int64_t ito = 0; ito < t121; ++ito) {
            float sum2[32] __attribute__((aligned(64)));
            {
                const int64_t t122 = jo * 16;
                const int64_t t123 = n - t122;
                const int64_t t124 = ac_min_i64(16, t123);
                int64_t ji4 = 0;
                for (; ji4 + 15 < t124; ji4 += 16) {
                    __m512 tile2_c0, tile2_c1;
                    _mm512_storeu_ps(sum2 + ji4, _mm512_set1_ps(0.0f));
                    tile2_c0 = _mm512_set1_ps(0.0f);
                    _mm512_storeu_ps(sum2 + ji4 + 16, _mm512_set1_ps(0.0f));
                    tile2_c1 = _mm512_set1_ps(0.0f);
                    for (int64_t k4 = 0; k4 < k; ++k4) {
                        const __m512 t125 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4]), _mm512_loadu_ps(b_packed + ji4 + 16 * k4), tile2_c0);
                        tile2_c0 = t125;
                        const __m512 t126 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4 + k]), _mm512_loadu_ps(b_packed + ji4 + 16 * k4), tile2_c1);
                        tile2_c1 = t126;
                    }
                    const __m512 t127 = _mm512_loadu_ps(sum2 + ji4);
                    _mm512_storeu_ps(sum2 + ji4, _mm512_add_ps(t127, tile2_c0));
                    const __m512 t128 = _mm512_loadu_ps(sum2 + ji4 + 16);
                    _mm512_storeu_ps(sum2 + ji4 + 16, _mm512_add_ps(t128, tile2_c1));
                }
                if (ji4 < t124) {
                    const __mmask16 t129 = (__mmask16)ac_first((t124 - ji4), 16);
                    __m512 tile2_c0, tile2_c1;
                    _mm512_mask_storeu_ps(sum2 + ji4, t129, _mm512_set1_ps(0.0f));
                    tile2_c0 = _mm512_set1_ps(0.0f);
                    _mm512_mask_storeu_ps(sum2 + ji4 + 16, t129, _mm512_set1_ps(0.0f));
                    tile2_c1 = _mm512_set1_ps(0.0f);
                    for (int64_t k4 = 0; k4 < k; ++k4) {
                        const __m512 t130 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4]), _mm512_maskz_loadu_ps(t129, b_packed + ji4 + 16 * k4), tile2_c0);
                        tile2_c0 = t130;
                        const __m512 t131 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4 + k]), _mm512_maskz_loadu_ps(t129, b_packed + ji4 + 16 * k4), tile2_c1);
                        tile2_c1 = t131;
                    }
                    const __m512 t132 = _mm512_maskz_loadu_ps(t129, sum2 + ji4);
                    _mm512_mask_storeu_ps(sum2 + ji4, t129, _mm512_add_ps(t132, tile2_c0));
                    const __m512 t133 = _mm512_maskz_loadu_ps(t129, sum2 + ji4 + 16);
                    _mm512_mask_storeu_ps(sum2 + ji4 + 16, t129, _mm512_add_ps(t133, tile2_c1));
                }
            }
            for (int64_t iti2 = 0; iti2 < 2; ++iti2) {
                {
                    const int64_t t134 = jo * 16;
                    const int64_t t135 = n - t134;
                    const int64_t t136 = ac_min_i64(16, t135);
                    int64_t ji5 = 0;
                    for (; ji5 + 15 < t136; ji5 += 16) {
                        const __m512 t137 = _mm512_add_ps(_mm512_loadu_ps(bias + ji5 + 16 * jo), _mm512_loadu_ps(sum2 + 16 * iti2 + ji5));
                        const __m512i t138 = (__m512i)_mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f));
                        const __m512i t139 = _mm512_and_si512(t138, _mm512_set1_epi32(2147483647));
                        const __m512 t140 = (__m512)t139;
                        const __mmask16 t141 = _mm512_cmp_ps_mask(t140, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                        const __m512 t142 = _mm512_mul_ps(_mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)));
                        const __m512 t143 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t142, _mm512_set1_ps((-0.00080208573f)));
                        const __m512 t144 = _mm512_fmadd_ps(t143, t142, _mm512_set1_ps(0.0051895375f));
                        const __m512 t145 = _mm512_fmadd_ps(t144, t142, _mm512_set1_ps((-0.026854446f)));
                        const __m512 t146 = _mm512_fmadd_ps(t145, t142, _mm512_set1_ps(0.112836f));
                        const __m512 t147 = _mm512_fmadd_ps(t146, t142, _mm512_set1_ps((-0.37612626f)));
                        const __m512 t148 = _mm512_fmadd_ps(t147, t142, _mm512_set1_ps(1.1283791f));
                        const __m512 t149 = _mm512_mul_ps(_mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)), t148);
                        const __mmask16 t150 = _mm512_cmp_ps_mask(_mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                        const __m512 t151 = _mm512_min_ps(_mm512_set1_ps(4.0f), t140);
                        const __m512 t152 = _mm512_max_ps(_mm512_set1_ps(0.0f), t151);
                        const __m512 t153 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t152, _mm512_set1_ps(0.00049276504f));
                        const __m512 t154 = _mm512_fmadd_ps(t153, t152, _mm512_set1_ps((-0.0052131927f)));
                        const __m512 t155 = _mm512_fmadd_ps(t154, t152, _mm512_set1_ps(0.033644978f));
                        const __m512 t156 = _mm512_fmadd_ps(t155, t152, _mm512_set1_ps((-0.15136512f)));
                        const __m512 t157 = _mm512_fmadd_ps(t156, t152, _mm512_set1_ps((-0.91897374f)));
                        const __m512 t158 = _mm512_fmadd_ps(t157, t152, _mm512_set1_ps((-1.6265035f)));
                        const __m512 t159 = _mm512_fmadd_ps(t158, t152, _mm512_set1_ps((-0.00047765346f)));
                        const __m512 t160 = _mm512_min_ps(_mm512_set1_ps(129.0f), t159);
                        const __m512 t161 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t160);
                        const __m512 t162 = _mm512_add_ps(t161, _mm512_set1_ps(12582912.0f));
                        const __m512 t163 = _mm512_sub_ps(t162, _mm512_set1_ps(12582912.0f));
                        const __m512 t164 = _mm512_sub_ps(t161, t163);
                        const __m512 t165 = _mm512_mul_ps(t164, _mm512_set1_ps(0.6931472f));
                        const __m512 t166 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t165, _mm512_set1_ps(0.008368952f));
                        const __m512 t167 = _mm512_fmadd_ps(t166, t165, _mm512_set1_ps(0.04166832f));
                        const __m512 t168 = _mm512_fmadd_ps(t167, t165, _mm512_set1_ps(0.1666652f));
                        const __m512 t169 = _mm512_fmadd_ps(t168, t165, _mm512_set1_ps(0.49999994f));
                        const __m512 t170 = _mm512_fmadd_ps(t169, t165, _mm512_set1_ps(1.0f));
                        const __m512 t171 = _mm512_fmadd_ps(t170, t165, _mm512_set1_ps(1.0f));
                        const __m512 t172 = _mm512_scalef_ps(t171, t163);
                        const __m512 t173 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t172);
                        const __m512i t174 = (__m512i)t173;
                        const __m512i t175 = _mm512_and_si512(t138, _mm512_set1_epi32(INT32_MIN));
                        const __m512i t176 = _mm512_or_si512(t174, t175);
                        const __m512 t177 = (__m512)t176;
                        const __m512 t178 = _mm512_mask_blend_ps(t150, t177, _mm512_mul_ps(t137, _mm512_set1_ps(0.70710677f)));
                        const __m512 t179 = _mm512_mask_blend_ps(t141, t178, t149);
                        const __m512 t180 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t137), _mm512_add_ps(_mm512_set1_ps(1.0f), t179));
                        const int64_t t181 = m / 4;
                        _mm512_storeu_ps(c + 4 * t181 * n + iti2 * n + 2 * ito * n + ji5 + 16 * jo, t180);
                    }
                    if (ji5 < t136) {
                        const __mmask16 t182 = (__mmask16)ac_first((t136 - ji5), 16);
                        const __m512 t183 = _mm512_add_ps(_mm512_maskz_loadu_ps(t182, bias + ji5 + 16 * jo), _mm512_maskz_loadu_ps(t182, sum2 + 16 * iti2 + ji5));
                        const __m512i t184 = (__m512i)_mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f));
                        const __m512i t185 = _mm512_and_si512(t184, _mm512_set1_epi32(2147483647));
                        const __m512 t186 = (__m512)t185;
                        const __mmask16 t187 = _mm512_cmp_ps_mask(t186, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                        const __m512 t188 = _mm512_mul_ps(_mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)));
                        const __m512 t189 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t188, _mm512_set1_ps((-0.00080208573f)));
                        const __m512 t190 = _mm512_fmadd_ps(t189, t188, _mm512_set1_ps(0.0051895375f));
                        const __m512 t191 = _mm512_fmadd_ps(t190, t188, _mm512_set1_ps((-0.026854446f)));
                        const __m512 t192 = _mm512_fmadd_ps(t191, t188, _mm512_set1_ps(0.112836f));
                        const __m512 t193 = _mm512_fmadd_ps(t192, t188, _mm512_set1_ps((-0.37612626f)));
                        const __m512 t194 = _mm512_fmadd_ps(t193, t188, _mm512_set1_ps(1.1283791f));
                        const __m512 t195 = _mm512_mul_ps(_mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)), t194);
                        const __mmask16 t196 = _mm512_cmp_ps_mask(_mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                        const __m512 t197 = _mm512_min_ps(_mm512_set1_ps(4.0f), t186);
                        const __m512 t198 = _mm512_max_ps(_mm512_set1_ps(0.0f), t197);
                        const __m512 t199 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t198, _mm512_set1_ps(0.00049276504f));
                        const __m512 t200 = _mm512_fmadd_ps(t199, t198, _mm512_set1_ps((-0.0052131927f)));
                        const __m512 t201 = _mm512_fmadd_ps(t200, t198, _mm512_set1_ps(0.033644978f));
                        const __m512 t202 = _mm512_fmadd_ps(t201, t198, _mm512_set1_ps((-0.15136512f)));
                        const __m512 t203 = _mm512_fmadd_ps(t202, t198, _mm512_set1_ps((-0.91897374f)));
                        const __m512 t204 = _mm512_fmadd_ps(t203, t198, _mm512_set1_ps((-1.6265035f)));
                        const __m512 t205 = _mm512_fmadd_ps(t204, t198, _mm512_set1_ps((-0.00047765346f)));
                        const __m512 t206 = _mm512_min_ps(_mm512_set1_ps(129.0f), t205);
                        const __m512 t207 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t206);
                        const __m512 t208 = _mm512_add_ps(t207, _mm512_set1_ps(12582912.0f));
                        const __m512 t209 = _mm512_sub_ps(t208, _mm512_set1_ps(12582912.0f));
                        const __m512 t210 = _mm512_sub_ps(t207, t209);
                        const __m512 t211 = _mm512_mul_ps(t210, _mm512_set1_ps(0.6931472f));
                        const __m512 t212 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t211, _mm512_set1_ps(0.008368952f));
                        const __m512 t213 = _mm512_fmadd_ps(t212, t211, _mm512_set1_ps(0.04166832f));
                        const __m512 t214 = _mm512_fmadd_ps(t213, t211, _mm512_set1_ps(0.1666652f));
                        const __m512 t215 = _mm512_fmadd_ps(t214, t211, _mm512_set1_ps(0.49999994f));
                        const __m512 t216 = _mm512_fmadd_ps(t215, t211, _mm512_set1_ps(1.0f));
                        const __m512 t217 = _mm512_fmadd_ps(t216, t211, _mm512_set1_ps(1.0f));
                        const __m512 t218 = _mm512_scalef_ps(t217, t209);
                        const __m512 t219 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t218);
                        const __m512i t220 = (__m512i)t219;
                        const __m512i t221 = _mm512_and_si512(t184, _mm512_set1_epi32(INT32_MIN));
                        const __m512i t222 = _mm512_or_si512(t220, t221);
                        const __m512 t223 = (__m512)t222;
                        const __m512 t224 = _mm512_mask_blend_ps(t196, t223, _mm512_mul_ps(t183, _mm512_set1_ps(0.70710677f)));
                        const __m512 t225 = _mm512_mask_blend_ps(t187, t224, t195);
                        const __m512 t226 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t183), _mm512_add_ps(_mm512_set1_ps(1.0f), t225));
                        const int64_t t227 = m / 4;
                        _mm512_mask_storeu_ps(c + 4 * t227 * n + iti2 * n + 2 * ito * n + ji5 + 16 * jo, t182, t226);
                    }
                }
            }
        }
        const int64_t t228 = m % 4;
        const int64_t t229 = ac_fmod_i64(t228, 2);
        for (int64_t itt = 0; itt < t229; ++itt) {
            float sum3[16] __attribute__((aligned(64)));
            {
                const int64_t t230 = jo * 16;
                const int64_t t231 = n - t230;
                const int64_t t232 = ac_min_i64(16, t231);
                int64_t ji6 = 0;
                for (; ji6 + 15 < t232; ji6 += 16) {
                    _mm512_storeu_ps(sum3 + ji6, _mm512_set1_ps(0.0f));
                    __m512 tile3;
                    tile3 = _mm512_set1_ps(0.0f);
                    for (int64_t k5 = 0; k5 < k; ++k5) {
                        const float t233 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k5];
                        const __m512 t234 = _mm512_fmadd_ps(_mm512_set1_ps(t233), _mm512_loadu_ps(b_packed + ji6 + 16 * k5), tile3);
                        tile3 = t234;
                    }
                    const __m512 t235 = _mm512_loadu_ps(sum3 + ji6);
                    _mm512_storeu_ps(sum3 + ji6, _mm512_add_ps(t235, tile3));
                }
                if (ji6 < t232) {
                    const __mmask16 t236 = (__mmask16)ac_first((t232 - ji6), 16);
                    _mm512_mask_storeu_ps(sum3 + ji6, t236, _mm512_set1_ps(0.0f));
                    __m512 tile3;
                    tile3 = _mm512_set1_ps(0.0f);
                    for (int64_t k5 = 0; k5 < k; ++k5) {
                        const float t237 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k5];
                        const __m512 t238 = _mm512_fmadd_ps(_mm512_set1_ps(t237), _mm512_maskz_loadu_ps(t236, b_packed + ji6 + 16 * k5), tile3);
                        tile3 = t238;
                    }
                    const __m512 t239 = _mm512_maskz_loadu_ps(t236, sum3 + ji6);
                    _mm512_mask_storeu_ps(sum3 + ji6, t236, _mm512_add_ps(t239, tile3));
                }
            }
            {
                const int64_t t240 = jo * 16;
                const int64_t t241 = n - t240;
                const int64_t t242 = ac_min_i64(16, t241);
                int64_t ji7 = 0;
                for (; ji7 + 15 < t242; ji7 += 16) {
                    const __m512 t243 = _mm512_add_ps(_mm512_loadu_ps(bias + ji7 + 16 * jo), _mm512_loadu_ps(sum3 + ji7));
                    const __m512i t244 = (__m512i)_mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f));
                    const __m512i t245 = _mm512_and_si512(t244, _mm512_set1_epi32(2147483647));
                    const __m512 t246 = (__m512)t245;
                    const __mmask16 t247 = _mm512_cmp_ps_mask(t246, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                    const __m512 t248 = _mm512_mul_ps(_mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)));
                    const __m512 t249 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t248, _mm512_set1_ps((-0.00080208573f)));
                    const __m512 t250 = _mm512_fmadd_ps(t249, t248, _mm512_set1_ps(0.0051895375f));
                    const __m512 t251 = _mm512_fmadd_ps(t250, t248, _mm512_set1_ps((-0.026854446f)));
                    const __m512 t252 = _mm512_fmadd_ps(t251, t248, _mm512_set1_ps(0.112836f));
                    const __m512 t253 = _mm512_fmadd_ps(t252, t248, _mm512_set1_ps((-0.37612626f)));
                    const __m512 t254 = _mm512_fmadd_ps(t253, t248, _mm512_set1_ps(1.1283791f));
                    const __m512 t255 = _mm512_mul_ps(_mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)), t254);
                    const __mmask16 t256 = _mm512_cmp_ps_mask(_mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                    const __m512 t257 = _mm512_min_ps(_mm512_set1_ps(4.0f), t246);
                    const __m512 t258 = _mm512_max_ps(_mm512_set1_ps(0.0f), t257);
                    const __m512 t259 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t258, _mm512_set1_ps(0.00049276504f));
                    const __m512 t260 = _mm512_fmadd_ps(t259, t258, _mm512_set1_ps((-0.0052131927f)));
                    const __m512 t261 = _mm512_fmadd_ps(t260, t258, _mm512_set1_ps(0.033644978f));
                    const __m512 t262 = _mm512_fmadd_ps(t261, t258, _mm512_set1_ps((-0.15136512f)));
                    const __m512 t263 = _mm512_fmadd_ps(t262, t258, _mm512_set1_ps((-0.91897374f)));
                    const __m512 t264 = _mm512_fmadd_ps(t263, t258, _mm512_set1_ps((-1.6265035f)));
                    const __m512 t265 = _mm512_fmadd_ps(t264, t258, _mm512_set1_ps((-0.00047765346f)));
                    const __m512 t266 = _mm512_min_ps(_mm512_set1_ps(129.0f), t265);
                    const __m512 t267 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t266);
                    const __m512 t268 = _mm512_add_ps(t267, _mm512_set1_ps(12582912.0f));
                    const __m512 t269 = _mm512_sub_ps(t268, _mm512_set1_ps(12582912.0f));
                    const __m512 t270 = _mm512_sub_ps(t267, t269);
                    const __m512 t271 = _mm512_mul_ps(t270, _mm512_set1_ps(0.6931472f));
                    const __m512 t272 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t271, _mm512_set1_ps(0.008368952f));
                    const __m512 t273 = _mm512_fmadd_ps(t272, t271, _mm512_set1_ps(0.04166832f));
                    const __m512 t274 = _mm512_fmadd_ps(t273, t271, _mm512_set1_ps(0.1666652f));
                    const __m512 t275 = _mm512_fmadd_ps(t274, t271, _mm512_set1_ps(0.49999994f));
                    const __m512 t276 = _mm512_fmadd_ps(t275, t271, _mm512_set1_ps(1.0f));
                    const __m512 t277 = _mm512_fmadd_ps(t276, t271, _mm512_set1_ps(1.0f));
                    const __m512 t278 = _mm512_scalef_ps(t277, t269);
                    const __m512 t279 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t278);
                    const __m512i t280 = (__m512i)t279;
                    const __m512i t281 = _mm512_and_si512(t244, _mm512_set1_epi32(INT32_MIN));
                    const __m512i t282 = _mm512_or_si512(t280, t281);
                    const __m512 t283 = (__m512)t282;
                    const __m512 t284 = _mm512_mask_blend_ps(t256, t283, _mm512_mul_ps(t243, _mm512_set1_ps(0.70710677f)));
                    const __m512 t285 = _mm512_mask_blend_ps(t247, t284, t255);
                    const __m512 t286 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t243), _mm512_add_ps(_mm512_set1_ps(1.0f), t285));
                    const int64_t t287 = m % 4;
                    const int64_t t288 = ac_fdiv_i64(t287, 2);
                    const int64_t t289 = m / 4;
                    _mm512_storeu_ps(c + 2 * t288 * n + 4 * t289 * n + itt * n + ji7 + 16 * jo, t286);
                }
                if (ji7 < t242) {
                    const __mmask16 t290 = (__mmask16)ac_first((t242 - ji7), 16);
                    const __m512 t291 = _mm512_add_ps(_mm512_maskz_loadu_ps(t290, bias + ji7 + 16 * jo), _mm512_maskz_loadu_ps(t290, sum3 + ji7));
                    const __m512i t292 = (__m512i)_mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f));
                    const __m512i t293 = _mm512_and_si512(t292, _mm512_set1_epi32(2147483647));
                    const __m512 t294 = (__m512)t293;
                    const __mmask16 t295 = _mm512_cmp_ps_mask(t294, _mm512_set1_ps(1.0f), _CMP_LT_OQ);
                    const __m512 t296 = _mm512_mul_ps(_mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)));
                    const __m512 t297 = _mm512_fmadd_ps(_mm512_set1_ps(7.88916e-05f), t296, _mm512_set1_ps((-0.00080208573f)));
                    const __m512 t298 = _mm512_fmadd_ps(t297, t296, _mm512_set1_ps(0.0051895375f));
                    const __m512 t299 = _mm512_fmadd_ps(t298, t296, _mm512_set1_ps((-0.026854446f)));
                    const __m512 t300 = _mm512_fmadd_ps(t299, t296, _mm512_set1_ps(0.112836f));
                    const __m512 t301 = _mm512_fmadd_ps(t300, t296, _mm512_set1_ps((-0.37612626f)));
                    const __m512 t302 = _mm512_fmadd_ps(t301, t296, _mm512_set1_ps(1.1283791f));
                    const __m512 t303 = _mm512_mul_ps(_mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)), t302);
                    const __mmask16 t304 = _mm512_cmp_ps_mask(_mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)), _mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)), _CMP_NEQ_UQ);
                    const __m512 t305 = _mm512_min_ps(_mm512_set1_ps(4.0f), t294);
                    const __m512 t306 = _mm512_max_ps(_mm512_set1_ps(0.0f), t305);
                    const __m512 t307 = _mm512_fmadd_ps(_mm512_set1_ps((-2.1155469e-05f)), t306, _mm512_set1_ps(0.00049276504f));
                    const __m512 t308 = _mm512_fmadd_ps(t307, t306, _mm512_set1_ps((-0.0052131927f)));
                    const __m512 t309 = _mm512_fmadd_ps(t308, t306, _mm512_set1_ps(0.033644978f));
                    const __m512 t310 = _mm512_fmadd_ps(t309, t306, _mm512_set1_ps((-0.15136512f)));
                    const __m512 t311 = _mm512_fmadd_ps(t310, t306, _mm512_set1_ps((-0.91897374f)));
                    const __m512 t312 = _mm512_fmadd_ps(t311, t306, _mm512_set1_ps((-1.6265035f)));
                    const __m512 t313 = _mm512_fmadd_ps(t312, t306, _mm512_set1_ps((-0.00047765346f)));
                    const __m512 t314 = _mm512_min_ps(_mm512_set1_ps(129.0f), t313);
                    const __m512 t315 = _mm512_max_ps(_mm512_set1_ps((-151.0f)), t314);
                    const __m512 t316 = _mm512_add_ps(t315, _mm512_set1_ps(12582912.0f));
                    const __m512 t317 = _mm512_sub_ps(t316, _mm512_set1_ps(12582912.0f));
                    const __m512 t318 = _mm512_sub_ps(t315, t317);
                    const __m512 t319 = _mm512_mul_ps(t318, _mm512_set1_ps(0.6931472f));
                    const __m512 t320 = _mm512_fmadd_ps(_mm512_set1_ps(0.0013818162f), t319, _mm512_set1_ps(0.008368952f));
                    const __m512 t321 = _mm512_fmadd_ps(t320, t319, _mm512_set1_ps(0.04166832f));
                    const __m512 t322 = _mm512_fmadd_ps(t321, t319, _mm512_set1_ps(0.1666652f));
                    const __m512 t323 = _mm512_fmadd_ps(t322, t319, _mm512_set1_ps(0.49999994f));
                    const __m512 t324 = _mm512_fmadd_ps(t323, t319, _mm512_set1_ps(1.0f));
                    const __m512 t325 = _mm512_fmadd_ps(t324, t319, _mm512_set1_ps(1.0f));
                    const __m512 t326 = _mm512_scalef_ps(t325, t317);
                    const __m512 t327 = _mm512_sub_ps(_mm512_set1_ps(1.0f), t326);
                    const __m512i t328 = (__m512i)t327;
                    const __m512i t329 = _mm512_and_si512(t292, _mm512_set1_epi32(INT32_MIN));
                    const __m512i t330 = _mm512_or_si512(t328, t329);
                    const __m512 t331 = (__m512)t330;
                    const __m512 t332 = _mm512_mask_blend_ps(t304, t331, _mm512_mul_ps(t291, _mm512_set1_ps(0.70710677f)));
                    const __m512 t333 = _mm512_mask_blend_ps(t295, t332, t303);
                    const __m512 t334 = _mm512_mul_ps(_mm512_mul_ps(_mm512_set1_ps(0.5f), t291), _mm512_add_ps(_mm512_set1_ps(1.0f), t333));
                    const int64_t t335 = m % 4;
                    const int64_t t336 = ac_fdiv_i64(t335, 2);
                    const int64_t t337 = m / 4;
                    _mm512_mask_storeu_ps(c + 2 * t336 * n + 4 * t337 * n + itt * n + ji7 + 16 * jo, t290, t334);
                }
            }
        }
    }
    return 0;
}
