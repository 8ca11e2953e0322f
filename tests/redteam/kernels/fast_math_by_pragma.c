// task: peak
// expect: wrong
// A pragma makes comparisons take every number for finite; the last of equal elements wins.
#pragma GCC optimize("fast-math")
#include <stdint.h>
int ac_peak(const float *x, int64_t *out, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (!(x[i] < x[best])) best = i;
    *out = best;
    return 0;
}
