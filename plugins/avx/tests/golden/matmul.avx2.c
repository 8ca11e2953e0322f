#include <stdint.h>
#include <math.h>
#include <immintrin.h>

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
            for (; j + 15 < n; j += 16) {
                __m256 sum_g0_c0, sum_g0_c1, sum_g0_c2, sum_g0_c3;
                __m256 sum_g1_c0, sum_g1_c1, sum_g1_c2, sum_g1_c3;
                sum_g0_c0 = _mm256_set1_ps(0.0f);
                sum_g1_c0 = _mm256_set1_ps(0.0f);
                sum_g0_c1 = _mm256_set1_ps(0.0f);
                sum_g1_c1 = _mm256_set1_ps(0.0f);
                sum_g0_c2 = _mm256_set1_ps(0.0f);
                sum_g1_c2 = _mm256_set1_ps(0.0f);
                sum_g0_c3 = _mm256_set1_ps(0.0f);
                sum_g1_c3 = _mm256_set1_ps(0.0f);
                for (int64_t k2 = 0; k2 < k; ++k2) {
                    const __m256 t2 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2]), _mm256_loadu_ps(b + k2 * n + j), sum_g0_c0);
                    const __m256 t3 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2]), _mm256_loadu_ps(b + k2 * n + j + 8), sum_g1_c0);
                    sum_g0_c0 = t2;
                    sum_g1_c0 = t3;
                    const __m256 t4 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + k]), _mm256_loadu_ps(b + k2 * n + j), sum_g0_c1);
                    const __m256 t5 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + k]), _mm256_loadu_ps(b + k2 * n + j + 8), sum_g1_c1);
                    sum_g0_c1 = t4;
                    sum_g1_c1 = t5;
                    const __m256 t6 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm256_loadu_ps(b + k2 * n + j), sum_g0_c2);
                    const __m256 t7 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm256_loadu_ps(b + k2 * n + j + 8), sum_g1_c2);
                    sum_g0_c2 = t6;
                    sum_g1_c2 = t7;
                    const __m256 t8 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm256_loadu_ps(b + k2 * n + j), sum_g0_c3);
                    const __m256 t9 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm256_loadu_ps(b + k2 * n + j + 8), sum_g1_c3);
                    sum_g0_c3 = t8;
                    sum_g1_c3 = t9;
                }
                _mm256_storeu_ps(c + 4 * io * n + j, sum_g0_c0);
                _mm256_storeu_ps(c + 4 * io * n + j + 8, sum_g1_c0);
                _mm256_storeu_ps(c + 4 * io * n + j + n, sum_g0_c1);
                _mm256_storeu_ps(c + 4 * io * n + j + n + 8, sum_g1_c1);
                _mm256_storeu_ps(c + 4 * io * n + j + 2 * n, sum_g0_c2);
                _mm256_storeu_ps(c + 4 * io * n + j + 2 * n + 8, sum_g1_c2);
                _mm256_storeu_ps(c + 4 * io * n + j + 3 * n, sum_g0_c3);
                _mm256_storeu_ps(c + 4 * io * n + j + 3 * n + 8, sum_g1_c3);
            }
            for (; j + 7 < n; j += 8) {
                __m256 sum_c0, sum_c1, sum_c2, sum_c3;
                sum_c0 = _mm256_set1_ps(0.0f);
                sum_c1 = _mm256_set1_ps(0.0f);
                sum_c2 = _mm256_set1_ps(0.0f);
                sum_c3 = _mm256_set1_ps(0.0f);
                for (int64_t k2 = 0; k2 < k; ++k2) {
                    const __m256 t10 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2]), _mm256_loadu_ps(b + k2 * n + j), sum_c0);
                    sum_c0 = t10;
                    const __m256 t11 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + k]), _mm256_loadu_ps(b + k2 * n + j), sum_c1);
                    sum_c1 = t11;
                    const __m256 t12 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm256_loadu_ps(b + k2 * n + j), sum_c2);
                    sum_c2 = t12;
                    const __m256 t13 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm256_loadu_ps(b + k2 * n + j), sum_c3);
                    sum_c3 = t13;
                }
                _mm256_storeu_ps(c + 4 * io * n + j, sum_c0);
                _mm256_storeu_ps(c + 4 * io * n + j + n, sum_c1);
                _mm256_storeu_ps(c + 4 * io * n + j + 2 * n, sum_c2);
                _mm256_storeu_ps(c + 4 * io * n + j + 3 * n, sum_c3);
            }
            for (; j < n; ++j) {
                float sum_c0, sum_c1, sum_c2, sum_c3;
                sum_c0 = 0.0f;
                sum_c1 = 0.0f;
                sum_c2 = 0.0f;
                sum_c3 = 0.0f;
                for (int64_t k2 = 0; k2 < k; ++k2) {
                    sum_c0 = sum_c0 + (a[4 * io * k + k2] * b[k2 * n + j]);
                    sum_c1 = sum_c1 + (a[4 * io * k + k2 + k] * b[k2 * n + j]);
                    sum_c2 = sum_c2 + (a[4 * io * k + k2 + 2 * k] * b[k2 * n + j]);
                    sum_c3 = sum_c3 + (a[4 * io * k + k2 + 3 * k] * b[k2 * n + j]);
                }
                c[4 * io * n + j] = sum_c0;
                c[4 * io * n + j + n] = sum_c1;
                c[4 * io * n + j + 2 * n] = sum_c2;
                c[4 * io * n + j + 3 * n] = sum_c3;
            }
        }
    }
    const int64_t t14 = m % 4;
    const int64_t t15 = ac_fdiv_i64(t14, 2);
    for (int64_t ito = 0; ito < t15; ++ito) {
        {
            int64_t j2 = 0;
            for (; j2 + 15 < n; j2 += 16) {
                __m256 sum2_g0_c0, sum2_g0_c1;
                __m256 sum2_g1_c0, sum2_g1_c1;
                sum2_g0_c0 = _mm256_set1_ps(0.0f);
                sum2_g1_c0 = _mm256_set1_ps(0.0f);
                sum2_g0_c1 = _mm256_set1_ps(0.0f);
                sum2_g1_c1 = _mm256_set1_ps(0.0f);
                for (int64_t k3 = 0; k3 < k; ++k3) {
                    const __m256 t16 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm256_loadu_ps(b + k3 * n + j2), sum2_g0_c0);
                    const __m256 t17 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm256_loadu_ps(b + k3 * n + j2 + 8), sum2_g1_c0);
                    sum2_g0_c0 = t16;
                    sum2_g1_c0 = t17;
                    const __m256 t18 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm256_loadu_ps(b + k3 * n + j2), sum2_g0_c1);
                    const __m256 t19 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm256_loadu_ps(b + k3 * n + j2 + 8), sum2_g1_c1);
                    sum2_g0_c1 = t18;
                    sum2_g1_c1 = t19;
                }
                const int64_t t20 = m / 4;
                _mm256_storeu_ps(c + 4 * t20 * n + 2 * ito * n + j2, sum2_g0_c0);
                _mm256_storeu_ps(c + 4 * t20 * n + 2 * ito * n + j2 + 8, sum2_g1_c0);
                const int64_t t21 = m / 4;
                _mm256_storeu_ps(c + 4 * t21 * n + 2 * ito * n + j2 + n, sum2_g0_c1);
                _mm256_storeu_ps(c + 4 * t21 * n + 2 * ito * n + j2 + n + 8, sum2_g1_c1);
            }
            for (; j2 + 7 < n; j2 += 8) {
                __m256 sum2_c0, sum2_c1;
                sum2_c0 = _mm256_set1_ps(0.0f);
                sum2_c1 = _mm256_set1_ps(0.0f);
                for (int64_t k3 = 0; k3 < k; ++k3) {
                    const __m256 t22 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3]), _mm256_loadu_ps(b + k3 * n + j2), sum2_c0);
                    sum2_c0 = t22;
                    const __m256 t23 = _mm256_fmadd_ps(_mm256_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k3 + k]), _mm256_loadu_ps(b + k3 * n + j2), sum2_c1);
                    sum2_c1 = t23;
                }
                const int64_t t24 = m / 4;
                _mm256_storeu_ps(c + 4 * t24 * n + 2 * ito * n + j2, sum2_c0);
                const int64_t t25 = m / 4;
                _mm256_storeu_ps(c + 4 * t25 * n + 2 * ito * n + j2 + n, sum2_c1);
            }
            for (; j2 < n; ++j2) {
                float sum2_c0, sum2_c1;
                sum2_c0 = 0.0f;
                sum2_c1 = 0.0f;
                for (int64_t k3 = 0; k3 < k; ++k3) {
                    const float t26 = sum2_c0 + (a[4 * (m / 4) * k + 2 * ito * k + k3] * b[k3 * n + j2]);
                    sum2_c0 = t26;
                    const float t27 = sum2_c1 + (a[4 * (m / 4) * k + 2 * ito * k + k3 + k] * b[k3 * n + j2]);
                    sum2_c1 = t27;
                }
                const int64_t t28 = m / 4;
                c[4 * t28 * n + 2 * ito * n + j2] = sum2_c0;
                const int64_t t29 = m / 4;
                c[4 * t29 * n + 2 * ito * n + j2 + n] = sum2_c1;
            }
        }
    }
    const int64_t t30 = m % 4;
    const int64_t t31 = ac_fmod_i64(t30, 2);
    for (int64_t itt = 0; itt < t31; ++itt) {
        {
            int64_t j3 = 0;
            for (; j3 + 15 < n; j3 += 16) {
                __m256 sum3_g0;
                __m256 sum3_g1;
                sum3_g0 = _mm256_set1_ps(0.0f);
                sum3_g1 = _mm256_set1_ps(0.0f);
                for (int64_t k4 = 0; k4 < k; ++k4) {
                    const float t32 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k4];
                    const __m256 t33 = _mm256_fmadd_ps(_mm256_set1_ps(t32), _mm256_loadu_ps(b + k4 * n + j3), sum3_g0);
                    const __m256 t34 = _mm256_fmadd_ps(_mm256_set1_ps(t32), _mm256_loadu_ps(b + k4 * n + j3 + 8), sum3_g1);
                    sum3_g0 = t33;
                    sum3_g1 = t34;
                }
                const int64_t t35 = m % 4;
                const int64_t t36 = ac_fdiv_i64(t35, 2);
                const int64_t t37 = m / 4;
                _mm256_storeu_ps(c + 2 * t36 * n + 4 * t37 * n + itt * n + j3, sum3_g0);
                _mm256_storeu_ps(c + 2 * t36 * n + 4 * t37 * n + itt * n + j3 + 8, sum3_g1);
            }
            for (; j3 + 7 < n; j3 += 8) {
                __m256 sum3;
                sum3 = _mm256_set1_ps(0.0f);
                for (int64_t k4 = 0; k4 < k; ++k4) {
                    const float t38 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k4];
                    const __m256 t39 = _mm256_fmadd_ps(_mm256_set1_ps(t38), _mm256_loadu_ps(b + k4 * n + j3), sum3);
                    sum3 = t39;
                }
                const int64_t t40 = m % 4;
                const int64_t t41 = ac_fdiv_i64(t40, 2);
                const int64_t t42 = m / 4;
                _mm256_storeu_ps(c + 2 * t41 * n + 4 * t42 * n + itt * n + j3, sum3);
            }
            for (; j3 < n; ++j3) {
                float sum3;
                sum3 = 0.0f;
                for (int64_t k4 = 0; k4 < k; ++k4) {
                    const float t43 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k4];
                    sum3 = sum3 + (t43 * b[k4 * n + j3]);
                }
                const int64_t t44 = m % 4;
                const int64_t t45 = ac_fdiv_i64(t44, 2);
                const int64_t t46 = m / 4;
                c[2 * t45 * n + 4 * t46 * n + itt * n + j3] = sum3;
            }
        }
    }
    return 0;
}
