#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_REDUCE_ADD_F32X8
#define AC_HAVE_AC_REDUCE_ADD_F32X8
static inline float ac_reduce_add_f32x8(__m256 v) { float a[8]; __builtin_memcpy(a, &v, sizeof v); for (int w = 4; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = (a[l] + a[l + w]); return a[0]; }
#endif

#ifndef AC_HAVE_AC_STREAM256_PS
#define AC_HAVE_AC_STREAM256_PS
static inline void ac_stream256_ps(float *p, __m256 v) { if ((uintptr_t)p % 32 == 0) _mm256_stream_ps(p, v); else _mm256_storeu_ps(p, v); }
#endif

int ac_rmsnorm(const float *restrict x,
        const float *restrict w,
        float eps,
        float *restrict out,
        int64_t m,
        int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
        float sum;
        sum = 0.0f;
        {
            __m256 sum_acc_g0 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g1 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g2 = _mm256_set1_ps(0.0f);
            __m256 sum_acc_g3 = _mm256_set1_ps(0.0f);
            int64_t j2 = 0;
            for (; j2 + 31 < n; j2 += 32) {
                const __m256 t1 = _mm256_loadu_ps(x + i * n + j2);
                const __m256 t2 = _mm256_loadu_ps(x + i * n + j2 + 8);
                const __m256 t3 = _mm256_loadu_ps(x + i * n + j2 + 16);
                const __m256 t4 = _mm256_loadu_ps(x + i * n + j2 + 24);
                sum_acc_g0 = _mm256_fmadd_ps(t1, t1, sum_acc_g0);
                sum_acc_g1 = _mm256_fmadd_ps(t2, t2, sum_acc_g1);
                sum_acc_g2 = _mm256_fmadd_ps(t3, t3, sum_acc_g2);
                sum_acc_g3 = _mm256_fmadd_ps(t4, t4, sum_acc_g3);
            }
            for (; j2 + 7 < n; j2 += 8) {
                const __m256 t5 = _mm256_loadu_ps(x + i * n + j2);
                sum_acc_g0 = _mm256_fmadd_ps(t5, t5, sum_acc_g0);
            }
            sum_acc_g0 = _mm256_add_ps(sum_acc_g0, sum_acc_g2);
            sum_acc_g1 = _mm256_add_ps(sum_acc_g1, sum_acc_g3);
            sum_acc_g0 = _mm256_add_ps(sum_acc_g0, sum_acc_g1);
            float sum_total = ac_reduce_add_f32x8(sum_acc_g0);
            for (; j2 < n; ++j2) {
                sum_total = sum_total + (x[i * n + j2] * x[i * n + j2]);
            }
            const float t6 = sum_total;
            sum = sum + t6;
        }
        float once;
        once = sqrtf(((sum / (float)n) + eps));
        float inverse;
        inverse = 1.0f / once;
        {
            int64_t j = 0;
            for (; j + 15 < n; j += 16) {
                const __m256 t7 = _mm256_mul_ps(_mm256_loadu_ps(x + i * n + j), _mm256_set1_ps(inverse));
                const __m256 t8 = _mm256_mul_ps(_mm256_loadu_ps(x + i * n + j + 8), _mm256_set1_ps(inverse));
                ac_stream256_ps(out + i * n + j, _mm256_mul_ps(t7, _mm256_loadu_ps(w + j)));
                ac_stream256_ps(out + i * n + j + 8, _mm256_mul_ps(t8, _mm256_loadu_ps(w + j + 8)));
            }
            for (; j + 7 < n; j += 8) {
                const __m256 t9 = _mm256_mul_ps(_mm256_loadu_ps(x + i * n + j), _mm256_set1_ps(inverse));
                ac_stream256_ps(out + i * n + j, _mm256_mul_ps(t9, _mm256_loadu_ps(w + j)));
            }
            for (; j < n; ++j) {
                out[i * n + j] = (x[i * n + j] * inverse) * w[j];
            }
        }
    }
    _mm_sfence();
    return 0;
}
