#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

int ac_compacted(const float *restrict x, float *restrict out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        out[i] = 0.0f;
    }
    int64_t count;
    count = 0;
    {
        int64_t i2 = 0;
        for (; i2 + 15 < n; i2 += 16) {
            const __mmask16 t1 = (__mmask16)(~(__mmask16)ac_first((-i2 + 1), 16));
            const __mmask16 t2 = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(t1, x + i2 - 1), _mm512_loadu_ps(x + i2), _CMP_LT_OQ);
            const __mmask16 t3 = (__mmask16)(((__mmask16)(~(__mmask16)ac_first((-i2 + 1), 16)) & t2));
            const int64_t t4 = (int64_t)__builtin_popcountll(t3);
            const __m512 t5 = _mm512_maskz_compress_ps(t3, _mm512_loadu_ps(x + i2));
            _mm512_mask_storeu_ps((out + count), (__mmask16)ac_first(t4, 16), t5);
            count += t4;
        }
        if (i2 < n) {
            const __mmask16 t6 = (__mmask16)ac_first((n - i2), 16);
            const __mmask16 t7 = (__mmask16)((t6 & (__mmask16)(~(__mmask16)ac_first((-i2 + 1), 16))));
            const __mmask16 t8 = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(t7, x + i2 - 1), _mm512_maskz_loadu_ps(t6, x + i2), _CMP_LT_OQ);
            const __mmask16 t9 = (__mmask16)(((__mmask16)(~(__mmask16)ac_first((-i2 + 1), 16)) & t8));
            const __mmask16 t10 = (__mmask16)((t6 & t9));
            const int64_t t11 = (int64_t)__builtin_popcountll(t10);
            const __m512 t12 = _mm512_maskz_compress_ps(t10, _mm512_maskz_loadu_ps(t6, x + i2));
            _mm512_mask_storeu_ps((out + count), (__mmask16)ac_first(t11, 16), t12);
            count += t11;
        }
    }
    return 0;
}
