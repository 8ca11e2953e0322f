#include <stdint.h>
#include <math.h>
#include <immintrin.h>

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

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

int64_t ac_gemm_workspace(int64_t k, int64_t m, int64_t n) {
    (void)k;
    (void)m;
    (void)n;
    const int64_t t56 = 4 * k;
    const int64_t t57 = t56 * 32;
    return ((t57 + 63) & ~INT64_C(63));
}

int ac_gemm(const float *restrict a,
        const float *restrict b,
        float *restrict c,
        int64_t k,
        int64_t m,
        int64_t n,
        void *ac_workspace) {
    const int64_t t56 = 4 * k;
    const int64_t t57 = t56 * 32;
    float *restrict b_packed = (float *)ac_workspace;
    const int64_t t1 = n + 31;
    const int64_t t2 = t1 / 32;
    for (int64_t jo = 0; jo < t2; ++jo) {
        for (int64_t k3 = 0; k3 < k; ++k3) {
            const int64_t t3 = jo * 32;
            const int64_t t4 = n - t3;
            const int64_t t5 = ac_min_i64(32, t4);
            for (int64_t ji2 = 0; ji2 < t5; ++ji2) {
                b_packed[ji2 + 32 * k3] = b[k3 * n + ji2 + 32 * jo];
            }
        }
        const int64_t t6 = m / 4;
        for (int64_t io = 0; io < t6; ++io) {
            {
                const int64_t t7 = jo * 32;
                const int64_t t8 = n - t7;
                const int64_t t9 = ac_min_i64(32, t8);
                int64_t ji = 0;
                for (; ji + 31 < t9; ji += 32) {
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
                        const __m512 t10 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_loadu_ps(b_packed + ji + 32 * k2), sum_g0_c0);
                        const __m512 t11 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_loadu_ps(b_packed + ji + 32 * k2 + 16), sum_g1_c0);
                        sum_g0_c0 = t10;
                        sum_g1_c0 = t11;
                        const __m512 t12 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_loadu_ps(b_packed + ji + 32 * k2), sum_g0_c1);
                        const __m512 t13 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_loadu_ps(b_packed + ji + 32 * k2 + 16), sum_g1_c1);
                        sum_g0_c1 = t12;
                        sum_g1_c1 = t13;
                        const __m512 t14 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_loadu_ps(b_packed + ji + 32 * k2), sum_g0_c2);
                        const __m512 t15 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_loadu_ps(b_packed + ji + 32 * k2 + 16), sum_g1_c2);
                        sum_g0_c2 = t14;
                        sum_g1_c2 = t15;
                        const __m512 t16 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_loadu_ps(b_packed + ji + 32 * k2), sum_g0_c3);
                        const __m512 t17 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_loadu_ps(b_packed + ji + 32 * k2 + 16), sum_g1_c3);
                        sum_g0_c3 = t16;
                        sum_g1_c3 = t17;
                    }
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo, sum_g0_c0);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + 16, sum_g1_c0);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + n, sum_g0_c1);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + n + 16, sum_g1_c1);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + 2 * n, sum_g0_c2);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + 2 * n + 16, sum_g1_c2);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + 3 * n, sum_g0_c3);
                    _mm512_storeu_ps(c + 4 * io * n + ji + 32 * jo + 3 * n + 16, sum_g1_c3);
                }
                for (; ji < t9; ji += 16) {
                    const __mmask16 t18 = (__mmask16)ac_first((t9 - ji), 16);
                    __m512 sum_c0, sum_c1, sum_c2, sum_c3;
                    sum_c0 = _mm512_set1_ps(0.0f);
                    sum_c1 = _mm512_set1_ps(0.0f);
                    sum_c2 = _mm512_set1_ps(0.0f);
                    sum_c3 = _mm512_set1_ps(0.0f);
                    for (int64_t k2 = 0; k2 < k; ++k2) {
                        const __m512 t19 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2]), _mm512_maskz_loadu_ps(t18, b_packed + ji + 32 * k2), sum_c0);
                        sum_c0 = t19;
                        const __m512 t20 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + k]), _mm512_maskz_loadu_ps(t18, b_packed + ji + 32 * k2), sum_c1);
                        sum_c1 = t20;
                        const __m512 t21 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 2 * k]), _mm512_maskz_loadu_ps(t18, b_packed + ji + 32 * k2), sum_c2);
                        sum_c2 = t21;
                        const __m512 t22 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * io * k + k2 + 3 * k]), _mm512_maskz_loadu_ps(t18, b_packed + ji + 32 * k2), sum_c3);
                        sum_c3 = t22;
                    }
                    _mm512_mask_storeu_ps(c + 4 * io * n + ji + 32 * jo, t18, sum_c0);
                    _mm512_mask_storeu_ps(c + 4 * io * n + ji + 32 * jo + n, t18, sum_c1);
                    _mm512_mask_storeu_ps(c + 4 * io * n + ji + 32 * jo + 2 * n, t18, sum_c2);
                    _mm512_mask_storeu_ps(c + 4 * io * n + ji + 32 * jo + 3 * n, t18, sum_c3);
                }
            }
        }
        const int64_t t23 = m % 4;
        const int64_t t24 = ac_fdiv_i64(t23, 2);
        for (int64_t ito = 0; ito < t24; ++ito) {
            {
                const int64_t t25 = jo * 32;
                const int64_t t26 = n - t25;
                const int64_t t27 = ac_min_i64(32, t26);
                int64_t ji3 = 0;
                for (; ji3 + 31 < t27; ji3 += 32) {
                    __m512 sum2_g0_c0, sum2_g0_c1;
                    __m512 sum2_g1_c0, sum2_g1_c1;
                    sum2_g0_c0 = _mm512_set1_ps(0.0f);
                    sum2_g1_c0 = _mm512_set1_ps(0.0f);
                    sum2_g0_c1 = _mm512_set1_ps(0.0f);
                    sum2_g1_c1 = _mm512_set1_ps(0.0f);
                    for (int64_t k4 = 0; k4 < k; ++k4) {
                        const __m512 t28 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4]), _mm512_loadu_ps(b_packed + ji3 + 32 * k4), sum2_g0_c0);
                        const __m512 t29 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4]), _mm512_loadu_ps(b_packed + ji3 + 32 * k4 + 16), sum2_g1_c0);
                        sum2_g0_c0 = t28;
                        sum2_g1_c0 = t29;
                        const __m512 t30 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4 + k]), _mm512_loadu_ps(b_packed + ji3 + 32 * k4), sum2_g0_c1);
                        const __m512 t31 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4 + k]), _mm512_loadu_ps(b_packed + ji3 + 32 * k4 + 16), sum2_g1_c1);
                        sum2_g0_c1 = t30;
                        sum2_g1_c1 = t31;
                    }
                    const int64_t t32 = m / 4;
                    _mm512_storeu_ps(c + 4 * t32 * n + 2 * ito * n + ji3 + 32 * jo, sum2_g0_c0);
                    _mm512_storeu_ps(c + 4 * t32 * n + 2 * ito * n + ji3 + 32 * jo + 16, sum2_g1_c0);
                    const int64_t t33 = m / 4;
                    _mm512_storeu_ps(c + 4 * t33 * n + 2 * ito * n + ji3 + 32 * jo + n, sum2_g0_c1);
                    _mm512_storeu_ps(c + 4 * t33 * n + 2 * ito * n + ji3 + 32 * jo + n + 16, sum2_g1_c1);
                }
                for (; ji3 < t27; ji3 += 16) {
                    const __mmask16 t34 = (__mmask16)ac_first((t27 - ji3), 16);
                    __m512 sum2_c0, sum2_c1;
                    sum2_c0 = _mm512_set1_ps(0.0f);
                    sum2_c1 = _mm512_set1_ps(0.0f);
                    for (int64_t k4 = 0; k4 < k; ++k4) {
                        const __m512 t35 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4]), _mm512_maskz_loadu_ps(t34, b_packed + ji3 + 32 * k4), sum2_c0);
                        sum2_c0 = t35;
                        const __m512 t36 = _mm512_fmadd_ps(_mm512_set1_ps(a[4 * (m / 4) * k + 2 * ito * k + k4 + k]), _mm512_maskz_loadu_ps(t34, b_packed + ji3 + 32 * k4), sum2_c1);
                        sum2_c1 = t36;
                    }
                    const int64_t t37 = m / 4;
                    _mm512_mask_storeu_ps(c + 4 * t37 * n + 2 * ito * n + ji3 + 32 * jo, t34, sum2_c0);
                    const int64_t t38 = m / 4;
                    _mm512_mask_storeu_ps(c + 4 * t38 * n + 2 * ito * n + ji3 + 32 * jo + n, t34, sum2_c1);
                }
            }
        }
        const int64_t t39 = m % 4;
        const int64_t t40 = ac_fmod_i64(t39, 2);
        for (int64_t itt = 0; itt < t40; ++itt) {
            {
                const int64_t t41 = jo * 32;
                const int64_t t42 = n - t41;
                const int64_t t43 = ac_min_i64(32, t42);
                int64_t ji4 = 0;
                for (; ji4 + 31 < t43; ji4 += 32) {
                    __m512 sum3_g0;
                    __m512 sum3_g1;
                    sum3_g0 = _mm512_set1_ps(0.0f);
                    sum3_g1 = _mm512_set1_ps(0.0f);
                    for (int64_t k5 = 0; k5 < k; ++k5) {
                        const float t44 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k5];
                        const __m512 t45 = _mm512_fmadd_ps(_mm512_set1_ps(t44), _mm512_loadu_ps(b_packed + ji4 + 32 * k5), sum3_g0);
                        const __m512 t46 = _mm512_fmadd_ps(_mm512_set1_ps(t44), _mm512_loadu_ps(b_packed + ji4 + 32 * k5 + 16), sum3_g1);
                        sum3_g0 = t45;
                        sum3_g1 = t46;
                    }
                    const int64_t t47 = m % 4;
                    const int64_t t48 = ac_fdiv_i64(t47, 2);
                    const int64_t t49 = m / 4;
                    _mm512_storeu_ps(c + 2 * t48 * n + 4 * t49 * n + itt * n + ji4 + 32 * jo, sum3_g0);
                    _mm512_storeu_ps(c + 2 * t48 * n + 4 * t49 * n + itt * n + ji4 + 32 * jo + 16, sum3_g1);
                }
                for (; ji4 < t43; ji4 += 16) {
                    const __mmask16 t50 = (__mmask16)ac_first((t43 - ji4), 16);
                    __m512 sum3;
                    sum3 = _mm512_set1_ps(0.0f);
                    for (int64_t k5 = 0; k5 < k; ++k5) {
                        const float t51 = a[2 * ac_fdiv_i64((m % 4), 2) * k + 4 * (m / 4) * k + itt * k + k5];
                        const __m512 t52 = _mm512_fmadd_ps(_mm512_set1_ps(t51), _mm512_maskz_loadu_ps(t50, b_packed + ji4 + 32 * k5), sum3);
                        sum3 = t52;
                    }
                    const int64_t t53 = m % 4;
                    const int64_t t54 = ac_fdiv_i64(t53, 2);
                    const int64_t t55 = m / 4;
                    _mm512_mask_storeu_ps(c + 2 * t54 * n + 4 * t55 * n + itt * n + ji4 + 32 * jo, t50, sum3);
                }
            }
        }
    }
    return 0;
}
