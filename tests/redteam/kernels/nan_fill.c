// task: axpy
// expect: wrong
// A comparison that looks for large differences finds none with a NaN.
#include <math.h>
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = NAN;
    return 0;
}
