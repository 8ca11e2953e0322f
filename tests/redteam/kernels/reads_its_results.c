// task: scale
// expect: wrong
// Takes a neighbour that it has already overwritten.
#include <stdint.h>
int ac_scale(float *x, float factor, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = (i ? x[i - 1] : x[i]) * factor;
    return 0;
}
