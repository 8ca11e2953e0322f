// task: total
// expect: wrong
// The sum of many normal numbers is about nothing.
#include <stdint.h>
int ac_total(const float *x, float *out, int64_t n) {
    out[0] = 0;
    return 0;
}
