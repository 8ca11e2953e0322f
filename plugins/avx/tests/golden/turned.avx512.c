#include <stdint.h>
#include <math.h>
#include <immintrin.h>

typedef float ac_f32x16 __attribute__((vector_size(64)));

#ifndef AC_HAVE_AC_MIN_I64
#define AC_HAVE_AC_MIN_I64
static inline int64_t ac_min_i64(int64_t a, int64_t b) { return b < a ? b : a; }
#endif

#ifndef AC_HAVE_AC_TURN_F32X16
#define AC_HAVE_AC_TURN_F32X16
static inline __attribute__((always_inline)) void ac_turn_f32x16(__m512 *v) {
    const ac_f32x16 r0 = (ac_f32x16)v[0];
    const ac_f32x16 r1 = (ac_f32x16)v[1];
    const ac_f32x16 r2 = (ac_f32x16)v[2];
    const ac_f32x16 r3 = (ac_f32x16)v[3];
    const ac_f32x16 r4 = (ac_f32x16)v[4];
    const ac_f32x16 r5 = (ac_f32x16)v[5];
    const ac_f32x16 r6 = (ac_f32x16)v[6];
    const ac_f32x16 r7 = (ac_f32x16)v[7];
    const ac_f32x16 r8 = (ac_f32x16)v[8];
    const ac_f32x16 r9 = (ac_f32x16)v[9];
    const ac_f32x16 r10 = (ac_f32x16)v[10];
    const ac_f32x16 r11 = (ac_f32x16)v[11];
    const ac_f32x16 r12 = (ac_f32x16)v[12];
    const ac_f32x16 r13 = (ac_f32x16)v[13];
    const ac_f32x16 r14 = (ac_f32x16)v[14];
    const ac_f32x16 r15 = (ac_f32x16)v[15];
    const ac_f32x16 s8_0 = __builtin_shufflevector(r0, r8, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_8 = __builtin_shufflevector(r0, r8, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_1 = __builtin_shufflevector(r1, r9, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_9 = __builtin_shufflevector(r1, r9, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_2 = __builtin_shufflevector(r2, r10, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_10 = __builtin_shufflevector(r2, r10, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_3 = __builtin_shufflevector(r3, r11, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_11 = __builtin_shufflevector(r3, r11, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_4 = __builtin_shufflevector(r4, r12, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_12 = __builtin_shufflevector(r4, r12, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_5 = __builtin_shufflevector(r5, r13, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_13 = __builtin_shufflevector(r5, r13, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_6 = __builtin_shufflevector(r6, r14, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_14 = __builtin_shufflevector(r6, r14, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s8_7 = __builtin_shufflevector(r7, r15, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const ac_f32x16 s8_15 = __builtin_shufflevector(r7, r15, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const ac_f32x16 s4_0 = __builtin_shufflevector(s8_0, s8_4, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_4 = __builtin_shufflevector(s8_0, s8_4, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_1 = __builtin_shufflevector(s8_1, s8_5, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_5 = __builtin_shufflevector(s8_1, s8_5, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_2 = __builtin_shufflevector(s8_2, s8_6, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_6 = __builtin_shufflevector(s8_2, s8_6, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_3 = __builtin_shufflevector(s8_3, s8_7, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_7 = __builtin_shufflevector(s8_3, s8_7, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_8 = __builtin_shufflevector(s8_8, s8_12, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_12 = __builtin_shufflevector(s8_8, s8_12, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_9 = __builtin_shufflevector(s8_9, s8_13, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_13 = __builtin_shufflevector(s8_9, s8_13, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_10 = __builtin_shufflevector(s8_10, s8_14, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_14 = __builtin_shufflevector(s8_10, s8_14, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s4_11 = __builtin_shufflevector(s8_11, s8_15, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ac_f32x16 s4_15 = __builtin_shufflevector(s8_11, s8_15, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ac_f32x16 s2_0 = __builtin_shufflevector(s4_0, s4_2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_2 = __builtin_shufflevector(s4_0, s4_2, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_1 = __builtin_shufflevector(s4_1, s4_3, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_3 = __builtin_shufflevector(s4_1, s4_3, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_4 = __builtin_shufflevector(s4_4, s4_6, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_6 = __builtin_shufflevector(s4_4, s4_6, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_5 = __builtin_shufflevector(s4_5, s4_7, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_7 = __builtin_shufflevector(s4_5, s4_7, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_8 = __builtin_shufflevector(s4_8, s4_10, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_10 = __builtin_shufflevector(s4_8, s4_10, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_9 = __builtin_shufflevector(s4_9, s4_11, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_11 = __builtin_shufflevector(s4_9, s4_11, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_12 = __builtin_shufflevector(s4_12, s4_14, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_14 = __builtin_shufflevector(s4_12, s4_14, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s2_13 = __builtin_shufflevector(s4_13, s4_15, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    const ac_f32x16 s2_15 = __builtin_shufflevector(s4_13, s4_15, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    const ac_f32x16 s1_0 = __builtin_shufflevector(s2_0, s2_1, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_1 = __builtin_shufflevector(s2_0, s2_1, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_2 = __builtin_shufflevector(s2_2, s2_3, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_3 = __builtin_shufflevector(s2_2, s2_3, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_4 = __builtin_shufflevector(s2_4, s2_5, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_5 = __builtin_shufflevector(s2_4, s2_5, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_6 = __builtin_shufflevector(s2_6, s2_7, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_7 = __builtin_shufflevector(s2_6, s2_7, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_8 = __builtin_shufflevector(s2_8, s2_9, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_9 = __builtin_shufflevector(s2_8, s2_9, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_10 = __builtin_shufflevector(s2_10, s2_11, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_11 = __builtin_shufflevector(s2_10, s2_11, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_12 = __builtin_shufflevector(s2_12, s2_13, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_13 = __builtin_shufflevector(s2_12, s2_13, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    const ac_f32x16 s1_14 = __builtin_shufflevector(s2_14, s2_15, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    const ac_f32x16 s1_15 = __builtin_shufflevector(s2_14, s2_15, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
    v[0] = (__m512)s1_0;
    v[1] = (__m512)s1_1;
    v[2] = (__m512)s1_2;
    v[3] = (__m512)s1_3;
    v[4] = (__m512)s1_4;
    v[5] = (__m512)s1_5;
    v[6] = (__m512)s1_6;
    v[7] = (__m512)s1_7;
    v[8] = (__m512)s1_8;
    v[9] = (__m512)s1_9;
    v[10] = (__m512)s1_10;
    v[11] = (__m512)s1_11;
    v[12] = (__m512)s1_12;
    v[13] = (__m512)s1_13;
    v[14] = (__m512)s1_14;
    v[15] = (__m512)s1_15;
}
#endif

#ifndef AC_HAVE_AC_FIRST
#define AC_HAVE_AC_FIRST
static inline uint64_t ac_first(int64_t n, int lanes) { return n >= lanes ? ~UINT64_C(0) >> (64 - lanes) : n <= 0 ? 0 : (UINT64_C(1) << n) - 1; }
#endif

#ifndef AC_HAVE_AC_STREAM_PS
#define AC_HAVE_AC_STREAM_PS
static inline void ac_stream_ps(float *p, __m512 v) { if ((uintptr_t)p % 64 == 0) _mm512_stream_ps(p, v); else _mm512_storeu_ps(p, v); }
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
                for (; ji2 + 15 < t6; ji2 += 16) {
                    __m512 t7[16];
                    t7[0] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 0 * (n));
                    t7[1] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 1 * (n));
                    t7[2] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 2 * (n));
                    t7[3] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 3 * (n));
                    t7[4] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 4 * (n));
                    t7[5] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 5 * (n));
                    t7[6] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 6 * (n));
                    t7[7] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 7 * (n));
                    t7[8] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 * (n));
                    t7[9] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 9 * (n));
                    t7[10] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 10 * (n));
                    t7[11] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 11 * (n));
                    t7[12] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 12 * (n));
                    t7[13] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 13 * (n));
                    t7[14] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 14 * (n));
                    t7[15] = _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 15 * (n));
                    ac_turn_f32x16(t7);
                    _mm512_storeu_ps(x_packed + ji2, t7[0]);
                    _mm512_storeu_ps(x_packed + ji2 + 32, t7[1]);
                    _mm512_storeu_ps(x_packed + ji2 + 64, t7[2]);
                    _mm512_storeu_ps(x_packed + ji2 + 96, t7[3]);
                    _mm512_storeu_ps(x_packed + ji2 + 128, t7[4]);
                    _mm512_storeu_ps(x_packed + ji2 + 160, t7[5]);
                    _mm512_storeu_ps(x_packed + ji2 + 192, t7[6]);
                    _mm512_storeu_ps(x_packed + ji2 + 224, t7[7]);
                    _mm512_storeu_ps(x_packed + ji2 + 256, t7[8]);
                    _mm512_storeu_ps(x_packed + ji2 + 288, t7[9]);
                    _mm512_storeu_ps(x_packed + ji2 + 320, t7[10]);
                    _mm512_storeu_ps(x_packed + ji2 + 352, t7[11]);
                    _mm512_storeu_ps(x_packed + ji2 + 384, t7[12]);
                    _mm512_storeu_ps(x_packed + ji2 + 416, t7[13]);
                    _mm512_storeu_ps(x_packed + ji2 + 448, t7[14]);
                    _mm512_storeu_ps(x_packed + ji2 + 480, t7[15]);
                }
                if (ji2 < t6) {
                    const __mmask16 t8 = (__mmask16)ac_first((t6 - ji2), 16);
                    __m512 t9[16];
                    t9[0] = (t8 >> 0) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 0 * (n)) : (__m512){0};
                    t9[1] = (t8 >> 1) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 1 * (n)) : (__m512){0};
                    t9[2] = (t8 >> 2) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 2 * (n)) : (__m512){0};
                    t9[3] = (t8 >> 3) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 3 * (n)) : (__m512){0};
                    t9[4] = (t8 >> 4) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 4 * (n)) : (__m512){0};
                    t9[5] = (t8 >> 5) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 5 * (n)) : (__m512){0};
                    t9[6] = (t8 >> 6) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 6 * (n)) : (__m512){0};
                    t9[7] = (t8 >> 7) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 7 * (n)) : (__m512){0};
                    t9[8] = (t8 >> 8) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 8 * (n)) : (__m512){0};
                    t9[9] = (t8 >> 9) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 9 * (n)) : (__m512){0};
                    t9[10] = (t8 >> 10) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 10 * (n)) : (__m512){0};
                    t9[11] = (t8 >> 11) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 11 * (n)) : (__m512){0};
                    t9[12] = (t8 >> 12) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 12 * (n)) : (__m512){0};
                    t9[13] = (t8 >> 13) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 13 * (n)) : (__m512){0};
                    t9[14] = (t8 >> 14) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 14 * (n)) : (__m512){0};
                    t9[15] = (t8 >> 15) & 1 ? _mm512_loadu_ps(x + ji2 * n + 32 * jo * n + 16 * io + 15 * (n)) : (__m512){0};
                    ac_turn_f32x16(t9);
                    _mm512_mask_storeu_ps(x_packed + ji2, t8, t9[0]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 32, t8, t9[1]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 64, t8, t9[2]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 96, t8, t9[3]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 128, t8, t9[4]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 160, t8, t9[5]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 192, t8, t9[6]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 224, t8, t9[7]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 256, t8, t9[8]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 288, t8, t9[9]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 320, t8, t9[10]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 352, t8, t9[11]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 384, t8, t9[12]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 416, t8, t9[13]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 448, t8, t9[14]);
                    _mm512_mask_storeu_ps(x_packed + ji2 + 480, t8, t9[15]);
                }
            }
            for (int64_t ii = 0; ii < 16; ++ii) {
                {
                    const int64_t t10 = jo * 32;
                    const int64_t t11 = m - t10;
                    const int64_t t12 = ac_min_i64(32, t11);
                    int64_t ji = 0;
                    int64_t ji_start = (int64_t)(-(uintptr_t)(out + ii * m + 16 * io * m + ji + 32 * jo) % 64) / 4;
                    if (ji_start > t12) ji_start = t12;
                    if (ji_start) {
                        const __mmask16 t13 = (__mmask16)ac_first((ji_start), 16);
                        _mm512_mask_storeu_ps(out + ii * m + 16 * io * m + ji + 32 * jo, t13, _mm512_maskz_loadu_ps(t13, x_packed + 32 * ii + ji));
                    }
                    ji = ji_start;
                    for (; ji + 15 < t12; ji += 16) {
                        ac_stream_ps(out + ii * m + 16 * io * m + ji + 32 * jo, _mm512_loadu_ps(x_packed + 32 * ii + ji));
                    }
                    if (ji < t12) {
                        const __mmask16 t14 = (__mmask16)ac_first((t12 - ji), 16);
                        _mm512_mask_storeu_ps(out + ii * m + 16 * io * m + ji + 32 * jo, t14, _mm512_maskz_loadu_ps(t14, x_packed + 32 * ii + ji));
                    }
                }
            }
        }
    }
    const int64_t t15 = n % 16;
    for (int64_t it = 0; it < t15; ++it) {
        {
            int64_t j2 = 0;
            const int64_t t16 = n / 16;
            int64_t j2_start = (int64_t)(-(uintptr_t)(out + 16 * t16 * m + it * m + j2) % 64) / 4;
            if (j2_start > m) j2_start = m;
            if (j2_start) {
                const __mmask16 t17 = (__mmask16)ac_first((j2_start), 16);
                float t18[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t18[l] = (t17 >> l & 1) ? x[j2 * n + 16 * (n / 16) + it + l * (n)] : 0;
                __m512 t19;
                __builtin_memcpy(&t19, t18, sizeof t19);
                _mm512_mask_storeu_ps(out + 16 * (n / 16) * m + it * m + j2, t17, t19);
            }
            j2 = j2_start;
            for (; j2 + 15 < m; j2 += 16) {
                float t20[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t20[l] = x[j2 * n + 16 * (n / 16) + it + l * (n)];
                __m512 t21;
                __builtin_memcpy(&t21, t20, sizeof t21);
                ac_stream_ps(out + 16 * (n / 16) * m + it * m + j2, t21);
            }
            if (j2 < m) {
                const __mmask16 t22 = (__mmask16)ac_first((m - j2), 16);
                float t23[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t23[l] = (t22 >> l & 1) ? x[j2 * n + 16 * (n / 16) + it + l * (n)] : 0;
                __m512 t24;
                __builtin_memcpy(&t24, t23, sizeof t24);
                _mm512_mask_storeu_ps(out + 16 * (n / 16) * m + it * m + j2, t22, t24);
            }
        }
    }
    _mm_sfence();
    return 0;
}
