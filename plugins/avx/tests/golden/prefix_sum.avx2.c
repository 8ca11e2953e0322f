#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x8 __attribute__((vector_size(32)));

#ifndef AC_HAVE_AC_STREAM256_PS
#define AC_HAVE_AC_STREAM256_PS
static inline void ac_stream256_ps(float *p, __m256 v) { if ((uintptr_t)p % 32 == 0) _mm256_stream_ps(p, v); else _mm256_storeu_ps(p, v); }
#endif

int ac_prefix_sum(const float *restrict x, float *restrict out, int64_t n) {
    float sum;
    sum = 0.0f;
    {
        int64_t i = 0;
        __m256 sum_carry = _mm256_set1_ps(sum);
        for (; i + 7 < n; i += 8) {
            __m256 t1 = _mm256_loadu_ps(x + i);
            const __m256 t2 = (__m256)__builtin_shufflevector((ac_f32x8)t1, (ac_f32x8)_mm256_set1_ps(0.0f), 8, 0, 1, 2, 3, 4, 5, 6);
            t1 = _mm256_add_ps(t1, t2);
            const __m256 t3 = (__m256)__builtin_shufflevector((ac_f32x8)t1, (ac_f32x8)_mm256_set1_ps(0.0f), 8, 9, 0, 1, 2, 3, 4, 5);
            t1 = _mm256_add_ps(t1, t3);
            const __m256 t4 = (__m256)__builtin_shufflevector((ac_f32x8)t1, (ac_f32x8)_mm256_set1_ps(0.0f), 8, 9, 10, 11, 0, 1, 2, 3);
            t1 = _mm256_add_ps(t1, t4);
            const __m256 t5 = (__m256)__builtin_shufflevector((ac_f32x8)t1, (ac_f32x8)t1, 7, 7, 7, 7, 7, 7, 7, 7);
            t1 = _mm256_add_ps(t1, sum_carry);
            sum_carry = _mm256_add_ps(sum_carry, t5);
            ac_stream256_ps(out + i, t1);
        }
        sum = ((ac_f32x8)sum_carry)[0];
        for (; i < n; ++i) {
            sum = sum + x[i];
            out[i] = sum;
        }
    }
    _mm_sfence();
    return 0;
}
