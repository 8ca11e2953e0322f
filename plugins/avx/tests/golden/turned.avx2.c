#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x8 __attribute__((vector_size(32)));

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

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

int ac_turned(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    const int64_t t1 = m + 31;
    const int64_t t2 = t1 / 32;
    for (int64_t jo = 0; jo < t2; ++jo) {
        const int64_t t3 = n / 16;
        for (int64_t io = 0; io < t3; ++io) {
            float x_packed[512] __attribute__((aligned(64)));
            {
                const int64_t t4 = jo * 32;
                const int64_t t5 = m - t4;
                const int64_t t6 = ac_min_i64(32, t5);
                int64_t ji2 = 0;
                for (; ji2 + 7 < t6; ji2 += 8) {
                    __m256 t7[8];
                    t7[0] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 0 * (n));
                    t7[1] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 1 * (n));
                    t7[2] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 2 * (n));
                    t7[3] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 3 * (n));
                    t7[4] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 4 * (n));
                    t7[5] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 5 * (n));
                    t7[6] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 6 * (n));
                    t7[7] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 7 * (n));
                    ac_turn_f32x8(t7);
                    __m256 t8[8];
                    t8[0] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 0 * (n));
                    t8[1] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 1 * (n));
                    t8[2] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 2 * (n));
                    t8[3] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 3 * (n));
                    t8[4] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 4 * (n));
                    t8[5] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 5 * (n));
                    t8[6] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 6 * (n));
                    t8[7] = _mm256_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 + 7 * (n));
                    ac_turn_f32x8(t8);
                    _mm256_storeu_ps(x_packed + ji2, t7[0]);
                    _mm256_storeu_ps(x_packed + ji2 + 32, t7[1]);
                    _mm256_storeu_ps(x_packed + ji2 + 64, t7[2]);
                    _mm256_storeu_ps(x_packed + ji2 + 96, t7[3]);
                    _mm256_storeu_ps(x_packed + ji2 + 128, t7[4]);
                    _mm256_storeu_ps(x_packed + ji2 + 160, t7[5]);
                    _mm256_storeu_ps(x_packed + ji2 + 192, t7[6]);
                    _mm256_storeu_ps(x_packed + ji2 + 224, t7[7]);
                    _mm256_storeu_ps(x_packed + ji2 + 256, t8[0]);
                    _mm256_storeu_ps(x_packed + ji2 + 288, t8[1]);
                    _mm256_storeu_ps(x_packed + ji2 + 320, t8[2]);
                    _mm256_storeu_ps(x_packed + ji2 + 352, t8[3]);
                    _mm256_storeu_ps(x_packed + ji2 + 384, t8[4]);
                    _mm256_storeu_ps(x_packed + ji2 + 416, t8[5]);
                    _mm256_storeu_ps(x_packed + ji2 + 448, t8[6]);
                    _mm256_storeu_ps(x_packed + ji2 + 480, t8[7]);
                }
                for (; ji2 < t6; ++ji2) {
                    x_packed[ji2] = x[ji2 * n + 32 * jo * n + 16 * io];
                    x_packed[ji2 + 32] = x[ji2 * n + 32 * jo * n + 16 * io + 1];
                    x_packed[ji2 + 64] = x[ji2 * n + 32 * jo * n + 16 * io + 2];
                    x_packed[ji2 + 96] = x[ji2 * n + 32 * jo * n + 16 * io + 3];
                    x_packed[ji2 + 128] = x[ji2 * n + 32 * jo * n + 16 * io + 4];
                    x_packed[ji2 + 160] = x[ji2 * n + 32 * jo * n + 16 * io + 5];
                    x_packed[ji2 + 192] = x[ji2 * n + 32 * jo * n + 16 * io + 6];
                    x_packed[ji2 + 224] = x[ji2 * n + 32 * jo * n + 16 * io + 7];
                    x_packed[ji2 + 256] = x[ji2 * n + 32 * jo * n + 16 * io + 8];
                    x_packed[ji2 + 288] = x[ji2 * n + 32 * jo * n + 16 * io + 9];
                    x_packed[ji2 + 320] = x[ji2 * n + 32 * jo * n + 16 * io + 10];
                    x_packed[ji2 + 352] = x[ji2 * n + 32 * jo * n + 16 * io + 11];
                    x_packed[ji2 + 384] = x[ji2 * n + 32 * jo * n + 16 * io + 12];
                    x_packed[ji2 + 416] = x[ji2 * n + 32 * jo * n + 16 * io + 13];
                    x_packed[ji2 + 448] = x[ji2 * n + 32 * jo * n + 16 * io + 14];
                    x_packed[ji2 + 480] = x[ji2 * n + 32 * jo * n + 16 * io + 15];
                }
            }
            for (int64_t ii = 0; ii < 16; ++ii) {
                {
                    const int64_t t9 = jo * 32;
                    const int64_t t10 = m - t9;
                    const int64_t t11 = ac_min_i64(32, t10);
                    int64_t ji = 0;
                    for (; ji + 7 < t11; ji += 8) {
                        ac_stream256_ps(out + ii * m + 16 * io * m + ji + 32 * jo, _mm256_loadu_ps(x_packed + 32 * ii + ji));
                    }
                    for (; ji < t11; ++ji) {
                        out[ii * m + 16 * io * m + ji + 32 * jo] = x_packed[32 * ii + ji];
                    }
                }
            }
        }
    }
    const int64_t t12 = n % 16;
    for (int64_t it = 0; it < t12; ++it) {
        {
            int64_t j2 = 0;
            for (; j2 + 7 < m; j2 += 8) {
                float t13[sizeof(__m256) / sizeof(float)] = {0};
                for (int l = 0; l < 8; ++l) t13[l] = x[j2 * n + 16 * (n / 16) + it + l * (n)];
                __m256 t14;
                __builtin_memcpy(&t14, t13, sizeof t14);
                ac_stream256_ps(out + 16 * (n / 16) * m + it * m + j2, t14);
            }
            for (; j2 < m; ++j2) {
                out[16 * (n / 16) * m + it * m + j2] = x[j2 * n + 16 * (n / 16) + it];
            }
        }
    }
    _mm_sfence();
    return 0;
}
