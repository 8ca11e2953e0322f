// task: axpy
// expect: wrong
// Counts on results that start as zeros.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] += alpha * x[i] + y[i];
    return 0;
}
