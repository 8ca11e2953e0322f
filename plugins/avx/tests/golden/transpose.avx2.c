#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x8 __attribute__((vector_size(32)));

#ifndef AC_HAVE_AC_TURN_F32X8
#define AC_HAVE_AC_TURN_F32X8
static inline __attribute__((always_inline)) void ac_turn_f32x8(__m256 *v) {
    const ac_f32x8 r0 = (ac_f32x8)v[0];
    const ac_f32x8 r1 = (ac_f32x8)v[1];
    const ac_f32x8 r2 = (ac_f32x8)v[2];
    const ac_f32x8 r3 = (ac_f32x8)v[3];
    const ac_f32x8 r4 = (ac_f32x8)v[4];
    const ac_f32x8 r5 = (ac_f32x8)v[5];
    const ac_f32x8 r6 = (ac_f32x8)v[6];
    const ac_f32x8 r7 = (ac_f32x8)v[7];
    const ac_f32x8 s4_0 = __builtin_shufflevector(r0, r4, 0, 1, 2, 3, 8, 9, 10, 11);
    const ac_f32x8 s4_4 = __builtin_shufflevector(r0, r4, 4, 5, 6, 7, 12, 13, 14, 15);
    const ac_f32x8 s4_1 = __builtin_shufflevector(r1, r5, 0, 1, 2, 3, 8, 9, 10, 11);
    const ac_f32x8 s4_5 = __builtin_shufflevector(r1, r5, 4, 5, 6, 7, 12, 13, 14, 15);
    const ac_f32x8 s4_2 = __builtin_shufflevector(r2, r6, 0, 1, 2, 3, 8, 9, 10, 11);
    const ac_f32x8 s4_6 = __builtin_shufflevector(r2, r6, 4, 5, 6, 7, 12, 13, 14, 15);
    const ac_f32x8 s4_3 = __builtin_shufflevector(r3, r7, 0, 1, 2, 3, 8, 9, 10, 11);
    const ac_f32x8 s4_7 = __builtin_shufflevector(r3, r7, 4, 5, 6, 7, 12, 13, 14, 15);
    const ac_f32x8 s2_0 = __builtin_shufflevector(s4_0, s4_2, 0, 1, 8, 9, 4, 5, 12, 13);
    const ac_f32x8 s2_2 = __builtin_shufflevector(s4_0, s4_2, 2, 3, 10, 11, 6, 7, 14, 15);
    const ac_f32x8 s2_1 = __builtin_shufflevector(s4_1, s4_3, 0, 1, 8, 9, 4, 5, 12, 13);
    const ac_f32x8 s2_3 = __builtin_shufflevector(s4_1, s4_3, 2, 3, 10, 11, 6, 7, 14, 15);
    const ac_f32x8 s2_4 = __builtin_shufflevector(s4_4, s4_6, 0, 1, 8, 9, 4, 5, 12, 13);
    const ac_f32x8 s2_6 = __builtin_shufflevector(s4_4, s4_6, 2, 3, 10, 11, 6, 7, 14, 15);
    const ac_f32x8 s2_5 = __builtin_shufflevector(s4_5, s4_7, 0, 1, 8, 9, 4, 5, 12, 13);
    const ac_f32x8 s2_7 = __builtin_shufflevector(s4_5, s4_7, 2, 3, 10, 11, 6, 7, 14, 15);
    const ac_f32x8 s1_0 = __builtin_shufflevector(s2_0, s2_1, 0, 8, 2, 10, 4, 12, 6, 14);
    const ac_f32x8 s1_1 = __builtin_shufflevector(s2_0, s2_1, 1, 9, 3, 11, 5, 13, 7, 15);
    const ac_f32x8 s1_2 = __builtin_shufflevector(s2_2, s2_3, 0, 8, 2, 10, 4, 12, 6, 14);
    const ac_f32x8 s1_3 = __builtin_shufflevector(s2_2, s2_3, 1, 9, 3, 11, 5, 13, 7, 15);
    const ac_f32x8 s1_4 = __builtin_shufflevector(s2_4, s2_5, 0, 8, 2, 10, 4, 12, 6, 14);
    const ac_f32x8 s1_5 = __builtin_shufflevector(s2_4, s2_5, 1, 9, 3, 11, 5, 13, 7, 15);
    const ac_f32x8 s1_6 = __builtin_shufflevector(s2_6, s2_7, 0, 8, 2, 10, 4, 12, 6, 14);
    const ac_f32x8 s1_7 = __builtin_shufflevector(s2_6, s2_7, 1, 9, 3, 11, 5, 13, 7, 15);
    v[0] = (__m256)s1_0;
    v[1] = (__m256)s1_1;
    v[2] = (__m256)s1_2;
    v[3] = (__m256)s1_3;
    v[4] = (__m256)s1_4;
    v[5] = (__m256)s1_5;
    v[6] = (__m256)s1_6;
    v[7] = (__m256)s1_7;
}
#endif

