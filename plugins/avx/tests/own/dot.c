#include <immintrin.h>
#define STEP 8

static float finish(__m256 v);

float inner_product(int count, const float *left, const float *right)
{
    __m256 sum = _mm256_setzero_ps();
    int i = 0;
    for (; i + STEP <= count; i += STEP)
        sum = _mm256_fmadd_ps(_mm256_loadu_ps(left + i), _mm256_loadu_ps(right + i), sum);
    float total = finish(sum);
    for (; i < count; ++i)
        total += left[i] * right[i];
    return total;
}

static float finish(__m256 v)
{
    float parts[8], total = 0;
    _mm256_storeu_ps(parts, v);
    for (int p = 0; p < 8; ++p) total += parts[p];
    return total;
}
