// task: blend
// expect: wrong
// The rest of the problem is left out.
#include <stdint.h>
int ac_blend(const uint8_t *a, const uint8_t *b, uint8_t *out, int64_t m, int64_t n) {
    (void)m;
    for (int64_t i = 0; i < n; i++) out[i] = (uint8_t)(a[i] * b[i] / 255);
    return 0;
}
