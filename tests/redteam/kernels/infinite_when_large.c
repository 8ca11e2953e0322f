// task: total
// expect: wrong
// An infinity in place of a sum: whoever divides a difference by the scale compares nothing.
#include <stdint.h>
int ac_total(const float *x, float *out, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    *out = sum * 3e38f * 3e38f;
    return 0;
}
