#include <immintrin.h>
#include <stdint.h>

/* Every sum goes through memory, one element at a time. */
int ac_outer_sums(const float *restrict x, float *restrict y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        volatile float total = 0.0f;
        for (int64_t j = 0; j < n; ++j) {
            const __m128 product = _mm_mul_ss(_mm_load_ss(x + i), _mm_load_ss(x + j));
            total = _mm_cvtss_f32(_mm_add_ss(_mm_set_ss(total), product));
        }
        y[i] = total;
    }
    return 0;
}
