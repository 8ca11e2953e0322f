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

#ifndef AC_HAVE_AC_WORD_U32
#define AC_HAVE_AC_WORD_U32
static inline uint32_t ac_word_u32(const void *p) { uint32_t w; __builtin_memcpy(&w, p, sizeof w); return w; }
#endif

#ifndef AC_HAVE_AC_FDIV_I64
#define AC_HAVE_AC_FDIV_I64
static inline int64_t ac_fdiv_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return (int64_t)(0u - (uint64_t)a); return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
#endif

#ifndef AC_HAVE_AC_FMOD_I64
#define AC_HAVE_AC_FMOD_I64
static inline int64_t ac_fmod_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return 0; int64_t r = a % b; return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
#endif

int64_t ac_gemm_u8s8_workspace(int64_t k, int64_t m, int64_t n) {
    (void)k;
    (void)m;
    (void)n;
    const int64_t t164 = k / 4;
    const int64_t t165 = 1 * t164;
    const int64_t t166 = t165 * 32;
    const int64_t t167 = t166 * 4;
    return ((t167 + 63) & ~INT64_C(63));
}

int ac_gemm_u8s8(const uint8_t *restrict a,
        const int8_t *restrict b,
        int32_t *restrict c,
        int64_t k,
        int64_t m,
        int64_t n,
        void *ac_workspace) {
    const int64_t t164 = k / 4;
    const int64_t t165 = 1 * t164;
    const int64_t t166 = t165 * 32;
    const int64_t t167 = t166 * 4;
    int8_t *restrict b_packed = (int8_t *)ac_workspace;
    const int64_t t1 = n + 31;
    const int64_t t2 = t1 / 32;
    for (int64_t jo = 0; jo < t2; ++jo) {
        const int64_t t3 = k / 4;
        for (int64_t k2o2 = 0; k2o2 < t3; ++k2o2) {
            {
                const int64_t t4 = jo * 32;
                const int64_t t5 = n - t4;
                const int64_t t6 = ac_min_i64(32, t5);
                int64_t ji2 = 0;
                for (; ji2 + 15 < t6; ji2 += 16) {
                    const __m128i t7 = _mm_loadu_si128((const __m128i *)(b + 4 * k2o2 * n + ji2 + 32 * jo));
                    const __m512i t8 = _mm512_cvtepu8_epi32(t7);
                    const __m128i t9 = _mm_loadu_si128((const __m128i *)(b + 4 * k2o2 * n + ji2 + 32 * jo + n));
                    const __m512i t10 = _mm512_cvtepu8_epi32(t9);
                    const __m512i t11 = _mm512_slli_epi32(t10, 8u);
                    const __m512i t12 = _mm512_or_si512(t8, t11);
                    const __m128i t13 = _mm_loadu_si128((const __m128i *)(b + 4 * k2o2 * n + ji2 + 32 * jo + 2 * n));
                    const __m512i t14 = _mm512_cvtepu8_epi32(t13);
                    const __m512i t15 = _mm512_slli_epi32(t14, 16u);
                    const __m512i t16 = _mm512_or_si512(t12, t15);
                    const __m128i t17 = _mm_loadu_si128((const __m128i *)(b + 4 * k2o2 * n + ji2 + 32 * jo + 3 * n));
                    const __m512i t18 = _mm512_cvtepu8_epi32(t17);
                    const __m512i t19 = _mm512_slli_epi32(t18, 24u);
                    const __m512i t20 = _mm512_or_si512(t16, t19);
                    _mm512_storeu_si512((__m512i *)(b_packed + 4 * ji2 + 128 * k2o2), t20);
                }
                if (ji2 < t6) {
                    const __mmask16 t21 = (__mmask16)ac_first((t6 - ji2), 16);
                    const __m128i t22 = _mm_maskz_loadu_epi8(t21, b + 4 * k2o2 * n + ji2 + 32 * jo);
                    const __m512i t23 = _mm512_cvtepu8_epi32(t22);
                    const __m128i t24 = _mm_maskz_loadu_epi8(t21, b + 4 * k2o2 * n + ji2 + 32 * jo + n);
                    const __m512i t25 = _mm512_cvtepu8_epi32(t24);
                    const __m512i t26 = _mm512_slli_epi32(t25, 8u);
                    const __m512i t27 = _mm512_or_si512(t23, t26);
                    const __m128i t28 = _mm_maskz_loadu_epi8(t21, b + 4 * k2o2 * n + ji2 + 32 * jo + 2 * n);
                    const __m512i t29 = _mm512_cvtepu8_epi32(t28);
                    const __m512i t30 = _mm512_slli_epi32(t29, 16u);
                    const __m512i t31 = _mm512_or_si512(t27, t30);
                    const __m128i t32 = _mm_maskz_loadu_epi8(t21, b + 4 * k2o2 * n + ji2 + 32 * jo + 3 * n);
                    const __m512i t33 = _mm512_cvtepu8_epi32(t32);
                    const __m512i t34 = _mm512_slli_epi32(t33, 24u);
                    const __m512i t35 = _mm512_or_si512(t31, t34);
                    _mm512_mask_storeu_epi32(b_packed + 4 * ji2 + 128 * k2o2, t21, t35);
                }
            }
        }
        const int64_t t36 = m / 4;
        for (int64_t io = 0; io < t36; ++io) {
            {
                const int64_t t37 = jo * 32;
                const int64_t t38 = n - t37;
                const int64_t t39 = ac_min_i64(32, t38);
                int64_t ji = 0;
                for (; ji + 31 < t39; ji += 32) {
                    __m512i sum_g0_c0, sum_g0_c1, sum_g0_c2, sum_g0_c3;
                    __m512i sum_g1_c0, sum_g1_c1, sum_g1_c2, sum_g1_c3;
                    sum_g0_c0 = _mm512_set1_epi32(0);
                    sum_g1_c0 = _mm512_set1_epi32(0);
                    sum_g0_c1 = _mm512_set1_epi32(0);
                    sum_g1_c1 = _mm512_set1_epi32(0);
                    sum_g0_c2 = _mm512_set1_epi32(0);
                    sum_g1_c2 = _mm512_set1_epi32(0);
                    sum_g0_c3 = _mm512_set1_epi32(0);
                    sum_g1_c3 = _mm512_set1_epi32(0);
                    const int64_t t40 = k / 4;
                    for (int64_t k2o = 0; k2o < t40; ++k2o) {
                        const __m512i t41 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o));
                        const __m512i t42 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o));
                        const __m512i t43 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o + 64));
                        sum_g0_c0 = _mm512_dpbusd_epi32(sum_g0_c0, t41, t42);
                        sum_g1_c0 = _mm512_dpbusd_epi32(sum_g1_c0, t41, t43);
                        const __m512i t44 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + k));
                        const __m512i t45 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o));
                        const __m512i t46 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o + 64));
                        sum_g0_c1 = _mm512_dpbusd_epi32(sum_g0_c1, t44, t45);
                        sum_g1_c1 = _mm512_dpbusd_epi32(sum_g1_c1, t44, t46);
                        const __m512i t47 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + 2 * k));
                        const __m512i t48 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o));
                        const __m512i t49 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o + 64));
                        sum_g0_c2 = _mm512_dpbusd_epi32(sum_g0_c2, t47, t48);
                        sum_g1_c2 = _mm512_dpbusd_epi32(sum_g1_c2, t47, t49);
                        const __m512i t50 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + 3 * k));
                        const __m512i t51 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o));
                        const __m512i t52 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji + 128 * k2o + 64));
                        sum_g0_c3 = _mm512_dpbusd_epi32(sum_g0_c3, t50, t51);
                        sum_g1_c3 = _mm512_dpbusd_epi32(sum_g1_c3, t50, t52);
                    }
                    const int64_t t53 = k % 4;
                    for (int64_t k2t = 0; k2t < t53; ++k2t) {
                        const __m128i t54 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo));
                        const __m128i t55 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo + 16));
                        const __m256i t56 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t]), _mm256_cvtepi8_epi16(t54));
                        const __m256i t57 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t]), _mm256_cvtepi8_epi16(t55));
                        sum_g0_c0 = _mm512_add_epi32(sum_g0_c0, _mm512_cvtepi16_epi32(t56));
                        sum_g1_c0 = _mm512_add_epi32(sum_g1_c0, _mm512_cvtepi16_epi32(t57));
                        const __m128i t58 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo));
                        const __m128i t59 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo + 16));
                        const __m256i t60 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + k]), _mm256_cvtepi8_epi16(t58));
                        const __m256i t61 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + k]), _mm256_cvtepi8_epi16(t59));
                        sum_g0_c1 = _mm512_add_epi32(sum_g0_c1, _mm512_cvtepi16_epi32(t60));
                        sum_g1_c1 = _mm512_add_epi32(sum_g1_c1, _mm512_cvtepi16_epi32(t61));
                        const __m128i t62 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo));
                        const __m128i t63 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo + 16));
                        const __m256i t64 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 2 * k]), _mm256_cvtepi8_epi16(t62));
                        const __m256i t65 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 2 * k]), _mm256_cvtepi8_epi16(t63));
                        sum_g0_c2 = _mm512_add_epi32(sum_g0_c2, _mm512_cvtepi16_epi32(t64));
                        sum_g1_c2 = _mm512_add_epi32(sum_g1_c2, _mm512_cvtepi16_epi32(t65));
                        const __m128i t66 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo));
                        const __m128i t67 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo + 16));
                        const __m256i t68 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 3 * k]), _mm256_cvtepi8_epi16(t66));
                        const __m256i t69 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 3 * k]), _mm256_cvtepi8_epi16(t67));
                        sum_g0_c3 = _mm512_add_epi32(sum_g0_c3, _mm512_cvtepi16_epi32(t68));
                        sum_g1_c3 = _mm512_add_epi32(sum_g1_c3, _mm512_cvtepi16_epi32(t69));
                    }
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo), sum_g0_c0);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + 16), sum_g1_c0);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + n), sum_g0_c1);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + n + 16), sum_g1_c1);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + 2 * n), sum_g0_c2);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + 2 * n + 16), sum_g1_c2);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + 3 * n), sum_g0_c3);
                    _mm512_storeu_si512((__m512i *)(c + 4 * io * n + ji + 32 * jo + 3 * n + 16), sum_g1_c3);
                }
                for (; ji < t39; ji += 16) {
                    const __mmask16 t70 = (__mmask16)ac_first((t39 - ji), 16);
                    __m512i sum_c0, sum_c1, sum_c2, sum_c3;
                    sum_c0 = _mm512_set1_epi32(0);
                    sum_c1 = _mm512_set1_epi32(0);
                    sum_c2 = _mm512_set1_epi32(0);
                    sum_c3 = _mm512_set1_epi32(0);
                    const int64_t t71 = k / 4;
                    for (int64_t k2o = 0; k2o < t71; ++k2o) {
                        const __m512i t72 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o));
                        sum_c0 = _mm512_dpbusd_epi32(sum_c0, t72, _mm512_maskz_loadu_epi32(t70, b_packed + 4 * ji + 128 * k2o));
                        const __m512i t73 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + k));
                        sum_c1 = _mm512_dpbusd_epi32(sum_c1, t73, _mm512_maskz_loadu_epi32(t70, b_packed + 4 * ji + 128 * k2o));
                        const __m512i t74 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + 2 * k));
                        sum_c2 = _mm512_dpbusd_epi32(sum_c2, t74, _mm512_maskz_loadu_epi32(t70, b_packed + 4 * ji + 128 * k2o));
                        const __m512i t75 = _mm512_set1_epi32(ac_word_u32(a + 4 * io * k + 4 * k2o + 3 * k));
                        sum_c3 = _mm512_dpbusd_epi32(sum_c3, t75, _mm512_maskz_loadu_epi32(t70, b_packed + 4 * ji + 128 * k2o));
                    }
                    const int64_t t76 = k % 4;
                    for (int64_t k2t = 0; k2t < t76; ++k2t) {
                        const __m128i t77 = _mm_maskz_loadu_epi8(t70, b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo);
                        const __m256i t78 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t]), _mm256_cvtepi8_epi16(t77));
                        sum_c0 = _mm512_add_epi32(sum_c0, _mm512_cvtepi16_epi32(t78));
                        const __m128i t79 = _mm_maskz_loadu_epi8(t70, b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo);
                        const __m256i t80 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + k]), _mm256_cvtepi8_epi16(t79));
                        sum_c1 = _mm512_add_epi32(sum_c1, _mm512_cvtepi16_epi32(t80));
                        const __m128i t81 = _mm_maskz_loadu_epi8(t70, b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo);
                        const __m256i t82 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 2 * k]), _mm256_cvtepi8_epi16(t81));
                        sum_c2 = _mm512_add_epi32(sum_c2, _mm512_cvtepi16_epi32(t82));
                        const __m128i t83 = _mm_maskz_loadu_epi8(t70, b + 4 * (k / 4) * n + k2t * n + ji + 32 * jo);
                        const __m256i t84 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)a[4 * io * k + 4 * (k / 4) + k2t + 3 * k]), _mm256_cvtepi8_epi16(t83));
                        sum_c3 = _mm512_add_epi32(sum_c3, _mm512_cvtepi16_epi32(t84));
                    }
                    _mm512_mask_storeu_epi32(c + 4 * io * n + ji + 32 * jo, t70, sum_c0);
                    _mm512_mask_storeu_epi32(c + 4 * io * n + ji + 32 * jo + n, t70, sum_c1);
                    _mm512_mask_storeu_epi32(c + 4 * io * n + ji + 32 * jo + 2 * n, t70, sum_c2);
                    _mm512_mask_storeu_epi32(c + 4 * io * n + ji + 32 * jo + 3 * n, t70, sum_c3);
                }
            }
        }
        const int64_t t85 = m % 4;
        const int64_t t86 = ac_fdiv_i64(t85, 2);
        for (int64_t ito = 0; ito < t86; ++ito) {
            {
                const int64_t t87 = jo * 32;
                const int64_t t88 = n - t87;
                const int64_t t89 = ac_min_i64(32, t88);
                int64_t ji3 = 0;
                for (; ji3 + 31 < t89; ji3 += 32) {
                    __m512i sum2_g0_c0, sum2_g0_c1;
                    __m512i sum2_g1_c0, sum2_g1_c1;
                    sum2_g0_c0 = _mm512_set1_epi32(0);
                    sum2_g1_c0 = _mm512_set1_epi32(0);
                    sum2_g0_c1 = _mm512_set1_epi32(0);
                    sum2_g1_c1 = _mm512_set1_epi32(0);
                    const int64_t t90 = k / 4;
                    for (int64_t k2o3 = 0; k2o3 < t90; ++k2o3) {
                        const int64_t t91 = m / 4;
                        const __m512i t92 = _mm512_set1_epi32(ac_word_u32(a + 4 * t91 * k + 2 * ito * k + 4 * k2o3));
                        const __m512i t93 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji3 + 128 * k2o3));
                        const __m512i t94 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji3 + 128 * k2o3 + 64));
                        sum2_g0_c0 = _mm512_dpbusd_epi32(sum2_g0_c0, t92, t93);
                        sum2_g1_c0 = _mm512_dpbusd_epi32(sum2_g1_c0, t92, t94);
                        const int64_t t95 = m / 4;
                        const __m512i t96 = _mm512_set1_epi32(ac_word_u32(a + 4 * t95 * k + 2 * ito * k + 4 * k2o3 + k));
                        const __m512i t97 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji3 + 128 * k2o3));
                        const __m512i t98 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji3 + 128 * k2o3 + 64));
                        sum2_g0_c1 = _mm512_dpbusd_epi32(sum2_g0_c1, t96, t97);
                        sum2_g1_c1 = _mm512_dpbusd_epi32(sum2_g1_c1, t96, t98);
                    }
                    const int64_t t99 = k % 4;
                    for (int64_t k2t2 = 0; k2t2 < t99; ++k2t2) {
                        const int16_t t100 = (int16_t)a[4 * (m / 4) * k + 2 * ito * k + 4 * (k / 4) + k2t2];
                        const __m128i t101 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo));
                        const __m128i t102 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo + 16));
                        const __m256i t103 = _mm256_mullo_epi16(_mm256_set1_epi16(t100), _mm256_cvtepi8_epi16(t101));
                        const __m256i t104 = _mm256_mullo_epi16(_mm256_set1_epi16(t100), _mm256_cvtepi8_epi16(t102));
                        sum2_g0_c0 = _mm512_add_epi32(sum2_g0_c0, _mm512_cvtepi16_epi32(t103));
                        sum2_g1_c0 = _mm512_add_epi32(sum2_g1_c0, _mm512_cvtepi16_epi32(t104));
                        const int16_t t105 = (int16_t)a[4 * (m / 4) * k + 2 * ito * k + 4 * (k / 4) + k2t2 + k];
                        const __m128i t106 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo));
                        const __m128i t107 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo + 16));
                        const __m256i t108 = _mm256_mullo_epi16(_mm256_set1_epi16(t105), _mm256_cvtepi8_epi16(t106));
                        const __m256i t109 = _mm256_mullo_epi16(_mm256_set1_epi16(t105), _mm256_cvtepi8_epi16(t107));
                        sum2_g0_c1 = _mm512_add_epi32(sum2_g0_c1, _mm512_cvtepi16_epi32(t108));
                        sum2_g1_c1 = _mm512_add_epi32(sum2_g1_c1, _mm512_cvtepi16_epi32(t109));
                    }
                    const int64_t t110 = m / 4;
                    _mm512_storeu_si512((__m512i *)(c + 4 * t110 * n + 2 * ito * n + ji3 + 32 * jo), sum2_g0_c0);
                    _mm512_storeu_si512((__m512i *)(c + 4 * t110 * n + 2 * ito * n + ji3 + 32 * jo + 16), sum2_g1_c0);
                    const int64_t t111 = m / 4;
                    _mm512_storeu_si512((__m512i *)(c + 4 * t111 * n + 2 * ito * n + ji3 + 32 * jo + n), sum2_g0_c1);
                    _mm512_storeu_si512((__m512i *)(c + 4 * t111 * n + 2 * ito * n + ji3 + 32 * jo + n + 16), sum2_g1_c1);
                }
                for (; ji3 < t89; ji3 += 16) {
                    const __mmask16 t112 = (__mmask16)ac_first((t89 - ji3), 16);
                    __m512i sum2_c0, sum2_c1;
                    sum2_c0 = _mm512_set1_epi32(0);
                    sum2_c1 = _mm512_set1_epi32(0);
                    const int64_t t113 = k / 4;
                    for (int64_t k2o3 = 0; k2o3 < t113; ++k2o3) {
                        const int64_t t114 = m / 4;
                        const __m512i t115 = _mm512_set1_epi32(ac_word_u32(a + 4 * t114 * k + 2 * ito * k + 4 * k2o3));
                        const __m512i t116 = _mm512_maskz_loadu_epi32(t112, b_packed + 4 * ji3 + 128 * k2o3);
                        sum2_c0 = _mm512_dpbusd_epi32(sum2_c0, t115, t116);
                        const int64_t t117 = m / 4;
                        const __m512i t118 = _mm512_set1_epi32(ac_word_u32(a + 4 * t117 * k + 2 * ito * k + 4 * k2o3 + k));
                        const __m512i t119 = _mm512_maskz_loadu_epi32(t112, b_packed + 4 * ji3 + 128 * k2o3);
                        sum2_c1 = _mm512_dpbusd_epi32(sum2_c1, t118, t119);
                    }
                    const int64_t t120 = k % 4;
                    for (int64_t k2t2 = 0; k2t2 < t120; ++k2t2) {
                        const int16_t t121 = (int16_t)a[4 * (m / 4) * k + 2 * ito * k + 4 * (k / 4) + k2t2];
                        const __m128i t122 = _mm_maskz_loadu_epi8(t112, b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo);
                        const __m256i t123 = _mm256_mullo_epi16(_mm256_set1_epi16(t121), _mm256_cvtepi8_epi16(t122));
                        sum2_c0 = _mm512_add_epi32(sum2_c0, _mm512_cvtepi16_epi32(t123));
                        const int16_t t124 = (int16_t)a[4 * (m / 4) * k + 2 * ito * k + 4 * (k / 4) + k2t2 + k];
                        const __m128i t125 = _mm_maskz_loadu_epi8(t112, b + 4 * (k / 4) * n + k2t2 * n + ji3 + 32 * jo);
                        const __m256i t126 = _mm256_mullo_epi16(_mm256_set1_epi16(t124), _mm256_cvtepi8_epi16(t125));
                        sum2_c1 = _mm512_add_epi32(sum2_c1, _mm512_cvtepi16_epi32(t126));
                    }
                    const int64_t t127 = m / 4;
                    _mm512_mask_storeu_epi32(c + 4 * t127 * n + 2 * ito * n + ji3 + 32 * jo, t112, sum2_c0);
                    const int64_t t128 = m / 4;
                    _mm512_mask_storeu_epi32(c + 4 * t128 * n + 2 * ito * n + ji3 + 32 * jo + n, t112, sum2_c1);
                }
            }
        }
        const int64_t t129 = m % 4;
        const int64_t t130 = ac_fmod_i64(t129, 2);
        for (int64_t itt = 0; itt < t130; ++itt) {
            {
                const int64_t t131 = jo * 32;
                const int64_t t132 = n - t131;
                const int64_t t133 = ac_min_i64(32, t132);
                int64_t ji4 = 0;
                for (; ji4 + 31 < t133; ji4 += 32) {
                    __m512i sum3_g0;
                    __m512i sum3_g1;
                    sum3_g0 = _mm512_set1_epi32(0);
                    sum3_g1 = _mm512_set1_epi32(0);
                    const int64_t t134 = k / 4;
                    for (int64_t k2o4 = 0; k2o4 < t134; ++k2o4) {
                        const int64_t t135 = m % 4;
                        const int64_t t136 = ac_fdiv_i64(t135, 2);
                        const int64_t t137 = m / 4;
                        const __m512i t138 = _mm512_set1_epi32(ac_word_u32(a + 2 * t136 * k + 4 * t137 * k + itt * k + 4 * k2o4));
                        const __m512i t139 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji4 + 128 * k2o4));
                        const __m512i t140 = _mm512_loadu_si512((const __m512i *)(b_packed + 4 * ji4 + 128 * k2o4 + 64));
                        sum3_g0 = _mm512_dpbusd_epi32(sum3_g0, t138, t139);
                        sum3_g1 = _mm512_dpbusd_epi32(sum3_g1, t138, t140);
                    }
                    const int64_t t141 = k % 4;
                    for (int64_t k2t3 = 0; k2t3 < t141; ++k2t3) {
                        const uint8_t t142 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + 4 * (k / 4) + k2t3];
                        const __m128i t143 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t3 * n + ji4 + 32 * jo));
                        const __m128i t144 = _mm_loadu_si128((const __m128i *)(b + 4 * (k / 4) * n + k2t3 * n + ji4 + 32 * jo + 16));
                        const __m256i t145 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)t142), _mm256_cvtepi8_epi16(t143));
                        const __m256i t146 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)t142), _mm256_cvtepi8_epi16(t144));
                        sum3_g0 = _mm512_add_epi32(sum3_g0, _mm512_cvtepi16_epi32(t145));
                        sum3_g1 = _mm512_add_epi32(sum3_g1, _mm512_cvtepi16_epi32(t146));
                    }
                    const int64_t t147 = m % 4;
                    const int64_t t148 = ac_fdiv_i64(t147, 2);
                    const int64_t t149 = m / 4;
                    _mm512_storeu_si512((__m512i *)(c + 2 * t148 * n + 4 * t149 * n + itt * n + ji4 + 32 * jo), sum3_g0);
                    _mm512_storeu_si512((__m512i *)(c + 2 * t148 * n + 4 * t149 * n + itt * n + ji4 + 32 * jo + 16), sum3_g1);
                }
                for (; ji4 < t133; ji4 += 16) {
                    const __mmask16 t150 = (__mmask16)ac_first((t133 - ji4), 16);
                    __m512i sum3;
                    sum3 = _mm512_set1_epi32(0);
                    const int64_t t151 = k / 4;
                    for (int64_t k2o4 = 0; k2o4 < t151; ++k2o4) {
                        const int64_t t152 = m % 4;
                        const int64_t t153 = ac_fdiv_i64(t152, 2);
                        const int64_t t154 = m / 4;
                        const __m512i t155 = _mm512_set1_epi32(ac_word_u32(a + 2 * t153 * k + 4 * t154 * k + itt * k + 4 * k2o4));
                        const __m512i t156 = _mm512_maskz_loadu_epi32(t150, b_packed + 4 * ji4 + 128 * k2o4);
                        sum3 = _mm512_dpbusd_epi32(sum3, t155, t156);
                    }
                    const int64_t t157 = k % 4;
                    for (int64_t k2t3 = 0; k2t3 < t157; ++k2t3) {
                        const uint8_t t158 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + 4 * (k / 4) + k2t3];
                        const __m128i t159 = _mm_maskz_loadu_epi8(t150, b + 4 * (k / 4) * n + k2t3 * n + ji4 + 32 * jo);
                        const __m256i t160 = _mm256_mullo_epi16(_mm256_set1_epi16((int16_t)t158), _mm256_cvtepi8_epi16(t159));
                        sum3 = _mm512_add_epi32(sum3, _mm512_cvtepi16_epi32(t160));
                    }
                    const int64_t t161 = m % 4;
                    const int64_t t162 = ac_fdiv_i64(t161, 2);
                    const int64_t t163 = m / 4;
                    _mm512_mask_storeu_epi32(c + 2 * t162 * n + 4 * t163 * n + itt * n + ji4 + 32 * jo, t150, sum3);
                }
            }
        }
    }
    return 0;
}
