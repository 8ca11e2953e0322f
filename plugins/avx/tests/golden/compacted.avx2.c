#include <stdint.h>
#include <math.h>

int ac_compacted(const float *restrict x, float *restrict out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        out[i] = 0.0f;
    }
    int64_t count;
    count = 0;
    /* one by one: no compression of vectors of f32 */
    for (int64_t i2 = 0; i2 < n; ++i2) {
        if ((0 < i2) && (x[i2 - 1] < x[i2])) {
            out[count] = x[i2];
            count = (int64_t)((uint64_t)count + (uint64_t)1);
        }
    }
    return 0;
}
