#include <immintrin.h>
#include <stdint.h>

/* y[i] = x[i] * (x[0] + ... + x[n-1]) */
int ac_outer_sums(const float *restrict x, float *restrict y, int64_t n) {
    __m256 sums = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) sums = _mm256_add_ps(sums, _mm256_loadu_ps(x + i));
    float parts[8], total = 0.0f;
    _mm256_storeu_ps(parts, sums);
    for (int part = 0; part < 8; ++part) total += parts[part];
    for (; i < n; ++i) total += x[i];
    const __m256 all = _mm256_set1_ps(total);
    for (i = 0; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), all));
    for (; i < n; ++i) y[i] = x[i] * total;
    return 0;
}
