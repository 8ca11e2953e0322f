#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_STREAM_PS
#define AC_HAVE_AC_STREAM_PS
static inline void ac_stream_ps(float *p, __m512 v) { if ((uintptr_t)p % 64 == 0) _mm512_stream_ps(p, v); else _mm512_storeu_ps(p, v); }
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
            __m512 sum_acc_g0 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g1 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g2 = _mm512_set1_ps(0.0f);
            __m512 sum_acc_g3 = _mm512_set1_ps(0.0f);
            int64_t j2 = 0;
            for (; j2 + 63 < n; j2 += 64) {
                const __m512 t1 = _mm512_loadu_ps(x + i * n + j2);
                const __m512 t2 = _mm512_loadu_ps(x + i * n + j2 + 16);
                const __m512 t3 = _mm512_loadu_ps(x + i * n + j2 + 32);
                const __m512 t4 = _mm512_loadu_ps(x + i * n + j2 + 48);
                sum_acc_g0 = _mm512_fmadd_ps(t1, t1, sum_acc_g0);
                sum_acc_g1 = _mm512_fmadd_ps(t2, t2, sum_acc_g1);
                sum_acc_g2 = _mm512_fmadd_ps(t3, t3, sum_acc_g2);
                sum_acc_g3 = _mm512_fmadd_ps(t4, t4, sum_acc_g3);
            }
            for (; j2 < n; j2 += 16) {
                const __mmask16 t5 = (__mmask16)ac_first((n - j2), 16);
                const __m512 t6 = _mm512_maskz_loadu_ps(t5, x + i * n + j2);
                sum_acc_g0 = _mm512_mask_blend_ps(t5, sum_acc_g0, _mm512_fmadd_ps(t6, t6, sum_acc_g0));
            }
            sum_acc_g0 = _mm512_add_ps(sum_acc_g0, sum_acc_g2);
            sum_acc_g1 = _mm512_add_ps(sum_acc_g1, sum_acc_g3);
            sum_acc_g0 = _mm512_add_ps(sum_acc_g0, sum_acc_g1);
            float sum_total = _mm512_reduce_add_ps(sum_acc_g0);
            const float t7 = sum_total;
            sum = sum + t7;
        }
        float once;
        once = sqrtf(((sum / (float)n) + eps));
        float inverse;
        inverse = 1.0f / once;
        {
            int64_t j = 0;
            int64_t j_start = (int64_t)(-(uintptr_t)(out + i * n + j) % 64) / 4;
            if (j_start > n) j_start = n;
            if (j_start) {
                const __mmask16 t8 = (__mmask16)ac_first((j_start), 16);
                const __m512 t9 = _mm512_mul_ps(_mm512_maskz_loadu_ps(t8, x + i * n + j), _mm512_set1_ps(inverse));
                _mm512_mask_storeu_ps(out + i * n + j, t8, _mm512_mul_ps(t9, _mm512_maskz_loadu_ps(t8, w + j)));
            }
            j = j_start;
            for (; j + 31 < n; j += 32) {
                const __m512 t10 = _mm512_mul_ps(_mm512_loadu_ps(x + i * n + j), _mm512_set1_ps(inverse));
                const __m512 t11 = _mm512_mul_ps(_mm512_loadu_ps(x + i * n + j + 16), _mm512_set1_ps(inverse));
                ac_stream_ps(out + i * n + j, _mm512_mul_ps(t10, _mm512_loadu_ps(w + j)));
                ac_stream_ps(out + i * n + j + 16, _mm512_mul_ps(t11, _mm512_loadu_ps(w + j + 16)));
            }
            for (; j < n; j += 16) {
                const __mmask16 t12 = (__mmask16)ac_first((n - j), 16);
                const __m512 t13 = _mm512_mul_ps(_mm512_maskz_loadu_ps(t12, x + i * n + j), _mm512_set1_ps(inverse));
                _mm512_mask_storeu_ps(out + i * n + j, t12, _mm512_mul_ps(t13, _mm512_maskz_loadu_ps(t12, w + j)));
            }
        }
    }
    _mm_sfence();
    return 0;
}
