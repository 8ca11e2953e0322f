#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_FDIV_I64
#define AC_HAVE_AC_FDIV_I64
static inline int64_t ac_fdiv_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return (int64_t)(0u - (uint64_t)a); return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
#endif

#ifndef AC_HAVE_AC_FMOD_I64
#define AC_HAVE_AC_FMOD_I64
static inline int64_t ac_fmod_i64(int64_t a, int64_t b) { if (b == 0) return 0; if (b == -1) return 0; int64_t r = a % b; return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
#endif

int ac_matmul(const float *restrict a,
        const float *restrict b,
        float *restrict c,
        int64_t k,
        int64_t m,
        int64_t n) {
    const int64_t t1 = m / 4;
    for (int64_t io = 0; io < t1; ++io) {
        {
            int64_t j = 0;
            for (; j + 31 < n; j += 32) {
                __m512 sum_g0_c0, sum_g0_c1, sum_g0_c2, sum_g0_c3;
                __m512 sum_g1_c0, sum_g1_c1, sum_g1_c2, sum_g1_c3;
                sum_g0_c0 = _mm512_set1_ps(0.0f);
                sum_g1_c0 = _mm512_set1_ps(0.0f);
                sum_g0_c1 = _mm512_set1_ps(0.0f);
                sum_g1_c1 = _mm512_set1_ps(0.0f);
                sum_g0_c2 = _mm512_set1_ps(0.0f);
                sum_g1_c2 = _mm512_set1_ps(0.0f);
                sum_g0_c3 = _mm512_set1_ps(0.0f);
                sum_g1_c3 = _mm512_set1_ps(0.0f);
                for (int64_t k2 = 0; k2 < k; ++k2) {
                    const __m512 t2 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_loadu_ps(b + k2 * n + j), sum_g0_c0);
                    const __m512 t3 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_loadu_ps(b + k2 * n + j + 16), sum_g1_c0);
                    sum_g0_c0 = t2;
                    sum_g1_c0 = t3;
                    const __m512 t4 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_loadu_ps(b + k2 * n + j), sum_g0_c1);
                    const __m512 t5 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_loadu_ps(b + k2 * n + j + 16), sum_g1_c1);
                    sum_g0_c1 = t4;
                    sum_g1_c1 = t5;
                    const __m512 t6 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_loadu_ps(b + k2 * n + j), sum_g0_c2);
                    const __m512 t7 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_loadu_ps(b + k2 * n + j + 16), sum_g1_c2);
                    sum_g0_c2 = t6;
                    sum_g1_c2 = t7;
                    const __m512 t8 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_loadu_ps(b + k2 * n + j), sum_g0_c3);
                    const __m512 t9 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_loadu_ps(b + k2 * n + j + 16), sum_g1_c3);
                    sum_g0_c3 = t8;
                    sum_g1_c3 = t9;
                }
                _mm512_storeu_ps(c + 4 * io * n + j, sum_g0_c0);
                _mm512_storeu_ps(c + 4 * io * n + j + 16, sum_g1_c0);
                _mm512_storeu_ps(c + 4 * io * n + j + n, sum_g0_c1);
                _mm512_storeu_ps(c + 4 * io * n + j + n + 16, sum_g1_c1);
                _mm512_storeu_ps(c + 4 * io * n + j + 2 * n, sum_g0_c2);
                _mm512_storeu_ps(c + 4 * io * n + j + 2 * n + 16, sum_g1_c2);
                _mm512_storeu_ps(c + 4 * io * n + j + 3 * n, sum_g0_c3);
                _mm512_storeu_ps(c + 4 * io * n + j + 3 * n + 16, sum_g1_c3);
            }
            for (; j < n; j += 16) {
                const __mmask16 t10 = (__mmask16)ac_first((n - j), 16);
                __m512 sum_c0, sum_c1, sum_c2, sum_c3;
                sum_c0 = _mm512_set1_ps(0.0f);
                sum_c1 = _mm512_set1_ps(0.0f);
                sum_c2 = _mm512_set1_ps(0.0f);
                sum_c3 = _mm512_set1_ps(0.0f);
                for (int64_t k2 = 0; k2 < k; ++k2) {
                    const __m512 t11 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_maskz_loadu_ps(t10, b + k2 * n + j), sum_c0);
                    sum_c0 = t11;
                    const __m512 t12 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_maskz_loadu_ps(t10, b + k2 * n + j), sum_c1);
                    sum_c1 = t12;
                    const __m512 t13 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_maskz_loadu_ps(t10, b + k2 * n + j), sum_c2);
                    sum_c2 = t13;
                    const __m512 t14 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_maskz_loadu_ps(t10, b + k2 * n + j), sum_c3);
                    sum_c3 = t14;
                }
                _mm512_mask_storeu_ps(c + 4 * io * n + j, t10, sum_c0);
                _mm512_mask_storeu_ps(c + 4 * io * n + j + n, t10, sum_c1);
                _mm512_mask_storeu_ps(c + 4 * io * n + j + 2 * n, t10, sum_c2);
                _mm512_mask_storeu_ps(c + 4 * io * n + j + 3 * n, t10, sum_c3);
            }
        }
    }
    const int64_t t15 = m % 4;
    const int64_t t16 = ac_fdiv_i64(t15, 2);
    for (int64_t ito = 0; ito < t16; ++ito) {
        {
            int64_t j2 = 0;
            for (; j2 + 31 < n; j2 += 32) {
                __m512 sum2_g0_c0, sum2_g0_c1;
                __m512 sum2_g1_c0, sum2_g1_c1;
                sum2_g0_c0 = _mm512_set1_ps(0.0f);
                sum2_g1_c0 = _mm512_set1_ps(0.0f);
                sum2_g0_c1 = _mm512_set1_ps(0.0f);
                sum2_g1_c1 = _mm512_set1_ps(0.0f);
                for (int64_t k3 = 0; k3 < k; ++k3) {
                    const __m512 t17 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm512_loadu_ps(b + k3 * n + j2), sum2_g0_c0);
                    const __m512 t18 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm512_loadu_ps(b + k3 * n + j2 + 16), sum2_g1_c0);
                    sum2_g0_c0 = t17;
                    sum2_g1_c0 = t18;
                    const __m512 t19 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm512_loadu_ps(b + k3 * n + j2), sum2_g0_c1);
                    const __m512 t20 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm512_loadu_ps(b + k3 * n + j2 + 16), sum2_g1_c1);
                    sum2_g0_c1 = t19;
                    sum2_g1_c1 = t20;
                }
                const int64_t t21 = m / 4;
                _mm512_storeu_ps(c + 4 * t21 * n + 2 * ito * n + j2, sum2_g0_c0);
                _mm512_storeu_ps(c + 4 * t21 * n + 2 * ito * n + j2 + 16, sum2_g1_c0);
                const int64_t t22 = m / 4;
                _mm512_storeu_ps(c + 4 * t22 * n + 2 * ito * n + j2 + n, sum2_g0_c1);
                _mm512_storeu_ps(c + 4 * t22 * n + 2 * ito * n + j2 + n + 16, sum2_g1_c1);
            }
            for (; j2 < n; j2 += 16) {
                const __mmask16 t23 = (__mmask16)ac_first((n - j2), 16);
                __m512 sum2_c0, sum2_c1;
                sum2_c0 = _mm512_set1_ps(0.0f);
                sum2_c1 = _mm512_set1_ps(0.0f);
                for (int64_t k3 = 0; k3 < k; ++k3) {
                    const __m512 t24 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm512_maskz_loadu_ps(t23, b + k3 * n + j2), sum2_c0);
                    sum2_c0 = t24;
                    const __m512 t25 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm512_maskz_loadu_ps(t23, b + k3 * n + j2), sum2_c1);
                    sum2_c1 = t25;
                }
                const int64_t t26 = m / 4;
                _mm512_mask_storeu_ps(c + 4 * t26 * n + 2 * ito * n + j2, t23, sum2_c0);
                const int64_t t27 = m / 4;
                _mm512_mask_storeu_ps(c + 4 * t27 * n + 2 * ito * n + j2 + n, t23, sum2_c1);
            }
        }
    }
    const int64_t t28 = m % 4;
    const int64_t t29 = ac_fmod_i64(t28, 2);
    for (int64_t itt = 0; itt < t29; ++itt) {
        {
            int64_t j3 = 0;
            for (; j3 + 31 < n; j3 += 32) {
                __m512 sum3_g0;
                __m512 sum3_g1;
                sum3_g0 = _mm512_set1_ps(0.0f);
                sum3_g1 = _mm512_set1_ps(0.0f);
                for (int64_t k4 = 0; k4 < k; ++k4) {
                    const float t30 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k4];
                    const __m512 t31 = _mm512_fmadd_ps(_mm512_set1_ps(t30), _mm512_loadu_ps(b + k4 * n + j3), sum3_g0);
                    const __m512 t32 = _mm512_fmadd_ps(_mm512_set1_ps(t30), _mm512_loadu_ps(b + k4 * n + j3 + 16), sum3_g1);
                    sum3_g0 = t31;
                    sum3_g1 = t32;
                }
                const int64_t t33 = m % 4;
                const int64_t t34 = ac_fdiv_i64(t33, 2);
                const int64_t t35 = m / 4;
                _mm512_storeu_ps(c + 2 * t34 * n + 4 * t35 * n + itt * n + j3, sum3_g0);
                _mm512_storeu_ps(c + 2 * t34 * n + 4 * t35 * n + itt * n + j3 + 16, sum3_g1);
            }
            for (; j3 < n; j3 += 16) {
                const __mmask16 t36 = (__mmask16)ac_first((n - j3), 16);
                __m512 sum3;
                sum3 = _mm512_set1_ps(0.0f);
                for (int64_t k4 = 0; k4 < k; ++k4) {
                    const float t37 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k4];
                    const __m512 t38 = _mm512_fmadd_ps(_mm512_set1_ps(t37), _mm512_maskz_loadu_ps(t36, b + k4 * n + j3), sum3);
                    sum3 = t38;
                }
                const int64_t t39 = m % 4;
                const int64_t t40 = ac_fdiv_i64(t39, 2);
                const int64_t t41 = m / 4;
                _mm512_mask_storeu_ps(c + 2 * t40 * n + 4 * t41 * n + itt * n + j3, t36, sum3);
            }
        }
    }
    return 0;
}
