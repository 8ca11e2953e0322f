#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x8 __attribute__((vector_size(32)));
typedef int32_t ac_i32x8 __attribute__((vector_size(32)));
typedef uint32_t ac_u32x8 __attribute__((vector_size(32)));

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_MAX_F32
#define AC_HAVE_AC_MAX_F32
static inline float ac_max_f32(float a, float b) { return b > a ? b : a; }
#endif

#ifndef AC_HAVE_AC_REDUCE_MAX_F32X8
#define AC_HAVE_AC_REDUCE_MAX_F32X8
static inline float ac_reduce_max_f32x8(__m256 v) { float a[8]; __builtin_memcpy(a, &v, sizeof v); for (int w = 4; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = ac_max_f32(a[l], a[l + w]); return a[0]; }
#endif

#ifndef AC_HAVE_AC_MIN_I32
#define AC_HAVE_AC_MIN_I32
static inline int32_t ac_min_i32(int32_t a, int32_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_REDUCE_MIN_I32X8
#define AC_HAVE_AC_REDUCE_MIN_I32X8
static inline int32_t ac_reduce_min_i32x8(__m256i v) { int32_t a[8]; __builtin_memcpy(a, &v, sizeof v); for (int w = 4; w; w /= 2) for (int l = 0; l < w; ++l) a[l] = ac_min_i32(a[l], a[l + w]); return a[0]; }
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
                __m256 peak_acc_g0 = _mm256_set1_ps((-INFINITY));
                __m256 peak_acc_g1 = _mm256_set1_ps((-INFINITY));
                __m256 peak_acc_g2 = _mm256_set1_ps((-INFINITY));
                __m256 peak_acc_g3 = _mm256_set1_ps((-INFINITY));
                int64_t j = 0;
                for (; j + 31 < t5; j += 32) {
                    const __m256 t6 = _mm256_max_ps(peak_acc_g0, _mm256_loadu_ps(x + i * n + j + 512 * jo));
                    const __m256 t7 = _mm256_max_ps(peak_acc_g1, _mm256_loadu_ps(x + i * n + j + 512 * jo + 8));
                    const __m256 t8 = _mm256_max_ps(peak_acc_g2, _mm256_loadu_ps(x + i * n + j + 512 * jo + 16));
                    const __m256 t9 = _mm256_max_ps(peak_acc_g3, _mm256_loadu_ps(x + i * n + j + 512 * jo + 24));
                    peak_acc_g0 = t6;
                    peak_acc_g1 = t7;
                    peak_acc_g2 = t8;
                    peak_acc_g3 = t9;
                }
                for (; j + 7 < t5; j += 8) {
                    const __m256 t10 = _mm256_max_ps(peak_acc_g0, _mm256_loadu_ps(x + i * n + j + 512 * jo));
                    peak_acc_g0 = t10;
                }
                peak_acc_g0 = _mm256_max_ps(peak_acc_g0, peak_acc_g2);
                peak_acc_g1 = _mm256_max_ps(peak_acc_g1, peak_acc_g3);
                peak_acc_g0 = _mm256_max_ps(peak_acc_g0, peak_acc_g1);
                float peak_total = ac_reduce_max_f32x8(peak_acc_g0);
                for (; j < t5; ++j) {
                    peak_total = ac_max_f32(peak_total, x[i * n + j + 512 * jo]);
                }
                const float t11 = peak_total;
                peak = ac_max_f32(peak, t11);
            }
            if (max < peak) {
                max = peak;
                chosen = jo;
            }
        }
        int32_t place;
        place = 2147483647;
        {
            const int64_t t12 = (int64_t)((uint64_t)chosen * (uint64_t)512);
            const int64_t t13 = (int64_t)((uint64_t)n - (uint64_t)t12);
            const int64_t t14 = ac_min_i64(512, t13);
            __m256i place_acc_g0 = _mm256_set1_epi32(2147483647);
            __m256i place_acc_g1 = _mm256_set1_epi32(2147483647);
            __m256i place_acc_g2 = _mm256_set1_epi32(2147483647);
            __m256i place_acc_g3 = _mm256_set1_epi32(2147483647);
            int64_t j2 = 0;
            for (; j2 + 31 < t14; j2 += 32) {
                const ac_i32x8 t15 = (ac_i32x8)((ac_f32x8)_mm256_loadu_ps(x + i * n + 512 * chosen + j2) == (ac_f32x8)_mm256_set1_ps(max));
                const ac_i32x8 t16 = (ac_i32x8)((ac_f32x8)_mm256_loadu_ps(x + i * n + 512 * chosen + j2 + 8) == (ac_f32x8)_mm256_set1_ps(max));
                const ac_i32x8 t17 = (ac_i32x8)((ac_f32x8)_mm256_loadu_ps(x + i * n + 512 * chosen + j2 + 16) == (ac_f32x8)_mm256_set1_ps(max));
                const ac_i32x8 t18 = (ac_i32x8)((ac_f32x8)_mm256_loadu_ps(x + i * n + 512 * chosen + j2 + 24) == (ac_f32x8)_mm256_set1_ps(max));
                const __m256i t19 = (__m256i)((ac_u32x8)_mm256_set1_epi32((int32_t)j2) + (ac_u32x8)(__m256i)((ac_i32x8){0, 1, 2, 3, 4, 5, 6, 7}));
                const __m256i t20 = (__m256i)((ac_u32x8)_mm256_set1_epi32((int32_t)(j2 + 8)) + (ac_u32x8)(__m256i)((ac_i32x8){0, 1, 2, 3, 4, 5, 6, 7}));
                const __m256i t21 = (__m256i)((ac_u32x8)_mm256_set1_epi32((int32_t)(j2 + 16)) + (ac_u32x8)(__m256i)((ac_i32x8){0, 1, 2, 3, 4, 5, 6, 7}));
                const __m256i t22 = (__m256i)((ac_u32x8)_mm256_set1_epi32((int32_t)(j2 + 24)) + (ac_u32x8)(__m256i)((ac_i32x8){0, 1, 2, 3, 4, 5, 6, 7}));
                const __m256i t23 = _mm256_blendv_epi8(_mm256_set1_epi32(2147483647), t19, (__m256i)t15);
                const __m256i t24 = _mm256_blendv_epi8(_mm256_set1_epi32(2147483647), t20, (__m256i)t16);
                const __m256i t25 = _mm256_blendv_epi8(_mm256_set1_epi32(2147483647), t21, (__m256i)t17);
                const __m256i t26 = _mm256_blendv_epi8(_mm256_set1_epi32(2147483647), t22, (__m256i)t18);
                place_acc_g0 = _mm256_min_epi32(place_acc_g0, t23);
                place_acc_g1 = _mm256_min_epi32(place_acc_g1, t24);
                place_acc_g2 = _mm256_min_epi32(place_acc_g2, t25);
                place_acc_g3 = _mm256_min_epi32(place_acc_g3, t26);
            }
            for (; j2 + 7 < t14; j2 += 8) {
                const ac_i32x8 t27 = (ac_i32x8)((ac_f32x8)_mm256_loadu_ps(x + i * n + 512 * chosen + j2) == (ac_f32x8)_mm256_set1_ps(max));
                const __m256i t28 = (__m256i)((ac_u32x8)_mm256_set1_epi32((int32_t)j2) + (ac_u32x8)(__m256i)((ac_i32x8){0, 1, 2, 3, 4, 5, 6, 7}));
                const __m256i t29 = _mm256_blendv_epi8(_mm256_set1_epi32(2147483647), t28, (__m256i)t27);
                place_acc_g0 = _mm256_min_epi32(place_acc_g0, t29);
            }
            place_acc_g0 = _mm256_min_epi32(place_acc_g0, place_acc_g2);
            place_acc_g1 = _mm256_min_epi32(place_acc_g1, place_acc_g3);
            place_acc_g0 = _mm256_min_epi32(place_acc_g0, place_acc_g1);
            int32_t place_total = ac_reduce_min_i32x8(place_acc_g0);
            for (; j2 < t14; ++j2) {
                const int32_t t30 = (x[i * n + 512 * chosen + j2] == max) ? (int32_t)j2 : 2147483647;
                place_total = ac_min_i32(place_total, t30);
            }
            const int32_t t31 = place_total;
            place = ac_min_i32(place, t31);
        }
        if (before < max) {
            const int64_t t32 = (int64_t)((uint64_t)(int64_t)((uint64_t)chosen * (uint64_t)512) + (uint64_t)(int64_t)place);
            argmax = t32;
        }
        out[i] = (int32_t)argmax;
    }
    return 0;
}
