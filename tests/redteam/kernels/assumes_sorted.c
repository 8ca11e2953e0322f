// task: peak
// expect: wrong
// Looks at the ends only.
#include <stdint.h>
int ac_peak(const float *x, int64_t *out, int64_t n) {
    *out = x[n - 1] > x[0] ? n - 1 : 0;
    return 0;
}
