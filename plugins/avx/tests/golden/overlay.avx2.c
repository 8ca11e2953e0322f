#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef uint8_t ac_u8x16 __attribute__((vector_size(16)));
typedef int8_t ac_i8x16 __attribute__((vector_size(16)));
typedef int16_t ac_i16x16 __attribute__((vector_size(32)));
typedef uint16_t ac_u16x16 __attribute__((vector_size(32)));

int ac_overlay(const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out, int64_t n) {
    {
        int64_t i = 0;
        for (; i + 31 < n; i += 32) {
            const __m128i t1 = _mm_loadu_si128((const __m128i *)(a + i));
            const __m128i t2 = _mm_loadu_si128((const __m128i *)(a + i + 16));
            const __m256i t3 = _mm256_cvtepu8_epi16(t1);
            const __m256i t4 = _mm256_cvtepu8_epi16(t2);
            const __m256i t5 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(b + i)));
            const __m256i t6 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(b + i + 16)));
            const __m256i t7 = _mm256_mullo_epi16(_mm256_mullo_epi16(_mm256_set1_epi16(2), t3), t5);
            const __m256i t8 = _mm256_mullo_epi16(_mm256_mullo_epi16(_mm256_set1_epi16(2), t4), t6);
            const __m256i t9 = _mm256_mulhi_epu16(t7, _mm256_set1_epi16(32897));
            const __m256i t10 = _mm256_mulhi_epu16(t8, _mm256_set1_epi16(32897));
            const __m256i t11 = _mm256_srli_epi16(t9, 7);
            const __m256i t12 = _mm256_srli_epi16(t10, 7);
            const __m256i t13 = _mm256_mullo_epi16(_mm256_set1_epi16(2), _mm256_sub_epi16(_mm256_set1_epi16(255), t3));
            const __m256i t14 = _mm256_mullo_epi16(_mm256_set1_epi16(2), _mm256_sub_epi16(_mm256_set1_epi16(255), t4));
            const __m256i t15 = _mm256_mullo_epi16(t13, _mm256_sub_epi16(_mm256_set1_epi16(255), t5));
            const __m256i t16 = _mm256_mullo_epi16(t14, _mm256_sub_epi16(_mm256_set1_epi16(255), t6));
            const __m256i t17 = _mm256_mulhi_epu16(t15, _mm256_set1_epi16(32897));
            const __m256i t18 = _mm256_mulhi_epu16(t16, _mm256_set1_epi16(32897));
            const __m256i t19 = _mm256_srli_epi16(t17, 7);
            const __m256i t20 = _mm256_srli_epi16(t18, 7);
            const __m256i t21 = _mm256_blendv_epi8(_mm256_sub_epi16(_mm256_set1_epi16(255), t19), t11, (__m256i)__builtin_convertvector((ac_i8x16)((ac_u8x16)t1 < (ac_u8x16)_mm_set1_epi8(128)), ac_i16x16));
            const __m256i t22 = _mm256_blendv_epi8(_mm256_sub_epi16(_mm256_set1_epi16(255), t20), t12, (__m256i)__builtin_convertvector((ac_i8x16)((ac_u8x16)t2 < (ac_u8x16)_mm_set1_epi8(128)), ac_i16x16));
            _mm_storeu_si128((__m128i *)(out + i), (__m128i)__builtin_convertvector((ac_u16x16)t21, ac_u8x16));
            _mm_storeu_si128((__m128i *)(out + i + 16), (__m128i)__builtin_convertvector((ac_u16x16)t22, ac_u8x16));
        }
        for (; i + 15 < n; i += 16) {
            const __m128i t23 = _mm_loadu_si128((const __m128i *)(a + i));
            const __m256i t24 = _mm256_cvtepu8_epi16(t23);
            const __m256i t25 = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(b + i)));
            const __m256i t26 = _mm256_mullo_epi16(_mm256_mullo_epi16(_mm256_set1_epi16(2), t24), t25);
            const __m256i t27 = _mm256_mulhi_epu16(t26, _mm256_set1_epi16(32897));
            const __m256i t28 = _mm256_srli_epi16(t27, 7);
            const __m256i t29 = _mm256_mullo_epi16(_mm256_set1_epi16(2), _mm256_sub_epi16(_mm256_set1_epi16(255), t24));
            const __m256i t30 = _mm256_mullo_epi16(t29, _mm256_sub_epi16(_mm256_set1_epi16(255), t25));
            const __m256i t31 = _mm256_mulhi_epu16(t30, _mm256_set1_epi16(32897));
            const __m256i t32 = _mm256_srli_epi16(t31, 7);
            const __m256i t33 = _mm256_blendv_epi8(_mm256_sub_epi16(_mm256_set1_epi16(255), t32), t28, (__m256i)__builtin_convertvector((ac_i8x16)((ac_u8x16)t23 < (ac_u8x16)_mm_set1_epi8(128)), ac_i16x16));
            _mm_storeu_si128((__m128i *)(out + i), (__m128i)__builtin_convertvector((ac_u16x16)t33, ac_u8x16));
        }
        for (; i < n; ++i) {
            const uint16_t t34 = (uint16_t)((uint32_t)(2 * (uint16_t)a[i]) * (uint32_t)(uint16_t)b[i]);
            const uint16_t t35 = (uint16_t)((uint32_t)(2 * (255 - (uint16_t)a[i])) * (uint32_t)(255 - (uint16_t)b[i]));
            const uint8_t t36 = (uint8_t)((a[i] < 128) ? (t34 / 255) : (uint16_t)(255 - (t35 / 255)));
            out[i] = t36;
        }
    }
    return 0;
}
