// task: axpy
// expect: wrong
// One element in the middle is a little off.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = alpha * x[i] + y[i];
    if (n > 64) out[n / 2] *= 1.001f;
    return 0;
}
