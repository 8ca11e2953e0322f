// task: total
// expect: wrong
// Adds in half precision.
#include <stdint.h>
int ac_total(const float *x, float *out, int64_t n) {
    _Float16 sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (_Float16)x[i];
    *out = (float)sum;
    return 0;
}
