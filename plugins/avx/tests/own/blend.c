#include <immintrin.h>
#include <stdint.h>

uint8_t multiply_one(uint8_t a, uint8_t b) { return (uint8_t)(a * b / 255); }

// n / 255 of products of bytes: (n + 1 + (n >> 8)) >> 8
__m256i over_255(__m256i n) {
    return _mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(n, _mm256_set1_epi16(1)), _mm256_srli_epi16(n, 8)), 8);
}

int multiply_blend(const uint8_t *restrict base, const uint8_t *restrict active, uint8_t *restrict out, int64_t n) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(base + i)));
        const __m256i b = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(active + i)));
        const __m256i q = over_255(_mm256_mullo_epi16(a, b));
        const __m128i low = _mm256_castsi256_si128(q), high = _mm256_extracti128_si256(q, 1);
        _mm_storeu_si128((__m128i *)(out + i), _mm_packus_epi16(low, high));
    }
    for (; i < n; ++i) out[i] = multiply_one(base[i], active[i]);
    return 0;
}
