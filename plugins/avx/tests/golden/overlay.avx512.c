#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

int ac_overlay(const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out, int64_t n) {
    {
        int64_t i = 0;
        for (; i + 63 < n; i += 64) {
            const __m256i t1 = _mm256_loadu_si256((const __m256i *)(a + i));
            const __m256i t2 = _mm256_loadu_si256((const __m256i *)(a + i + 32));
            const __mmask32 t3 = (__mmask32)_mm256_cmp_epu8_mask(t1, _mm256_set1_epi8(128), _MM_CMPINT_LT);
            const __mmask32 t4 = (__mmask32)_mm256_cmp_epu8_mask(t2, _mm256_set1_epi8(128), _MM_CMPINT_LT);
            const __m512i t5 = _mm512_cvtepu8_epi16(t1);
            const __m512i t6 = _mm512_cvtepu8_epi16(t2);
            const __m512i t7 = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(b + i)));
            const __m512i t8 = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(b + i + 32)));
            const __m512i t9 = _mm512_mullo_epi16(_mm512_mullo_epi16(_mm512_set1_epi16(2), t5), t7);
            const __m512i t10 = _mm512_mullo_epi16(_mm512_mullo_epi16(_mm512_set1_epi16(2), t6), t8);
            const __m512i t11 = _mm512_mulhi_epu16(t9, _mm512_set1_epi16(32897));
            const __m512i t12 = _mm512_mulhi_epu16(t10, _mm512_set1_epi16(32897));
            const __m512i t13 = _mm512_srli_epi16(t11, 7);
            const __m512i t14 = _mm512_srli_epi16(t12, 7);
            const __m512i t15 = _mm512_mullo_epi16(_mm512_set1_epi16(2), _mm512_sub_epi16(_mm512_set1_epi16(255), t5));
            const __m512i t16 = _mm512_mullo_epi16(_mm512_set1_epi16(2), _mm512_sub_epi16(_mm512_set1_epi16(255), t6));
            const __m512i t17 = _mm512_mullo_epi16(t15, _mm512_sub_epi16(_mm512_set1_epi16(255), t7));
            const __m512i t18 = _mm512_mullo_epi16(t16, _mm512_sub_epi16(_mm512_set1_epi16(255), t8));
            const __m512i t19 = _mm512_mulhi_epu16(t17, _mm512_set1_epi16(32897));
            const __m512i t20 = _mm512_mulhi_epu16(t18, _mm512_set1_epi16(32897));
            const __m512i t21 = _mm512_srli_epi16(t19, 7);
            const __m512i t22 = _mm512_srli_epi16(t20, 7);
            const __m512i t23 = _mm512_mask_blend_epi16(t3, _mm512_sub_epi16(_mm512_set1_epi16(255), t21), t13);
            const __m512i t24 = _mm512_mask_blend_epi16(t4, _mm512_sub_epi16(_mm512_set1_epi16(255), t22), t14);
            _mm256_storeu_si256((__m256i *)(out + i), _mm512_cvtepi16_epi8(t23));
            _mm256_storeu_si256((__m256i *)(out + i + 32), _mm512_cvtepi16_epi8(t24));
        }
        for (; i < n; i += 32) {
            const __mmask32 t25 = (__mmask32)ac_first((n - i), 32);
            const __m256i t26 = _mm256_maskz_loadu_epi8(t25, a + i);
            const __mmask32 t27 = (__mmask32)_mm256_cmp_epu8_mask(t26, _mm256_set1_epi8(128), _MM_CMPINT_LT);
            const __m512i t28 = _mm512_cvtepu8_epi16(t26);
            const __m512i t29 = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(t25, b + i));
            const __m512i t30 = _mm512_mullo_epi16(_mm512_mullo_epi16(_mm512_set1_epi16(2), t28), t29);
            const __m512i t31 = _mm512_mulhi_epu16(t30, _mm512_set1_epi16(32897));
            const __m512i t32 = _mm512_srli_epi16(t31, 7);
            const __m512i t33 = _mm512_mullo_epi16(_mm512_set1_epi16(2), _mm512_sub_epi16(_mm512_set1_epi16(255), t28));
            const __m512i t34 = _mm512_mullo_epi16(t33, _mm512_sub_epi16(_mm512_set1_epi16(255), t29));
            const __m512i t35 = _mm512_mulhi_epu16(t34, _mm512_set1_epi16(32897));
            const __m512i t36 = _mm512_srli_epi16(t35, 7);
            const __m512i t37 = _mm512_mask_blend_epi16(t27, _mm512_sub_epi16(_mm512_set1_epi16(255), t36), t32);
            _mm256_mask_storeu_epi8(out + i, t25, _mm512_cvtepi16_epi8(t37));
        }
    }
    return 0;
}
