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

int ac_transpose(const float *restrict x, float *restrict out, int64_t m, int64_t n) {
    const int64_t t1 = n / 8;
    for (int64_t io = 0; io < t1; ++io) {
        {
            int64_t j = 0;
            int64_t j_start = (int64_t)(-(uintptr_t)(out + 8 * io * m + j) % 64) / 4;
            if (j_start > m) j_start = m;
            if (j_start) {
                const __mmask16 t2 = (__mmask16)ac_first((j_start), 16);
                float t3[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t3[l] = (t2 >> l & 1) ? x[j * n + 8 * io + l * (n)] : 0;
                __m512 t4;
                __builtin_memcpy(&t4, t3, sizeof t4);
                _mm512_mask_storeu_ps(out + 8 * io * m + j, t2, t4);
                float t5[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t5[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 1 + l * (n)] : 0;
                __m512 t6;
                __builtin_memcpy(&t6, t5, sizeof t6);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + m, t2, t6);
                float t7[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t7[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 2 + l * (n)] : 0;
                __m512 t8;
                __builtin_memcpy(&t8, t7, sizeof t8);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 2 * m, t2, t8);
                float t9[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t9[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 3 + l * (n)] : 0;
                __m512 t10;
                __builtin_memcpy(&t10, t9, sizeof t10);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 3 * m, t2, t10);
                float t11[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t11[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 4 + l * (n)] : 0;
                __m512 t12;
                __builtin_memcpy(&t12, t11, sizeof t12);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 4 * m, t2, t12);
                float t13[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t13[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 5 + l * (n)] : 0;
                __m512 t14;
                __builtin_memcpy(&t14, t13, sizeof t14);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 5 * m, t2, t14);
                float t15[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t15[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 6 + l * (n)] : 0;
                __m512 t16;
                __builtin_memcpy(&t16, t15, sizeof t16);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 6 * m, t2, t16);
                float t17[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t17[l] = (t2 >> l & 1) ? x[j * n + 8 * io + 7 + l * (n)] : 0;
                __m512 t18;
                __builtin_memcpy(&t18, t17, sizeof t18);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 7 * m, t2, t18);
            }
            j = j_start;
            for (; j + 15 < m; j += 16) {
                float t19[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t19[l] = x[j * n + 8 * io + l * (n)];
                __m512 t20;
                __builtin_memcpy(&t20, t19, sizeof t20);
                ac_stream_ps(out + 8 * io * m + j, t20);
                float t21[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t21[l] = x[j * n + 8 * io + 1 + l * (n)];
                __m512 t22;
                __builtin_memcpy(&t22, t21, sizeof t22);
                ac_stream_ps(out + 8 * io * m + j + m, t22);
                float t23[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t23[l] = x[j * n + 8 * io + 2 + l * (n)];
                __m512 t24;
                __builtin_memcpy(&t24, t23, sizeof t24);
                ac_stream_ps(out + 8 * io * m + j + 2 * m, t24);
                float t25[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t25[l] = x[j * n + 8 * io + 3 + l * (n)];
                __m512 t26;
                __builtin_memcpy(&t26, t25, sizeof t26);
                ac_stream_ps(out + 8 * io * m + j + 3 * m, t26);
                float t27[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t27[l] = x[j * n + 8 * io + 4 + l * (n)];
                __m512 t28;
                __builtin_memcpy(&t28, t27, sizeof t28);
                ac_stream_ps(out + 8 * io * m + j + 4 * m, t28);
                float t29[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t29[l] = x[j * n + 8 * io + 5 + l * (n)];
                __m512 t30;
                __builtin_memcpy(&t30, t29, sizeof t30);
                ac_stream_ps(out + 8 * io * m + j + 5 * m, t30);
                float t31[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t31[l] = x[j * n + 8 * io + 6 + l * (n)];
                __m512 t32;
                __builtin_memcpy(&t32, t31, sizeof t32);
                ac_stream_ps(out + 8 * io * m + j + 6 * m, t32);
                float t33[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t33[l] = x[j * n + 8 * io + 7 + l * (n)];
                __m512 t34;
                __builtin_memcpy(&t34, t33, sizeof t34);
                ac_stream_ps(out + 8 * io * m + j + 7 * m, t34);
            }
            if (j < m) {
                const __mmask16 t35 = (__mmask16)ac_first((m - j), 16);
                float t36[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t36[l] = (t35 >> l & 1) ? x[j * n + 8 * io + l * (n)] : 0;
                __m512 t37;
                __builtin_memcpy(&t37, t36, sizeof t37);
                _mm512_mask_storeu_ps(out + 8 * io * m + j, t35, t37);
                float t38[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t38[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 1 + l * (n)] : 0;
                __m512 t39;
                __builtin_memcpy(&t39, t38, sizeof t39);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + m, t35, t39);
                float t40[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t40[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 2 + l * (n)] : 0;
                __m512 t41;
                __builtin_memcpy(&t41, t40, sizeof t41);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 2 * m, t35, t41);
                float t42[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t42[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 3 + l * (n)] : 0;
                __m512 t43;
                __builtin_memcpy(&t43, t42, sizeof t43);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 3 * m, t35, t43);
                float t44[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t44[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 4 + l * (n)] : 0;
                __m512 t45;
                __builtin_memcpy(&t45, t44, sizeof t45);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 4 * m, t35, t45);
                float t46[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t46[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 5 + l * (n)] : 0;
                __m512 t47;
                __builtin_memcpy(&t47, t46, sizeof t47);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 5 * m, t35, t47);
                float t48[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t48[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 6 + l * (n)] : 0;
                __m512 t49;
                __builtin_memcpy(&t49, t48, sizeof t49);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 6 * m, t35, t49);
                float t50[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t50[l] = (t35 >> l & 1) ? x[j * n + 8 * io + 7 + l * (n)] : 0;
                __m512 t51;
                __builtin_memcpy(&t51, t50, sizeof t51);
                _mm512_mask_storeu_ps(out + 8 * io * m + j + 7 * m, t35, t51);
            }
        }
    }
    const int64_t t52 = n % 8;
    for (int64_t it = 0; it < t52; ++it) {
        {
            int64_t j2 = 0;
            const int64_t t53 = n / 8;
            int64_t j2_start = (int64_t)(-(uintptr_t)(out + 8 * t53 * m + it * m + j2) % 64) / 4;
            if (j2_start > m) j2_start = m;
            if (j2_start) {
                const __mmask16 t54 = (__mmask16)ac_first((j2_start), 16);
                float t55[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t55[l] = (t54 >> l & 1) ? x[j2 * n + 8 * (n / 8) + it + l * (n)] : 0;
                __m512 t56;
                __builtin_memcpy(&t56, t55, sizeof t56);
                _mm512_mask_storeu_ps(out + 8 * (n / 8) * m + it * m + j2, t54, t56);
            }
            j2 = j2_start;
            for (; j2 + 15 < m; j2 += 16) {
                float t57[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t57[l] = x[j2 * n + 8 * (n / 8) + it + l * (n)];
                __m512 t58;
                __builtin_memcpy(&t58, t57, sizeof t58);
                ac_stream_ps(out + 8 * (n / 8) * m + it * m + j2, t58);
            }
            if (j2 < m) {
                const __mmask16 t59 = (__mmask16)ac_first((m - j2), 16);
                float t60[sizeof(__m512) / sizeof(float)] = {0};
                for (int l = 0; l < 16; ++l) t60[l] = (t59 >> l & 1) ? x[j2 * n + 8 * (n / 8) + it + l * (n)] : 0;
                __m512 t61;
                __builtin_memcpy(&t61, t60, sizeof t61);
                _mm512_mask_storeu_ps(out + 8 * (n / 8) * m + it * m + j2, t59, t61);
            }
        }
    }
    _mm_sfence();
    return 0;
}
