#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef int32_t ac_i32x16 __attribute__((vector_size(64)));
typedef uint32_t ac_u32x16 __attribute__((vector_size(64)));

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_MAX_F32
#define AC_HAVE_AC_MAX_F32
static inline float ac_max_f32(float a, float b) { return b > a ? b : a; }
#endif

#ifndef AC_HAVE_AC_MIN_I32
#define AC_HAVE_AC_MIN_I32
static inline int32_t ac_min_i32(int32_t a, int32_t b) { return b < a ? b : a; }
#endif

int ac_argmax(const float *restrict x, int32_t *restrict out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m; ++i) {
        float max;
        int64_t argmax;
        max = -INFINITY;
        argmax = 0;
        float before;
        before = max;
        int64_t chosen;
        chosen = 0;
        const int64_t t1 = n + 511;
        const int64_t t2 = t1 / 512;
        for (int64_t jo = 0; jo < t2; ++jo) {
            float peak;
            peak = -INFINITY;
            {
                const int64_t t3 = jo * 512;
                const int64_t t4 = n - t3;
                const int64_t t5 = ac_min_i64(512, t4);
                __m512 peak_acc_g0 = _mm512_set1_ps((-INFINITY));
                __m512 peak_acc_g1 = _mm512_set1_ps((-INFINITY));
                __m512 peak_acc_g2 = _mm512_set1_ps((-INFINITY));
                __m512 peak_acc_g3 = _mm512_set1_ps((-INFINITY));
                int64_t j = 0;
                for (; j + 63 < t5; j += 64) {
                    const __m512 t6 = _mm512_max_ps(peak_acc_g0, _mm512_loadu_ps(x + i * n + j + 512 * jo));
                    const __m512 t7 = _mm512_max_ps(peak_acc_g1, _mm512_loadu_ps(x + i * n + j + 512 * jo + 16));
                    const __m512 t8 = _mm512_max_ps(peak_acc_g2, _mm512_loadu_ps(x + i * n + j + 512 * jo + 32));
                    const __m512 t9 = _mm512_max_ps(peak_acc_g3, _mm512_loadu_ps(x + i * n + j + 512 * jo + 48));
                    peak_acc_g0 = t6;
                    peak_acc_g1 = t7;
                    peak_acc_g2 = t8;
                    peak_acc_g3 = t9;
                }
                for (; j < t5; j += 16) {
                    const __mmask16 t10 = (__mmask16)ac_first((t5 - j), 16);
                    const __m512 t11 = _mm512_max_ps(peak_acc_g0, _mm512_maskz_loadu_ps(t10, x + i * n + j + 512 * jo));
                    peak_acc_g0 = _mm512_mask_blend_ps(t10, peak_acc_g0, t11);
                }
                peak_acc_g0 = _mm512_max_ps(peak_acc_g0, peak_acc_g2);
                peak_acc_g1 = _mm512_max_ps(peak_acc_g1, peak_acc_g3);
                peak_acc_g0 = _mm512_max_ps(peak_acc_g0, peak_acc_g1);
                float peak_total = _mm512_reduce_max_ps(peak_acc_g0);
                const float t12 = peak_total;
                peak = ac_max_f32(peak, t12);
            }
            if (max < peak) {
                max = peak;
                chosen = jo;
            }
        }
        int32_t place;
        place = 2147483647;
        {
            const int64_t t13 = (int64_t)((uint64_t)chosen * (uint64_t)512);
            const int64_t t14 = (int64_t)((uint64_t)n - (uint64_t)t13);
            const int64_t t15 = ac_min_i64(512, t14);
            __m512i place_acc_g0 = _mm512_set1_epi32(2147483647);
            __m512i place_acc_g1 = _mm512_set1_epi32(2147483647);
            __m512i place_acc_g2 = _mm512_set1_epi32(2147483647);
            __m512i place_acc_g3 = _mm512_set1_epi32(2147483647);
            int64_t j2 = 0;
            for (; j2 + 63 < t15; j2 += 64) {
                const __mmask16 t16 = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + i * n + 512 * chosen + j2), _mm512_set1_ps(max), _CMP_EQ_OQ);
                const __mmask16 t17 = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + i * n + 512 * chosen + j2 + 16), _mm512_set1_ps(max), _CMP_EQ_OQ);
                const __mmask16 t18 = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + i * n + 512 * chosen + j2 + 32), _mm512_set1_ps(max), _CMP_EQ_OQ);
                const __mmask16 t19 = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + i * n + 512 * chosen + j2 + 48), _mm512_set1_ps(max), _CMP_EQ_OQ);
                const __m512i t20 = (__m512i)((ac_u32x16)_mm512_set1_epi32((int32_t)j2) + (ac_u32x16)(__m512i)((ac_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
                const __m512i t21 = (__m512i)((ac_u32x16)_mm512_set1_epi32((int32_t)(j2 + 16)) + (ac_u32x16)(__m512i)((ac_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
                const __m512i t22 = (__m512i)((ac_u32x16)_mm512_set1_epi32((int32_t)(j2 + 32)) + (ac_u32x16)(__m512i)((ac_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
                const __m512i t23 = (__m512i)((ac_u32x16)_mm512_set1_epi32((int32_t)(j2 + 48)) + (ac_u32x16)(__m512i)((ac_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
                const __m512i t24 = _mm512_mask_blend_epi32(t16, _mm512_set1_epi32(2147483647), t20);
                const __m512i t25 = _mm512_mask_blend_epi32(t17, _mm512_set1_epi32(2147483647), t21);
                const __m512i t26 = _mm512_mask_blend_epi32(t18, _mm512_set1_epi32(2147483647), t22);
                const __m512i t27 = _mm512_mask_blend_epi32(t19, _mm512_set1_epi32(2147483647), t23);
                place_acc_g0 = _mm512_min_epi32(place_acc_g0, t24);
                place_acc_g1 = _mm512_min_epi32(place_acc_g1, t25);
                place_acc_g2 = _mm512_min_epi32(place_acc_g2, t26);
                place_acc_g3 = _mm512_min_epi32(place_acc_g3, t27);
            }
            for (; j2 < t15; j2 += 16) {
                const __mmask16 t28 = (__mmask16)ac_first((t15 - j2), 16);
                const __mmask16 t29 = _mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(t28, x + i * n + 512 * chosen + j2), _mm512_set1_ps(max), _CMP_EQ_OQ);
                const __m512i t30 = (__m512i)((ac_u32x16)_mm512_set1_epi32((int32_t)j2) + (ac_u32x16)(__m512i)((ac_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
                const __m512i t31 = _mm512_mask_blend_epi32(t29, _mm512_set1_epi32(2147483647), t30);
                place_acc_g0 = _mm512_mask_blend_epi32(t28, place_acc_g0, _mm512_min_epi32(place_acc_g0, t31));
            }
            place_acc_g0 = _mm512_min_epi32(place_acc_g0, place_acc_g2);
            place_acc_g1 = _mm512_min_epi32(place_acc_g1, place_acc_g3);
            place_acc_g0 = _mm512_min_epi32(place_acc_g0, place_acc_g1);
            int32_t place_total = _mm512_reduce_min_epi32(place_acc_g0);
            const int32_t t32 = place_total;
            place = ac_min_i32(place, t32);
        }
        if (before < max) {
            const int64_t t33 = (int64_t)((uint64_t)(int64_t)((uint64_t)chosen * (uint64_t)512) + (uint64_t)(int64_t)place);
            argmax = t33;
        }
        out[i] = (int32_t)argmax;
    }
    return 0;
}