#ifndef AC_HAVE_AC_STREAM256_PS
#define AC_HAVE_AC_STREAM256_PS
static inline void ac_stream256_ps(float *p, __m256 v) { if ((uintptr_t)p % 32 == 0) _mm256_stream_ps(p, v); else _mm256_storeu_ps(p, v); }
#endif

int ac_transpose(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    const int64_t t1 = n / 8;
    for (int64_t io = 0; io < t1; ++io) {
        {
            int64_t j = 0;
            for (; j + 7 < m; j += 8) {
                __m256 t2[8];
                t2[0] = _mm256_loadu_ps(x + j * n + 8 * io + 0 * (n));
                t2[1] = _mm256_loadu_ps(x + j * n + 8 * io + 1 * (n));
                t2[2] = _mm256_loadu_ps(x + j * n + 8 * io + 2 * (n));
                t2[3] = _mm256_loadu_ps(x + j * n + 8 * io + 3 * (n));
                t2[4] = _mm256_loadu_ps(x + j * n + 8 * io + 4 * (n));
                t2[5] = _mm256_loadu_ps(x + j * n + 8 * io + 5 * (n));
                t2[6] = _mm256_loadu_ps(x + j * n + 8 * io + 6 * (n));
                t2[7] = _mm256_loadu_ps(x + j * n + 8 * io + 7 * (n));
                ac_turn_f32x8(t2);
                ac_stream256_ps(out + 8 * io * m + j, t2[0]);
                ac_stream256_ps(out + 8 * io * m + j + m, t2[1]);
                ac_stream256_ps(out + 8 * io * m + j + 2 * m, t2[2]);
                ac_stream256_ps(out + 8 * io * m + j + 3 * m, t2[3]);
                ac_stream256_ps(out + 8 * io * m + j + 4 * m, t2[4]);
                ac_stream256_ps(out + 8 * io * m + j + 5 * m, t2[5]);
                ac_stream256_ps(out + 8 * io * m + j + 6 * m, t2[6]);
                ac_stream256_ps(out + 8 * io * m + j + 7 * m, t2[7]);
            }
            for (; j < m; ++j) {
                out[8 * io * m + j] = x[j * n + 8 * io];
                out[8 * io * m + j + m] = x[j * n + 8 * io + 1];
                out[8 * io * m + j + 2 * m] = x[j * n + 8 * io + 2];
                out[8 * io * m + j + 3 * m] = x[j * n + 8 * io + 3];
                out[8 * io * m + j + 4 * m] = x[j * n + 8 * io + 4];
                out[8 * io * m + j + 5 * m] = x[j * n + 8 * io + 5];
                out[8 * io * m + j + 6 * m] = x[j * n + 8 * io + 6];
                out[8 * io * m + j + 7 * m] = x[j * n + 8 * io + 7];
            }
        }
    }
    const int64_t t3 = n % 8;
    for (int64_t it = 0; it < t3; ++it) {
        {
            int64_t j2 = 0;
            for (; j2 + 7 < m; j2 += 8) {
                float t4[sizeof(__m256) / sizeof(float)] = {0};
                for (int l = 0; l < 8; ++l) t4[l] = x[j2 * n + 8 * (n / 8) + it + l * (n)];
                __m256 t5;
                __builtin_memcpy(&t5, t4, sizeof t5);
                ac_stream256_ps(out + 8 * (n / 8) * m + it * m + j2, t5);
            }
            for (; j2 < m; ++j2) {
                out[8 * (n / 8) * m + it * m + j2] = x[j2 * n + 8 * (n / 8) + it];
            }
        }
    }
    _mm_sfence();
    return 0;
}
