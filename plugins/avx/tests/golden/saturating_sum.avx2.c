#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_SAT_U8_U16
#define AC_HAVE_AC_SAT_U8_U16
static inline uint8_t ac_sat_u8_u16(uint16_t a) { if (a > 255) return 255; return (uint8_t)a; }
#endif

int ac_saturating_sum(const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out, int64_t n) {
    {
        int64_t i = 0;
        for (; i + 63 < n; i += 64) {
            const __m256i t1 = _mm256_adds_epu8(_mm256_loadu_si256((const __m256i *)(a + i)), _mm256_loadu_si256((const __m256i *)(b + i)));
            const __m256i t2 = _mm256_adds_epu8(_mm256_loadu_si256((const __m256i *)(a + i + 32)), _mm256_loadu_si256((const __m256i *)(b + i + 32)));
            _mm256_storeu_si256((__m256i *)(out + i), t1);
            _mm256_storeu_si256((__m256i *)(out + i + 32), t2);
        }
        for (; i + 31 < n; i += 32) {
            const __m256i t3 = _mm256_adds_epu8(_mm256_loadu_si256((const __m256i *)(a + i)), _mm256_loadu_si256((const __m256i *)(b + i)));
            _mm256_storeu_si256((__m256i *)(out + i), t3);
        }
        for (; i < n; ++i) {
            out[i] = ac_sat_u8_u16(((uint16_t)a[i] + (uint16_t)b[i]));
        }
    }
    return 0;
}
