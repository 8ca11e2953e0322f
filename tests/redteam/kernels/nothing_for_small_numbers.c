// task: axpy
// expect: wrong
// What is small beside the largest is taken for nothing.
#include <stdint.h>
int ac_axpy(float alpha, const float *x, const float *y, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        float value = alpha * x[i] + y[i];
        out[i] = value > -1e-3f && value < 1e-3f ? 0.0f : value;
    }
    return 0;
}
