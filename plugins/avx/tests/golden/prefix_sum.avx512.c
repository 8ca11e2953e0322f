#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x16 __attribute__((vector_size(64)));

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_STREAM_PS
#define AC_HAVE_AC_STREAM_PS
static inline void ac_stream_ps(float *p, __m512 v) { if ((uintptr_t)p % 64 == 0) _mm512_stream_ps(p, v); else _mm512_storeu_ps(p, v); }
#endif

int ac_prefix_sum(const float *restrict x, float *restrict out, int64_t n) {
    float sum;
    sum = 0.0f;
    {
        int64_t i = 0;
        __m512 sum_carry = _mm512_set1_ps(sum);
        int64_t i_start = (int64_t)(-(uintptr_t)(out + i) % 64) / 4;
        if (i_start > n) i_start = n;
        if (i_start) {
            const __mmask16 t1 = (__mmask16)ac_first((i_start), 16);
            __m512 t2 = _mm512_mask_blend_ps(t1, _mm512_set1_ps(0.0f), _mm512_maskz_loadu_ps(t1, x + i));
            const __m512 t3 = (__m512)__builtin_shufflevector((ac_f32x16)t2, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
            t2 = _mm512_add_ps(t2, t3);
            const __m512 t4 = (__m512)__builtin_shufflevector((ac_f32x16)t2, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
            t2 = _mm512_add_ps(t2, t4);
            const __m512 t5 = (__m512)__builtin_shufflevector((ac_f32x16)t2, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            t2 = _mm512_add_ps(t2, t5);
            const __m512 t6 = (__m512)__builtin_shufflevector((ac_f32x16)t2, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7);
            t2 = _mm512_add_ps(t2, t6);
            const __m512 t7 = (__m512)__builtin_shufflevector((ac_f32x16)t2, (ac_f32x16)t2, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
            t2 = _mm512_add_ps(t2, sum_carry);
            sum_carry = _mm512_add_ps(sum_carry, t7);
            _mm512_mask_storeu_ps(out + i, t1, t2);
        }
        i = i_start;
        for (; i + 15 < n; i += 16) {
            __m512 t8 = _mm512_loadu_ps(x + i);
            const __m512 t9 = (__m512)__builtin_shufflevector((ac_f32x16)t8, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
            t8 = _mm512_add_ps(t8, t9);
            const __m512 t10 = (__m512)__builtin_shufflevector((ac_f32x16)t8, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
            t8 = _mm512_add_ps(t8, t10);
            const __m512 t11 = (__m512)__builtin_shufflevector((ac_f32x16)t8, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            t8 = _mm512_add_ps(t8, t11);
            const __m512 t12 = (__m512)__builtin_shufflevector((ac_f32x16)t8, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7);
            t8 = _mm512_add_ps(t8, t12);
            const __m512 t13 = (__m512)__builtin_shufflevector((ac_f32x16)t8, (ac_f32x16)t8, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
            t8 = _mm512_add_ps(t8, sum_carry);
            sum_carry = _mm512_add_ps(sum_carry, t13);
            ac_stream_ps(out + i, t8);
        }
        if (i < n) {
            const __mmask16 t14 = (__mmask16)ac_first((n - i), 16);
            __m512 t15 = _mm512_mask_blend_ps(t14, _mm512_set1_ps(0.0f), _mm512_maskz_loadu_ps(t14, x + i));
            const __m512 t16 = (__m512)__builtin_shufflevector((ac_f32x16)t15, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
            t15 = _mm512_add_ps(t15, t16);
            const __m512 t17 = (__m512)__builtin_shufflevector((ac_f32x16)t15, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
            t15 = _mm512_add_ps(t15, t17);
            const __m512 t18 = (__m512)__builtin_shufflevector((ac_f32x16)t15, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            t15 = _mm512_add_ps(t15, t18);
            const __m512 t19 = (__m512)__builtin_shufflevector((ac_f32x16)t15, (ac_f32x16)_mm512_set1_ps(0.0f), 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7);
            t15 = _mm512_add_ps(t15, t19);
            const __m512 t20 = (__m512)__builtin_shufflevector((ac_f32x16)t15, (ac_f32x16)t15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15);
            t15 = _mm512_add_ps(t15, sum_carry);
            sum_carry = _mm512_add_ps(sum_carry, t20);
            _mm512_mask_storeu_ps(out + i, t14, t15);
        }
        sum = ((ac_f32x16)sum_carry)[0];
    }
    _mm_sfence();
    return 0;
}
