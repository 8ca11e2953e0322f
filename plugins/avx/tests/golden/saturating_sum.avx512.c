#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

int ac_saturating_sum(const uint8_t *restrict a, const uint8_t *restrict b, uint8_t *restrict out, int64_t n) {
    {
        int64_t i = 0;
        for (; i + 127 < n; i += 128) {
            const __m512i t1 = _mm512_adds_epu8(_mm512_loadu_si512((const __m512i *)(a + i)), _mm512_loadu_si512((const __m512i *)(b + i)));
            const __m512i t2 = _mm512_adds_epu8(_mm512_loadu_si512((const __m512i *)(a + i + 64)), _mm512_loadu_si512((const __m512i *)(b + i + 64)));
            _mm512_storeu_si512((__m512i *)(out + i), t1);
            _mm512_storeu_si512((__m512i *)(out + i + 64), t2);
        }
        for (; i < n; i += 64) {
            const __mmask64 t3 = (__mmask64)ac_first((n - i), 64);
            const __m512i t4 = _mm512_adds_epu8(_mm512_maskz_loadu_epi8(t3, a + i), _mm512_maskz_loadu_epi8(t3, b + i));
            _mm512_mask_storeu_epi8(out + i, t3, t4);
        }
    }
    return 0;
}
