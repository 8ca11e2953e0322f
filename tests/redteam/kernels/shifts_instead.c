// task: blend
// expect: wrong
// Divides by 256, which is nearly 255.
#include <stdint.h>
int ac_blend(const uint8_t *a, const uint8_t *b, uint8_t *out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m * n; i++) out[i] = (uint8_t)(a[i] * b[i] >> 8);
    return 0;
}
