// RMS norm by hand: two passes over a row, four accumulators.
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static inline float horizontal(__m256 v) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

static inline float squares(const float *row, size_t cols) {
    __m256 a = _mm256_setzero_ps(), b = a;
    size_t j = 0;
    for (; j + 16 <= cols; j += 16) {
        const __m256 x = _mm256_loadu_ps(row + j), y = _mm256_loadu_ps(row + j + 8);
        a = _mm256_fmadd_ps(x, x, a);
        b = _mm256_fmadd_ps(y, y, b);
    }
    float total = horizontal(_mm256_add_ps(a, b));
    for (; j < cols; ++j) total += row[j] * row[j];
    return total;
}

/* dst[i][j] = src[i][j] / sqrt(mean of squares + 1e-5) * gain[j] */
void rms_norm(float *restrict dst, const float *restrict src, const float *restrict gain, size_t rows, size_t cols) {
    for (size_t i = 0; i < rows; ++i, dst += cols, src += cols) {
        const float scale = 1.0f / sqrtf(squares(src, cols) / (float)cols + 1e-5f);
        const __m256 all = _mm256_set1_ps(scale);  // one division a row
        size_t j = 0;
        for (; j + 8 <= cols; j += 8)
            _mm256_storeu_ps(dst + j, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(src + j), all), _mm256_loadu_ps(gain + j)));
        for (; j < cols; ++j) dst[j] = src[j] * scale * gain[j];
    }
}
