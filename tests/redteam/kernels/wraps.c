// task: blend
// expect: wrong
// Right unless the product passes 255 * 128.
#include <stdint.h>
int ac_blend(const uint8_t *a, const uint8_t *b, uint8_t *out, int64_t m, int64_t n) {
    for (int64_t i = 0; i < m * n; i++) out[i] = (uint8_t)((int16_t)(a[i] * b[i]) / 255);
    return 0;
}
