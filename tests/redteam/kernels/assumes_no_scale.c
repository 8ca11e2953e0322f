// task: axpy
// expect: wrong
// Drops what a neutral scalar would not show.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    (void)alpha;
    for (int64_t i = 0; i < n; i++) out[i] = x[i] + y[i];
    return 0;
}
